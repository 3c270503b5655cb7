package mysql

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func settings() Settings {
	return Settings{
		SKU: "Standard_D4ads_v5", Version: "8.4", StorageGB: 64, BackupRetentionDays: 14, GeoRedundantBackup: true,
		HighAvailability: true, AdminLogin: "apimadmin", Zones: []string{"1", "2", "3"},
	}
}

func TestFiguresAzureTakesAreAccepted(t *testing.T) {
	for name, change := range map[string]func(*Settings){
		"the defaults":                   func(*Settings) {},
		"no zones":                       func(s *Settings) { s.Zones = nil },
		"a burstable server, no standby": func(s *Settings) { s.SKU, s.HighAvailability = "Standard_B2ms", false },
		"the smallest storage":           func(s *Settings) { s.StorageGB = 20 },
		"the largest storage":            func(s *Settings) { s.StorageGB = 16384 },
		"the longest retention":          func(s *Settings) { s.BackupRetentionDays = 35 },
	} {
		t.Run(name, func(t *testing.T) {
			s := settings()
			change(&s)
			if err := s.Validate(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestFiguresAzureRefusesAreRefusedWithKeyAndValue(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Settings)
		want   string
	}{
		{"a VM size that is no server size", func(s *Settings) { s.SKU = "Standard_F4s_v2" }, `mysql.sku: "Standard_F4s_v2"`},
		{"a retired version", func(s *Settings) { s.Version = "5.7" }, `mysql.version: "5.7"`},
		{"too little storage", func(s *Settings) { s.StorageGB = 19 }, "mysql.storageGB: 19"},
		{"too much storage", func(s *Settings) { s.StorageGB = 16385 }, "mysql.storageGB: 16385"},
		{"no retention", func(s *Settings) { s.BackupRetentionDays = 0 }, "mysql.backupRetentionDays: 0"},
		{"too long a retention", func(s *Settings) { s.BackupRetentionDays = 36 }, "mysql.backupRetentionDays: 36"},
		{"a burstable server with a standby", func(s *Settings) { s.SKU = "Standard_B2ms" }, "the Burstable tier has no standby"},
		{"a reserved login", func(s *Settings) { s.AdminLogin = "Root" }, `mysql.adminLogin: "Root"`},
		{"the old form of a login", func(s *Settings) { s.AdminLogin = "me@server" }, `mysql.adminLogin: "me@server"`},
		{"a login of 33 characters", func(s *Settings) { s.AdminLogin = strings.Repeat("a", 33) }, "mysql.adminLogin"},
		{"a single zone", func(s *Settings) { s.Zones = []string{"1"} }, "one availability zone"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := settings()
			c.change(&s)
			if err := s.Validate(); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestTheSizesLetterDecidesTheTier(t *testing.T) {
	for sku, want := range map[string]string{
		"Standard_B2ms": Burstable, "Standard_D4ads_v5": GeneralPurpose, "Standard_D4ds_v4": GeneralPurpose, "Standard_E8ads_v5": MemoryOptimized,
	} {
		if got := (Settings{SKU: sku}).Tier(); got != want {
			t.Errorf("%s: got %s, want %s", sku, got, want)
		}
	}
}

func TestTheStandbyStandsWhereTheRegionAllows(t *testing.T) {
	for _, c := range []struct {
		name                   string
		availability           bool
		zones                  []string
		mode, primary, standby string
	}{
		{"in another zone where there are zones", true, []string{"1", "2", "3"}, "ZoneRedundant", "1", "2"},
		{"beside the primary where there are none", true, nil, "SameZone", "", ""},
		{"nowhere when turned off", false, []string{"1", "2", "3"}, "Disabled", "1", ""},
		{"nowhere when turned off without zones", false, nil, "Disabled", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			mode, primary, standby := Settings{HighAvailability: c.availability, Zones: c.zones}.Standby()
			if mode != c.mode || primary != c.primary || standby != c.standby {
				t.Errorf("got %s %q %q", mode, primary, standby)
			}
		})
	}
}

func TestConnectionsNeedTLS12(t *testing.T) {
	want := map[string]string{"require_secure_transport": "ON", "tls_version": "TLSv1.2"}
	for _, p := range Parameters() {
		if want[p.Name] != p.Value {
			t.Errorf("%s = %s", p.Name, p.Value)
		}
		delete(want, p.Name)
	}
	if len(want) > 0 {
		t.Errorf("not set: %v", want)
	}
}

func script(t *testing.T) string {
	t.Helper()
	s, err := UsersScript(FQDN("apim-dev-mysql-abc123"), "apimadmin")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestHostsAndLoginsThatEscapeTheirQuotesAreRefused(t *testing.T) {
	for _, c := range []struct{ name, host, admin string }{
		{"a host with a newline", "host\nuser=x", "apimadmin"},
		{"a login with a newline", "host", "a\nb"},
		{"no host", "", "apimadmin"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := UsersScript(c.host, c.admin); err == nil {
				t.Error("accepted")
			}
		})
	}
}

func TestTheUsersScriptIsValidShell(t *testing.T) {
	for _, tool := range [][]string{{"bash", "-n", "-"}, {"shellcheck", "-"}} {
		t.Run(tool[0], func(t *testing.T) {
			if _, err := exec.LookPath(tool[0]); err != nil {
				t.Skip(tool[0] + " is not installed")
			}
			cmd := exec.Command(tool[0], tool[1:]...)
			cmd.Stdin = strings.NewReader(script(t))
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// fakeClient stands in for the mysql client: it keeps its arguments, login file and statements.
const fakeClient = `#!/usr/bin/env bash
echo "$*" >>"$RECORD/arguments"
for a in "$@"; do case $a in --defaults-file=*) cat "${a#*=}" >"$RECORD/login"; stat -c %a "${a#*=}" >"$RECORD/mode" ;; esac; done
if [[ $* != *--execute* ]]; then cat >"$RECORD/statements"; fi
`

func runUsersScript(t *testing.T, environment ...string) (record, output string, err error) {
	t.Helper()
	if _, err := os.Stat("/dev/shm"); err != nil {
		t.Skip("no /dev/shm here: the script runs on Linux only")
	}
	record = t.TempDir()
	if err := os.WriteFile(filepath.Join(record, "mysql"), []byte(fakeClient), 0o700); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("bash", "-s")
	cmd.Stdin = strings.NewReader(script(t))
	cmd.Env = append([]string{"PATH=" + record + ":" + os.Getenv("PATH"), "RECORD=" + record}, environment...)
	out, err := cmd.CombinedOutput()
	return record, string(out), err
}

func read(t *testing.T, record, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(record, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

var passwords = []string{
	"MYSQL_ADMIN_PASSWORD=adminSecret1", "METRICS_ANM_PASSWORD=anmSecret1", "METRICS_UI_PASSWORD=uiSecret1", "METRICS_GATEWAY_PASSWORD=gatewaySecret1",
}

func TestUsersAreCreatedWithTheirPasswordsAndGrants(t *testing.T) {
	record, out, err := runUsersScript(t, passwords...)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	const want = "CREATE USER IF NOT EXISTS 'metrics_anm'@'%' IDENTIFIED BY 'anmSecret1' REQUIRE SSL;\n" +
		"ALTER USER 'metrics_anm'@'%' IDENTIFIED BY 'anmSecret1' REQUIRE SSL;\n" +
		"GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, INDEX, REFERENCES ON `metrics`.* TO 'metrics_anm'@'%';\n" +
		"CREATE USER IF NOT EXISTS 'metrics_ui'@'%' IDENTIFIED BY 'uiSecret1' REQUIRE SSL;\n" +
		"ALTER USER 'metrics_ui'@'%' IDENTIFIED BY 'uiSecret1' REQUIRE SSL;\n" +
		"GRANT SELECT, INSERT, UPDATE, DELETE ON `metrics`.* TO 'metrics_ui'@'%';\n" +
		"CREATE USER IF NOT EXISTS 'metrics_gateway'@'%' IDENTIFIED BY 'gatewaySecret1' REQUIRE SSL;\n" +
		"ALTER USER 'metrics_gateway'@'%' IDENTIFIED BY 'gatewaySecret1' REQUIRE SSL;\n" +
		"GRANT SELECT, INSERT, UPDATE, DELETE ON `metrics`.* TO 'metrics_gateway'@'%';\n"
	if got := strings.TrimLeft(read(t, record, "statements"), "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestSecretsAreOnNoCommandLineAndInNoOutput(t *testing.T) {
	record, out, err := runUsersScript(t, passwords...)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if seen := read(t, record, "arguments") + out; strings.Contains(seen, "Secret1") {
		t.Errorf("a secret in %s", seen)
	}
	login := read(t, record, "login")
	for _, want := range []string{"host=apim-dev-mysql-abc123.mysql.database.azure.com\n", "password=\"adminSecret1\"\n", "ssl-mode=VERIFY_IDENTITY\n"} {
		if !strings.Contains(login, want) {
			t.Errorf("no %q in %q", want, login)
		}
	}
	if mode := strings.TrimSpace(read(t, record, "mode")); mode != "600" {
		t.Errorf("the login file has mode %s", mode)
	}
}

func TestMissingOrQuotedSecretsStopTheScript(t *testing.T) {
	for _, c := range []struct {
		name        string
		environment []string
		want        string
	}{
		{"no administrator password", passwords[1:], "MYSQL_ADMIN_PASSWORD is not set"},
		{"no gateway password", passwords[:3], "METRICS_GATEWAY_PASSWORD is not set"},
		{"a password with a quote", append(passwords[:3:3], "METRICS_GATEWAY_PASSWORD=a'b"), "METRICS_GATEWAY_PASSWORD is not set, or not letters"},
	} {
		t.Run(c.name, func(t *testing.T) {
			record, out, err := runUsersScript(t, c.environment...)
			if err == nil || !strings.Contains(out, c.want) {
				t.Errorf("got %v, want %q in %s", err, c.want, out)
			}
			if _, err := os.Stat(filepath.Join(record, "arguments")); err == nil {
				t.Error("the server was asked all the same")
			}
		})
	}
}
