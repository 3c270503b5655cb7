// Command preflight runs in the cluster: as init container it waits for what a pod needs and says what is missing, as job it
// applies the product's SQL to the metrics database. See `preflight help`.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"apim-azure/internal/preflight"
	"apim-azure/internal/preflight/schema"
)

const help = `preflight waits for what a pod needs, or applies SQL to the metrics database.

  preflight wait [flags] CHECK...   CHECK is cassandra, mysql, anm or manager
  preflight schema [flags] FOLDER   applies FOLDER/*.sql in the order of their names, each once

Environment, named as in Axway's images:
  CASS_HOST, CASS_PORT, CASS_KEYSPACE, CASS_TKEYSPACE, CASS_USERNAME, CASS_PASS   for cassandra
  METRICS_DB_URL, METRICS_DB_USERNAME, METRICS_DB_PASS                            for mysql and schema
  EMT_ANM_HOSTS                                                                   for anm, unless --anm is given
A password may be in a file instead: CASS_PASS_FILE, METRICS_DB_PASS_FILE.

It ends with 0 when all is well, 1 when something is missing or failed, 2 when it was asked the wrong thing.
`

// Exit codes.
const (
	failed   = 1
	misasked = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Getenv, os.Stderr))
}

// run does what the arguments say and returns the exit code. Nothing it writes holds a password.
func run(ctx context.Context, args []string, getenv func(string) string, output io.Writer) int {
	if len(args) == 1 && slices.Contains([]string{"help", "--help", "-h"}, args[0]) {
		explain(output)
		return 0
	}
	order, err := parse(args, getenv)
	say := func(format string, args ...any) {
		fmt.Fprintln(output, order.redact.Replace(fmt.Sprintf(format, args...)))
	}
	if err != nil {
		say("preflight: %v\n\nSee `preflight help`.", err)
		return misasked
	}
	if err := order.do(ctx, say); err != nil {
		say("preflight: %v", err)
		return failed
	}
	return 0
}

// explain writes the help with every flag.
func explain(output io.Writer) {
	fmt.Fprint(output, help)
	for _, command := range []string{wait, apply} {
		fmt.Fprintf(output, "\nFlags of %s:\n", command)
		set := new(flags).set(command)
		set.SetOutput(output)
		set.PrintDefaults()
	}
}

// do waits, and then applies the SQL if there is any.
func (o order) do(ctx context.Context, say func(format string, args ...any)) error {
	if o.folder == "" {
		return preflight.Wait(ctx, o.checks, o.limits, say)
	}
	// Before the wait: there is none in vain for a folder that can't be used.
	files, err := schema.Read(o.folder)
	if err != nil {
		return err
	}
	if err := preflight.Wait(ctx, o.checks, o.limits, say); err != nil {
		return err
	}
	db, err := o.mysql.Open()
	if err != nil {
		return err
	}
	defer db.Close()
	err = schema.Apply(ctx, db, files, schema.Options{Again: o.again, LockWait: o.limits.Deadline, Say: say})
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("stopped: %w", err)
	}
	return err
}
