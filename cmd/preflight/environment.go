package main

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"

	"apim-azure/internal/preflight"
)

// environment reads variables and collects what is wrong with them.
type environment struct {
	getenv   func(string) string
	problems []error
	// secrets are pairs of a password and what to print in its place.
	secrets []string
}

func (e *environment) refuse(format string, args ...any) {
	e.problems = append(e.problems, fmt.Errorf(format, args...))
}

// need is a variable that has to be set.
func (e *environment) need(name string) string {
	value := e.getenv(name)
	if value == "" {
		e.refuse("%s is not set", name)
	}
	return value
}

// secret is a password, from the variable or from the file that NAME_FILE names. A line's end after it, which editors leave
// behind, is not part of it.
func (e *environment) secret(name string) string {
	value := e.getenv(name)
	if file := e.getenv(name + "_FILE"); value == "" && file != "" {
		content, err := os.ReadFile(file)
		if err != nil {
			e.refuse("%s_FILE: %w", name, err)
			return ""
		}
		value = strings.TrimRight(string(content), "\r\n")
	}
	if value == "" {
		e.refuse("neither %s nor %s_FILE gives a password", name, name)
		return ""
	}
	e.secrets = append(e.secrets, value, "***")
	return value
}

// port is a port number, or the usual one where the variable is not set.
func (e *environment) port(name string, usual int) int {
	value := e.getenv(name)
	if value == "" {
		return usual
	}
	port, err := strconv.Atoi(value)
	if err != nil || port < 1 || port > 65535 {
		e.refuse("%s: %q is not a port, 1 to 65535", name, value)
	}
	return port
}

// mysql is the metrics database.
func (e *environment) mysql(ca string) preflight.MySQL {
	var m preflight.MySQL
	if address := e.need("METRICS_DB_URL"); address != "" {
		var err error
		if m, err = preflight.ParseJDBC(address); err != nil {
			e.refuse("METRICS_DB_URL %w", err)
		}
	}
	m.User, m.Password, m.CA = e.need("METRICS_DB_USERNAME"), e.secret("METRICS_DB_PASS"), ca
	return m
}

var fingerprint = regexp.MustCompile(`^[0-9a-f]{64}$`)

func isFingerprint(text string) bool { return fingerprint.MatchString(text) }
