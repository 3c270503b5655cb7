package fed

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"apim-azure/workloads/plan"
)

// Role is what the image made of the configuration runs.
type Role string

// API Manager UI and the gateways of a group share one image, and so one configuration.
const (
	ANM     Role = "anm"
	Gateway Role = "gateway"
)

// Options are what the check depends on besides the files.
type Options struct {
	// Role is what the configuration is for.
	Role Role
	// Hosts are names the listeners' certificates must cover, such as api.domainname.tld. Empty: names aren't compared.
	Hosts []string
	// ExtraPorts are further listeners the group publishes: 8443, 8080, 8081, 8089.
	ExtraPorts []int
	// CassandraTLS says whether the Cassandra nodes speak TLS, as the reference asks, or clear text.
	CassandraTLS bool
	// Now is the time certificates are judged at.
	Now time.Time
}

func (o Options) validate() error {
	var errs []error
	if o.Role != ANM && o.Role != Gateway {
		errs = append(errs, fmt.Errorf("role %q: must be %s or %s", o.Role, ANM, Gateway))
	}
	if o.Role == ANM && len(o.ExtraPorts) > 0 {
		errs = append(errs, errors.New("extra ports: only gateways publish further listeners"))
	}
	if _, err := plan.ExtraPorts("extra ports", o.ExtraPorts); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// Check reads the files, which are a .fed package, or a .pol and an .env package, and at most one merge directory, in any order,
// and reports on every requirement. An error means that there was nothing to report on: a file is missing or no package.
func Check(paths []string, o Options) (Report, error) {
	if err := o.validate(); err != nil {
		return Report{}, err
	}
	archives, merge, err := classify(paths)
	if err != nil {
		return Report{}, err
	}
	c := &checker{options: o, report: Report{Role: o.Role, Files: paths}, properties: defaultProperties(o.Role)}
	if merge != "" {
		if err := c.mergeDirectory(merge); err != nil {
			return Report{}, err
		}
	}
	if len(archives) == 0 {
		return c.report, nil
	}
	if err := c.packages(archives); err != nil {
		return Report{}, err
	}
	return c.report, nil
}

// classify tells packages from the merge directory, and asks for both halves of a pair.
func classify(paths []string) (archives []string, merge string, err error) {
	extensions := map[string]int{}
	for _, p := range paths {
		info, err := os.Stat(p)
		switch {
		case err != nil:
			return nil, "", err
		case !info.IsDir():
			archives = append(archives, p)
			extensions[strings.ToLower(filepath.Ext(p))]++
		case merge != "":
			return nil, "", fmt.Errorf("%s and %s: an image is built with one merge directory", merge, p)
		default:
			merge = p
		}
	}
	switch {
	case len(paths) == 0:
		return nil, "", errors.New("name a .fed package, a .pol and an .env package, or a merge directory")
	case extensions[".pol"] == 1 && len(archives) == 1:
		return nil, "", fmt.Errorf("%s: is half of a configuration; name its .env package too", archives[0])
	case extensions[".env"] == 1 && len(archives) == 1:
		return nil, "", fmt.Errorf("%s: is half of a configuration; name its .pol package too", archives[0])
	case len(archives) > 2 || len(archives) == 2 && extensions[".env"] != 1:
		return nil, "", fmt.Errorf("%s: is more than one configuration; name one .fed package, or one .pol and one .env package",
			strings.Join(archives, ", "))
	}
	return archives, merge, nil
}

// checker collects the findings about one configuration.
type checker struct {
	options Options
	config  *configuration
	// properties are what ${env.NAME} stands for.
	properties map[string]string
	// pair says that the configuration came as .pol and .env.
	pair   bool
	report Report
}

func (c *checker) add(f Finding) { c.report.Findings = append(c.report.Findings, f) }

// basis is what the reading of an entity rests on.
func (c *checker) basis(entities ...*entity) Basis {
	if c.pair || slices.ContainsFunc(entities, func(e *entity) bool { return e.environmentalized }) {
		return Assumed
	}
	return Observed
}

// packages checks what is inside the archives.
func (c *checker) packages(paths []string) error {
	c.pair = len(paths) > 1
	var archives []*archive
	for _, p := range paths {
		a, err := openArchive(p, packageLimits)
		if err != nil {
			return err
		}
		archives = append(archives, a)
	}
	var err error
	if c.config, err = load(archives); err != nil {
		return err
	}
	c.contents()
	c.integrity(archives)
	return nil
}

// contents checks what the stores say.
func (c *checker) contents() {
	c.metrics()
	if c.options.Role == Gateway {
		c.cassandra()
		c.cassandraTLS()
		c.throttling()
	}
	c.listeners()
	c.unsetVariables()
	c.passwords()
}

// integrity compares the stores with their checksums.
func (c *checker) integrity(archives []*archive) {
	f := Finding{
		ID: "integrity", Requirement: "stores are as they were exported", Level: Should, Result: Met,
		Found: "checksums match", Basis: c.basis(),
		WayOut: "export the package again instead of editing it; whether the product refuses it is not known",
	}
	var altered []string
	sums := 0
	for _, a := range archives {
		altered = append(altered, a.altered()...)
		for name := range a.files {
			if strings.HasSuffix(name, ".sha256") {
				sums++
			}
		}
	}
	slices.Sort(altered)
	switch {
	case len(altered) > 0:
		f.Result, f.Found, f.Where = Broken, "checksum differs", strings.Join(altered, ", ")
	case sums == 0:
		f.Result, f.Found = Unknown, "no checksums"
	}
	c.add(f)
}

// productVariables are set by the product itself or the image's start script. Source: Axway's container guide (documented), and
// the demonstration packages, where the first two stand for the installation's and the instance's folder (observed).
var productVariables = []string{"VDISTDIR", "VINSTDIR", "HOSTNAME", "GROUPNAME", "INSTANCENAME"}

// podVariables are the variables the platform's pods of a role have.
func podVariables(role Role) map[string]bool {
	var pod plan.Pod
	if role == ANM {
		pod = plan.ANMSpec{}.Pod(plan.Settings{})
	} else {
		pod = plan.GatewaySpec{}.Pod(plan.Settings{})
	}
	names := map[string]bool{}
	for _, v := range pod.Env {
		names[v.Name] = true
	}
	for _, name := range productVariables {
		names[name] = true
	}
	return names
}

// unsetVariables looks for variables nobody sets: their selectors stay empty when the product starts.
func (c *checker) unsetVariables() {
	known, unset := podVariables(c.options.Role), map[string]string{}
	for _, e := range c.config.entities {
		for name, values := range e.fields {
			for _, v := range values {
				for _, variable := range variables(c.plain(e, name, v)) {
					if !known[variable] {
						unset[variable] = e.String()
					}
				}
			}
		}
	}
	names := slices.Sorted(maps.Keys(unset))
	f := Finding{
		ID: "variables", Requirement: "no other environment variables are read", Level: Should, Result: Met,
		Found: "none", Basis: Documented,
		WayOut: "pods have no such variable: put the value into the environment package, or into envSettings.props as ${env.NAME}",
	}
	if len(names) > 0 {
		f.Result, f.Found, f.Where = Broken, strings.Join(names, ", "), unset[names[0]]
	}
	c.add(f)
}

// plain is a value's text, with the base64 of secrets undone.
func (c *checker) plain(e *entity, field string, v value) string {
	if c.config.secret(e, field) && !c.config.locked(e) {
		return decoded(v.text)
	}
	return v.text
}

// passwords looks for secrets that are part of the package: they are the same in every environment, and readable by whoever has
// the file or the image. Certificates' keys belong there.
func (c *checker) passwords() {
	var where []string
	locked := false
	for _, e := range c.config.entities {
		locked = locked || c.config.locked(e)
		if c.ownSecret(e) {
			where = append(where, e.String())
		}
	}
	slices.Sort(where)
	where = slices.Compact(where)
	f := Finding{
		ID: "passwords", Requirement: "no other secrets are part of the configuration", Level: Should, Result: Met,
		Found: "none", Basis: c.basis(),
		WayOut: "remove connections that aren't used; have the others read a variable or the environment package",
	}
	switch {
	case locked:
		f.Result, f.Found = Unknown, "encrypted with a passphrase"
	case len(where) > 0:
		f.Result, f.Found = Broken, fmt.Sprintf("%d entities with a secret of their own", len(where))
		f.Where = where[0]
		if len(where) > 1 {
			f.Where += fmt.Sprintf(" and %d more", len(where)-1)
		}
	}
	c.add(f)
	c.add(c.passphrase(locked))
}

// ownSecret tells whether an entity holds a secret that isn't read from somewhere else.
func (c *checker) ownSecret(e *entity) bool {
	if c.config.is(e, "Certificate") || c.config.is(e, "KeyPair") {
		return false
	}
	for name, values := range e.fields {
		own := func(v value) bool { return v.text != "" && !strings.Contains(c.plain(e, name, v), "${") }
		if name != "passphraseTest" && c.config.secret(e, name) && slices.ContainsFunc(values, own) {
			return true
		}
	}
	return false
}

func (c *checker) passphrase(locked bool) Finding {
	f := Finding{
		ID: "passphrase", Requirement: "a passphrase protects keys and secrets of the package", Level: Should, Result: Met,
		Found: "set", Basis: c.basis(),
		WayOut: "set one in Policy Studio and give it to the image build; without it the private keys are readable in the file",
	}
	if !locked {
		f.Result, f.Found = Broken, "none"
	}
	return f
}
