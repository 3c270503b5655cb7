package fed

import (
	"archive/zip"
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestFilesThatAreNoPackageAreRefused(t *testing.T) {
	raw := func(name, content string) string {
		p := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(p, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	sound := write(t, "sound.fed", gateway().contents())
	for _, c := range []struct {
		want  string
		paths []string
	}{
		{"name a .fed package", nil},
		{"no such file", one(filepath.Join(t.TempDir(), "missing.fed"))},
		{"is no package", one(raw("text.fed", "hello"))},
		{"compressed with gzip, as YAML configurations are", one(raw("yaml.fed", "\x1f\x8b\x08"))},
		{"holds no entity store", one(write(t, "empty.fed", map[string][]byte{"1/configs.xml": []byte("<configuration/>")}))},
		{"name its .env package too", one(write(t, "half.pol", gateway().contents()))},
		{"name its .pol package too", one(write(t, "half.env", gateway().contents()))},
		{"more than one configuration", one(sound, sound)},
		{"one merge directory", one(t.TempDir(), t.TempDir())},
		{"XML syntax error", one(write(t, "cut.fed", map[string][]byte{
			"1/PrimaryStore.xml": []byte(`<entityStoreData><entity type="A">`)}))},
		{"invalid character entity", one(write(t, "laughs.fed", map[string][]byte{
			"1/PrimaryStore.xml": []byte(`<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>`)}))},
		{"nest deeper", one(write(t, "deep.fed", map[string][]byte{
			"1/PrimaryStore.xml": []byte(strings.Repeat("<a>", 300) + strings.Repeat("</a>", 300))}))},
	} {
		if _, err := Check(c.paths, gatewayOptions()); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("want %s, got %v", c.want, err)
		}
	}
}

func TestNamesThatLeaveTheArchiveAreRefused(t *testing.T) {
	for _, name := range []string{"../../etc/cron.d/x", "/etc/passwd", "a/../../b.xml", `..\..\b.xml`, `C:\b.xml`, "C:/b.xml", ".."} {
		files := gateway().contents()
		files[name] = []byte("x")
		_, err := Check(one(write(t, "evil.fed", files)), gatewayOptions())
		if err == nil || !strings.Contains(err.Error(), "leaves the archive") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestArchivesBeyondTheLimitsAreRefused(t *testing.T) {
	const size = 1 << 20
	files := map[string][]byte{"1/A.xml": make([]byte, size), "1/B.xml": make([]byte, size)}
	p := write(t, "bomb.fed", files)
	sound := limits{archive: 1 << 14, entries: 2, entry: size, total: 2 * size}
	if _, err := openArchive(p, sound); err != nil {
		t.Fatalf("the archive is refused although it keeps the limits: %v", err)
	}
	for want, change := range map[string]func(*limits){
		"bytes; a package has":                    func(l *limits) { l.archive = 100 },
		"2 entries; a package has 1":              func(l *limits) { l.entries = 1 },
		`"1/A.xml": ` + errTooLarge.Error():       func(l *limits) { l.entry = size - 1 },
		`entry "1/B.xml": ` + errTooLarge.Error(): func(l *limits) { l.total = 2*size - 1 },
	} {
		most := sound
		change(&most)
		if _, err := openArchive(p, most); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %s, got %v", want, err)
		}
	}
}

func TestAnEntryThatIsThereTwiceIsRefused(t *testing.T) {
	var buffer bytes.Buffer
	w := zip.NewWriter(&buffer)
	for range 2 {
		if _, err := w.Create("1/PrimaryStore.xml"); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	p := filepath.Join(t.TempDir(), "twice.fed")
	if err := os.WriteFile(p, buffer.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Check(one(p), gatewayOptions()); err == nil || !strings.Contains(err.Error(), "is there twice") {
		t.Errorf("got %v", err)
	}
}

func TestBadOptionsAreRefused(t *testing.T) {
	for want, o := range map[string]Options{
		`role "portal"`:                    {Role: "portal"},
		"only gateways publish":            {Role: ANM, ExtraPorts: []int{8080}},
		"8065 is not an optional listener": {Role: Gateway, ExtraPorts: []int{8065}},
	} {
		if _, err := Check(nil, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %s, got %v", want, err)
		}
	}
}

// mergeDirectory makes a merge directory of the given name with these files.
func mergeDirectory(t *testing.T, name string, files map[string]string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), name)
	for file, content := range files {
		p := filepath.Join(dir, file)
		if err := os.MkdirAll(filepath.Dir(p), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const driver = "ext/lib/mysql-connector-j-9.1.0.jar"

func TestAMergeDirectoryIsNamedAndLaidOutLikeTheInstallation(t *testing.T) {
	for _, c := range []struct {
		what, name string
		files      map[string]string
		want       []string
	}{
		{"sound", "apigateway", map[string]string{driver: "", "conf/licenses/prod.lic": ""}, nil},
		{"named otherwise", "merge", map[string]string{driver: ""}, one("FAIL merge.name")},
		{"one level too deep", "apigateway", map[string]string{"apigateway/" + driver: ""}, one("FAIL merge.level", "warning merge.driver")},
		{"without a driver", "apigateway", map[string]string{"ext/lib/own-filter.jar": ""}, one("warning merge.driver")},
		{"with a licence the product won't find", "apigateway", map[string]string{driver: "", "conf/licenses/license": ""},
			one("FAIL merge.licenses")},
	} {
		report := checkFiles(t, Options{Role: Gateway, Now: now}, mergeDirectory(t, c.name, c.files))
		if unmet := report.unmet(); !slices.Equal(unmet, c.want) {
			t.Errorf("%s: not met: %v, want %v", c.what, unmet, c.want)
		}
	}
}

func TestLinksOutOfAMergeDirectoryAreReportedAndNotFollowed(t *testing.T) {
	dir := mergeDirectory(t, "apigateway", map[string]string{driver: ""})
	for name, target := range map[string]string{"inside.jar": driver, "absolute": "/etc", "up": "../other"} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if f := checkFiles(t, Options{Role: Gateway, Now: now}, dir).finding(t, "merge.links"); f.Result != Broken || f.Found != "absolute, up" {
		t.Errorf("got %+v", f)
	}
}

func TestPortsAreReadFromTheMergeDirectorysSettings(t *testing.T) {
	m := gateway()
	m.find(t, "SSLInterface", "name", "manager").fields["port"] = one("${env.PORT.OWN}")
	p := write(t, "own.fed", m.contents())
	for content, want := range map[string]Result{
		"# ports\nenv.PORT.OWN = 8075\n": Met,
		"#env.PORT.OWN=8075\n":           Unknown,
		"env.PORT.OWN=8075\nother=1\n":   Met,
		"env.PORT.OWN=9075\n":            Broken,
	} {
		dir := mergeDirectory(t, "apigateway", map[string]string{instanceProperties: content, commonProperties: "env.PORT.OTHER=1\n"})
		if f := checkFiles(t, gatewayOptions(), p, dir).finding(t, "listener.8075"); f.Result != want {
			t.Errorf("%q: got %+v", content, f)
		}
	}
}

// The check runs on files from elsewhere: whatever they hold, it ends with a report or an error.
func FuzzStores(f *testing.F) {
	for name, content := range gateway().contents() {
		if strings.HasSuffix(name, ".xml") {
			f.Add(content)
		}
	}
	f.Add([]byte(`<x><entity type="EnvironmentalizedFieldString" parentPK="1"><fval name="value"><value><key/></value></fval></entity></x>`))
	f.Add([]byte(`<x><entity type="A"><fval name="a"><value><entity type="B"></entity></value></fval></entity></x>`))
	f.Fuzz(func(t *testing.T, content []byte) {
		c := newConfiguration()
		if err := c.read("Store.xml", content); err != nil {
			return
		}
		c.environmentalize()
		for _, role := range []Role{ANM, Gateway} {
			o := gatewayOptions()
			o.Role = role
			k := &checker{options: o, config: c, properties: defaultProperties(role)}
			k.contents()
			if len(k.report.Findings) == 0 {
				t.Error("nothing is reported")
			}
		}
	})
}

func TestTheInstancesSettingsWinOverTheCommonOnes(t *testing.T) {
	m := gateway()
	dir := mergeDirectory(t, "apigateway", map[string]string{
		instanceProperties: "env.PORT.APIPORTAL=8075\n", commonProperties: "env.PORT.APIPORTAL=9075\nenv.PORT.PORTAL.TRAFFIC=9065\n",
	})
	report := checkFiles(t, gatewayOptions(), dir, write(t, "ports.fed", m.contents()))
	if got := report.finding(t, "listener.8075").Result; got != Met {
		t.Errorf("the common file wins: %s", got)
	}
	if got := report.finding(t, "listener.8065").Result; got != Broken {
		t.Errorf("the common file isn't read: %s", got)
	}
}
