package mysql

import (
	"embed"
	"fmt"
	"regexp"
	"strings"
	"text/template"
)

//go:embed templates
var files embed.FS

var templates = template.Must(template.New("").Option("missingkey=error").ParseFS(files, "templates/*"))

// AdminPasswordVariable is the environment variable the users script takes the administrator's password from.
const AdminPasswordVariable = "MYSQL_ADMIN_PASSWORD"

// User is a user of the metrics database.
type User struct {
	// Component is the component that logs in as this user: anm, ui or gateway.
	Component string
	// Name is the login.
	Name string
	// Grants are the user's privileges on the metrics database, and its only ones.
	Grants []string
	// PasswordVariable is the environment variable the users script takes the password from.
	PasswordVariable string
}

// Users are the metrics users, one per component, so that one can be changed or locked without the others. All read and write
// rows. Admin Node Manager, which owns the schema, may also create its tables, with the keys between them.
func Users() []User {
	rows := []string{"SELECT", "INSERT", "UPDATE", "DELETE"}
	schema := append(append([]string{}, rows...), "CREATE", "INDEX", "REFERENCES")
	return []User{
		{"anm", "metrics_anm", schema, "METRICS_ANM_PASSWORD"},
		{"ui", "metrics_ui", rows, "METRICS_UI_PASSWORD"},
		{"gateway", "metrics_gateway", rows, "METRICS_GATEWAY_PASSWORD"},
	}
}

var hostRule = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]*$`)

// UsersScript renders the script that creates the users, or sets their passwords and grants again. Secrets come as environment
// variables and reach the server through a file only root can read, never on a command line. Passwords are letters and digits.
// It adds grants and never takes one away. It fails on a host or an administrator that doesn't fit between quotes.
func UsersScript(host, admin string) (string, error) {
	if !hostRule.MatchString(host) {
		return "", fmt.Errorf("mysql: %q is not a host name", host)
	}
	if !loginRule.MatchString(admin) {
		return "", fmt.Errorf("mysql.adminLogin: %q: letters, digits and underscores, a letter first", admin)
	}
	users := Users()
	variables := []string{AdminPasswordVariable}
	for _, u := range users {
		variables = append(variables, u.PasswordVariable)
	}
	var b strings.Builder
	err := templates.ExecuteTemplate(&b, "users.sh", map[string]any{
		"Host": host, "Port": Port, "Admin": admin, "AdminVariable": AdminPasswordVariable,
		"Variables": strings.Join(variables, " "), "Database": Database, "Users": users,
	})
	return b.String(), err
}

// GrantList is the user's privileges as SQL writes them.
func (u User) GrantList() string { return strings.Join(u.Grants, ", ") }
