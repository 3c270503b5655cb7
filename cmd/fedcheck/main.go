// Command fedcheck says whether a gateway configuration keeps the platform's contract, before an image is built from it or used:
//
//	fedcheck --role gateway --host api.domainname.tld --host api-manager.domainname.tld default.fed apigateway/
//	fedcheck --role anm anm.pol anm-prod.env
//
// It takes a .fed package or a pair of .pol and .env, and a merge directory, and prints a table of requirement, finding and
// place. It exits with 1 if a requirement fails, and with 2 if it could not check.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"apim-azure/internal/fed"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr, time.Now())) }

// The exit codes.
const (
	passed  = 0
	failed  = 1
	unknown = 2
)

func run(args []string, out, errors io.Writer, now time.Time) int {
	options := fed.Options{Now: now}
	flags := flag.NewFlagSet("fedcheck", flag.ContinueOnError)
	flags.SetOutput(errors)
	role := flags.String("role", string(fed.Gateway), "what the configuration is for: gateway or anm")
	flags.BoolVar(&options.CassandraTLS, "cassandra-tls", true, "the Cassandra nodes speak TLS")
	asJSON := flags.Bool("json", false, "report as JSON")
	flags.Func("host", "a `name` the listeners' certificates must cover; may be repeated", func(host string) error {
		options.Hosts = append(options.Hosts, host)
		return nil
	})
	flags.Func("extra-port", "a further `port` the group publishes; may be repeated", func(text string) error {
		port, err := strconv.Atoi(text)
		options.ExtraPorts = append(options.ExtraPorts, port)
		return err
	})
	flags.Usage = func() {
		fmt.Fprintln(errors, "usage: fedcheck [flags] FILE.fed|FILE.pol FILE.env [MERGE-DIRECTORY]")
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return unknown
	}
	options.Role = fed.Role(*role)
	report, err := fed.Check(flags.Args(), options)
	if err == nil && *asJSON {
		err = report.WriteJSON(out)
	} else if err == nil {
		err = report.WriteTable(out)
	}
	switch {
	case err != nil:
		fmt.Fprintln(errors, "fedcheck:", err)
		return unknown
	case report.Fails():
		return failed
	default:
		return passed
	}
}
