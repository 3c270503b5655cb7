package preflight

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/go-sql-driver/mysql"

	"apim-azure/internal/preflight/schema"
)

// AnySchema asks for a schema, whichever it is.
const AnySchema = "any"

// MySQL is a database on a MySQL server.
type MySQL struct {
	// Host is the name the server's certificate has to be for.
	Host string
	Port string
	// Database is the database's name.
	Database string
	// User and Password are the login.
	User, Password string
	// CA is a PEM file with the authorities to trust; empty: those of the system.
	CA string
}

// mysqlPort is the port of a JDBC address that names none.
const mysqlPort = "3306"

// ParseJDBC reads a JDBC address as the product's images are given it: jdbc:mysql://HOST:PORT/DATABASE?sslMode=VERIFY_IDENTITY.
// Any other sslMode is an error: the pods would talk to whoever answers. Errors don't repeat the address, it may hold a password.
func ParseJDBC(address string) (MySQL, error) {
	u, err := url.Parse(strings.TrimPrefix(address, "jdbc:"))
	if err != nil || u.Scheme != "mysql" || u.Hostname() == "" || !strings.HasPrefix(address, "jdbc:") {
		return MySQL{}, errors.New("is not jdbc:mysql://HOST:PORT/DATABASE?sslMode=VERIFY_IDENTITY")
	}
	m := MySQL{Host: u.Hostname(), Port: u.Port(), Database: strings.TrimPrefix(u.Path, "/")}
	if m.Port == "" {
		m.Port = mysqlPort
	}
	if m.Database == "" {
		return MySQL{}, errors.New("names no database: put its name behind HOST:PORT/")
	}
	if mode := u.Query().Get("sslMode"); mode != "VERIFY_IDENTITY" {
		return MySQL{}, fmt.Errorf("has sslMode %q: the metrics database is opened with sslMode=VERIFY_IDENTITY only", mode)
	}
	return m, nil
}

// Open returns a pool of connections that verify the server's identity. It makes none yet; an error is about the CA file.
func (m MySQL) Open() (*sql.DB, error) {
	config := mysql.NewConfig()
	config.Net, config.Addr = "tcp", net.JoinHostPort(m.Host, m.Port)
	config.User, config.Passwd, config.DBName = m.User, m.Password, m.Database
	// What it logs comes back as an error too.
	config.Logger = &mysql.NopLogger{}
	var err error
	if config.TLS, err = trusting(m.Host, m.CA); err != nil {
		return nil, err
	}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector), nil
}

// Check succeeds if the server takes the login, the database is there and has the schema: "" for none, AnySchema, or a
// fingerprint (schema.Fingerprint).
func (m MySQL) Check(name, wanted string) Check {
	return Check{name, func(ctx context.Context) (string, error) {
		db, err := m.Open()
		if err != nil {
			return "", err
		}
		defer db.Close()
		var version string
		if err := db.QueryRowContext(ctx, "SELECT VERSION()").Scan(&version); err != nil {
			return "", fmt.Errorf("%s: %s", m.Host, m.reason(err))
		}
		if wanted == "" {
			return fmt.Sprintf("%s (%s) takes the login of %s", m.Host, version, m.User), nil
		}
		current, err := schema.Current(ctx, db)
		if err != nil {
			return "", fmt.Errorf("database %s: %s", m.Database, m.reason(err))
		}
		if wanted != AnySchema && wanted != current {
			return "", fmt.Errorf("database %s has schema %.12s, %.12s is needed: did the schema job run with the same files?",
				m.Database, current, wanted)
		}
		return fmt.Sprintf("%s (%s) takes the login of %s, schema %.12s", m.Host, version, m.User, current), nil
	}}
}

// Error numbers of MySQL servers.
const (
	errDatabaseDenied = 1044
	errLoginDenied    = 1045
	errNoDatabase     = 1049
)

// reason adds what to do about a refused login. Of the server's own text it leaves out the client's address, which is that of the
// pod or its node.
func (m MySQL) reason(err error) string {
	var refused *mysql.MySQLError
	if !errors.As(err, &refused) {
		return reason(err)
	}
	switch refused.Number {
	case errLoginDenied:
		return fmt.Sprintf("it refuses the login of %s: was the users step run, and with the password of the secret?", m.User)
	case errNoDatabase, errDatabaseDenied:
		return fmt.Sprintf("there is no database %s, or %s may not use it: was the users step run?", m.Database, m.User)
	default:
		return refused.Error()
	}
}
