package schema

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/go-sql-driver/mysql"
)

// Table is where applied files are recorded, in the database they are applied to.
const Table = "preflight_schema"

// createTable needs no privilege but CREATE; later versions can't count on ALTER. The collation tells capitals apart, as file
// names do.
const createTable = `CREATE TABLE IF NOT EXISTS ` + Table + ` (
	file VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL PRIMARY KEY,
	sha256 CHAR(64) NOT NULL,
	statements INT NOT NULL,
	applied INT NOT NULL,
	started_at DATETIME NOT NULL,
	finished_at DATETIME NULL)`

// lock is the name of the lock a runner holds; it counts for the whole server. The server drops it with the connection, so a
// runner that dies leaves none behind.
const lock = "apim_preflight_schema"

// errNoTable is the server's error number for a table that isn't there.
const errNoTable = 1146

// ErrNone says that no file was ever applied.
var ErrNone = errors.New("no schema has been applied to this database: did the schema job run?")

// Options is how files are applied.
type Options struct {
	// Again allows to apply a file from its start that an earlier run began and didn't finish.
	Again bool
	// LockWait is how long to wait for another runner.
	LockWait time.Duration
	// Say tells what is done.
	Say func(format string, args ...any)
}

// Apply applies the files that aren't applied yet, in their order, one runner at a time. Each gets a connection of its own, so
// that what it sets for its session ends with it. A file that was begun earlier and not finished, or changed, or taken away after
// it was applied is an error, and then none is applied.
func Apply(ctx context.Context, db *sql.DB, files []File, o Options) error {
	// A connection that was given back is never handed out again.
	db.SetMaxIdleConns(-1)
	// One connection holds the lock and keeps the records: if it is lost, so is the right to go on.
	keeper, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer keeper.Close()
	if err := acquire(ctx, keeper, o); err != nil {
		return err
	}
	// The lock goes with the connection; released here it doesn't wait for that. The context may be over.
	defer keeper.ExecContext(context.WithoutCancel(ctx), "DO RELEASE_LOCK(?)", lock) //nolint:errcheck
	if _, err := keeper.ExecContext(ctx, createTable); err != nil {
		return fmt.Errorf("the table %s can't be created: %w", Table, err)
	}
	records, err := Records(ctx, keeper)
	if err != nil {
		return err
	}
	todo, err := pending(files, records, o.Again)
	if err != nil {
		return err
	}
	for _, file := range todo {
		if err := apply(ctx, db, keeper, file); err != nil {
			return err
		}
		o.Say("%s: %d statements applied", file.Name, len(file.Statements))
	}
	o.Say("the schema is in place: %d files, %d of them new, fingerprint %s", len(files), len(todo), Fingerprint(files))
	return nil
}

// acquire takes the lock, waiting for another runner if there is one.
func acquire(ctx context.Context, keeper *sql.Conn, o Options) error {
	for deadline, told := time.Now().Add(o.LockWait), false; ; told = true {
		var got sql.NullInt64
		// The server waits for up to a second.
		if err := keeper.QueryRowContext(ctx, "SELECT GET_LOCK(?, 1)", lock).Scan(&got); err != nil {
			return fmt.Errorf("the lock %s can't be taken: %w", lock, err)
		}
		switch {
		case got.Int64 == 1:
			return nil
		case !got.Valid:
			return fmt.Errorf("the server failed to take the lock %s", lock)
		case time.Now().After(deadline):
			return fmt.Errorf("another runner has held the lock %s for %s: see SHOW PROCESSLIST on the server, and run again",
				lock, o.LockWait)
		case !told:
			o.Say("another runner is at work; waiting for it")
		}
	}
}

// apply runs a file's statements on a new connection.
func apply(ctx context.Context, db *sql.DB, keeper *sql.Conn, file File) error {
	if _, err := keeper.ExecContext(ctx, `REPLACE INTO `+Table+` (file, sha256, statements, applied, started_at)
		VALUES (?, ?, ?, 0, UTC_TIMESTAMP())`, file.Name, file.SHA256, len(file.Statements)); err != nil {
		return fmt.Errorf("%s can't be recorded: %w", file.Name, err)
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", file.Name, err)
	}
	defer conn.Close()
	for i, statement := range file.Statements {
		if _, err := conn.ExecContext(ctx, statement.Text); err != nil {
			return fmt.Errorf("%s, line %d, statement %d of %d: %w; the %d before it are applied",
				file.Name, statement.Line, i+1, len(file.Statements), err, i)
		}
		if _, err := keeper.ExecContext(ctx, `UPDATE `+Table+` SET applied = ? WHERE file = ?`, i+1, file.Name); err != nil {
			return fmt.Errorf("%s: statement %d of %d is applied, but can't be recorded: %w", file.Name, i+1, len(file.Statements), err)
		}
	}
	if _, err := keeper.ExecContext(ctx, `UPDATE `+Table+` SET finished_at = UTC_TIMESTAMP() WHERE file = ?`, file.Name); err != nil {
		return fmt.Errorf("%s is applied, but can't be recorded: %w", file.Name, err)
	}
	return nil
}

// Querier is a connection, a pool or a transaction.
type Querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Records returns what is recorded, in the order of the names; nothing, without an error, where no run ever got that far.
func Records(ctx context.Context, q Querier) ([]Record, error) {
	rows, err := q.QueryContext(ctx, `SELECT file, sha256, statements, applied, finished_at IS NOT NULL FROM `+Table+` ORDER BY file`)
	var refused *mysql.MySQLError
	if errors.As(err, &refused) && refused.Number == errNoTable {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s can't be read: %w", Table, err)
	}
	defer rows.Close()
	var records []Record
	for rows.Next() {
		var r Record
		if err := rows.Scan(&r.Name, &r.SHA256, &r.Total, &r.Applied, &r.Finished); err != nil {
			return nil, err
		}
		records = append(records, r)
	}
	return records, rows.Err()
}

// Current is the fingerprint of the schema a database has. ErrNone if there is none; an error if a file is only half applied.
func Current(ctx context.Context, q Querier) (string, error) {
	records, err := Records(ctx, q)
	if err != nil {
		return "", err
	}
	if len(records) == 0 {
		return "", ErrNone
	}
	var files []File
	for _, r := range records {
		if !r.Finished {
			return "", fmt.Errorf("%s is applied up to statement %d of %d: is the schema job still at work, or did it fail?",
				r.Name, r.Applied, r.Total)
		}
		files = append(files, r.File)
	}
	return Fingerprint(files), nil
}
