package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"apim-azure/internal/preflight"
)

// order is what the arguments and the environment ask for.
type order struct {
	checks []preflight.Check
	limits preflight.Limits
	// folder is what schema applies; empty for wait.
	folder string
	again  bool
	mysql  preflight.MySQL
	// redact takes the passwords out of a text.
	redact *strings.Replacer
}

// The commands.
const (
	wait  = "wait"
	apply = "schema"
)

// flags are the values of the command line.
type flags struct {
	limits                          preflight.Limits
	cassandraNodes, cassandraLeast  int
	cassandraTLS                    bool
	cassandraCerts                  string
	mysqlCA, schema                 string
	anm, anmName, anmCA             string
	manager, managerName, managerCA string
	again                           bool
}

// set declares the flags of a command.
func (f *flags) set(command string) *flag.FlagSet {
	set := flag.NewFlagSet(command, flag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.DurationVar(&f.limits.Deadline, "deadline", 10*time.Minute, "how long to wait in all")
	set.DurationVar(&f.limits.Try, "timeout", 10*time.Second, "how long one try of a check may take")
	set.DurationVar(&f.limits.Pause, "pause", 3*time.Second, "how long to pause between tries")
	set.StringVar(&f.mysqlCA, "mysql-ca", "", "PEM `file` with the authorities to trust for MySQL; the image's own without it")
	if command == apply {
		set.BoolVar(&f.again, "again", false,
			"apply a file that was interrupted from its start: right if its statements may all run twice")
		return set
	}
	set.StringVar(&f.schema, "schema", "", "`version` of the metrics schema: its fingerprint, or any")
	set.IntVar(&f.cassandraNodes, "cassandra-nodes", 3, "addresses CASS_HOST has to have")
	set.IntVar(&f.cassandraLeast, "cassandra-least", 0, "nodes that have to answer; all without it")
	set.BoolVar(&f.cassandraTLS, "cassandra-tls", true, "speak TLS to Cassandra, with the client certificate of --cassandra-certs")
	set.StringVar(&f.cassandraCerts, "cassandra-certs", "", "`folder` with ca.crt, tls.crt and tls.key")
	for _, s := range []struct {
		name            string
		url, server, ca *string
	}{{"anm", &f.anm, &f.anmName, &f.anmCA}, {"manager", &f.manager, &f.managerName, &f.managerCA}} {
		set.StringVar(s.url, s.name, "", "`URL` to get, https only; 200 to 399 is well")
		set.StringVar(s.server, s.name+"-name", "", "`name` its certificate has to be for; the URL's host without it")
		set.StringVar(s.ca, s.name+"-ca", "", "PEM `file` with the authorities to trust for it; the image's own without it")
	}
	return set
}

// parse reads arguments and environment. All problems are reported at once; the order's redact is usable in any case.
func parse(args []string, getenv func(string) string) (order, error) {
	o := order{redact: strings.NewReplacer()}
	if len(args) == 0 || (args[0] != wait && args[0] != apply) {
		return o, errors.New("the first argument is wait, schema or help")
	}
	var f flags
	set := f.set(args[0])
	if err := set.Parse(args[1:]); err != nil {
		return o, fmt.Errorf("%s: %w", args[0], err)
	}
	o.limits, o.again = f.limits, f.again
	env := environment{getenv: getenv}
	if f.limits.Deadline < 0 || f.limits.Try <= 0 || f.limits.Pause < 0 {
		env.refuse("--deadline and --pause can't be negative, --timeout has to be positive")
	}
	if args[0] == wait {
		o.wait(f, set.Args(), &env)
	} else {
		o.schema(f, set.Args(), &env)
	}
	o.redact = strings.NewReplacer(env.secrets...)
	return o, errors.Join(env.problems...)
}

// wait makes the checks that are asked for, in that order.
func (o *order) wait(f flags, names []string, env *environment) {
	if len(names) == 0 {
		env.refuse("wait: for what? Name cassandra, mysql, anm or manager, behind the flags")
	}
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			env.refuse("%s is named twice", name)
			continue
		}
		switch name {
		case "cassandra":
			o.checks = append(o.checks, f.cassandra(env).Check(name))
		case "mysql":
			if f.schema != "" && f.schema != preflight.AnySchema && !isFingerprint(f.schema) {
				env.refuse("--schema=%s is neither any nor a fingerprint of 64 hexadecimal digits", f.schema)
			}
			o.checks = append(o.checks, env.mysql(f.mysqlCA).Check(name, f.schema))
		case "anm":
			for _, address := range f.anmURLs(env) {
				o.checks = append(o.checks, web(env, "--anm", address, f.anmName, f.anmCA).Check(name))
			}
		case "manager":
			o.checks = append(o.checks, web(env, "--manager", f.manager, f.managerName, f.managerCA).Check(name))
		default:
			env.refuse("%q is no check; there are cassandra, mysql, anm and manager", name)
		}
	}
}

// schema waits for the login only, then applies the folder.
func (o *order) schema(f flags, args []string, env *environment) {
	if len(args) != 1 {
		env.refuse("schema takes one folder of .sql files, behind the flags")
	} else {
		o.folder = args[0]
	}
	o.mysql = env.mysql(f.mysqlCA)
	o.checks = []preflight.Check{o.mysql.Check("mysql", "")}
}

// cassandra is the cluster the environment names. The certificates are in a folder the pod mounts for its own use anyway.
func (f flags) cassandra(env *environment) preflight.Cassandra {
	c := preflight.Cassandra{
		Host: env.need("CASS_HOST"), Port: env.port("CASS_PORT", 9042), Nodes: f.cassandraNodes, Least: f.cassandraLeast,
		Keyspaces: []string{env.need("CASS_KEYSPACE"), env.need("CASS_TKEYSPACE")},
		User:      env.need("CASS_USERNAME"), Password: env.secret("CASS_PASS"),
	}
	if c.Least == 0 {
		c.Least = c.Nodes
	}
	if c.Least < 1 || c.Least > c.Nodes {
		env.refuse("--cassandra-least=%d is not between 1 and --cassandra-nodes=%d", f.cassandraLeast, f.cassandraNodes)
	}
	if f.cassandraTLS {
		c.TLS = f.cassandraCerts
		if c.TLS == "" {
			env.refuse("--cassandra-certs is missing; if the nodes don't speak TLS, say --cassandra-tls=false")
		}
	}
	return c
}

// anmURLs are the addresses the gateways register at: the login page of each, unless another address is given.
func (f flags) anmURLs(env *environment) (urls []string) {
	if f.anm != "" {
		return []string{f.anm}
	}
	for host := range strings.SplitSeq(env.need("EMT_ANM_HOSTS"), ",") {
		urls = append(urls, "https://"+strings.TrimSpace(host)+"/login")
	}
	return urls
}

func web(env *environment, name, address, server, ca string) preflight.HTTPS {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.Host == "" {
		env.refuse("%s: %q is not https://HOST:PORT/PATH", name, address)
	}
	return preflight.HTTPS{URL: address, ServerName: server, CA: ca}
}
