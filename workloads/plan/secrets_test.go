package plan

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestTheMatrixIsTheReferencesTable(t *testing.T) {
	components := []Component{ANM, Manager, Gateway, IngressController}
	for secret, row := range map[Secret]string{
		RegistryLogin: "XXX.",
		CassandraUser: ".XX.",
		CassandraTLS:  ".XX.",
		EventsShare:   "XXX.",
		MetricsUser:   "XXX.",
		License:       "XXX.",
		Certificate:   "...X",
	} {
		got := ""
		for _, c := range components {
			got += map[bool]string{true: "X", false: "."}[Reads(c, secret)]
		}
		if got != row {
			t.Errorf("%s is read by %s, want %s (of %v)", secret, got, row, components)
		}
	}
	if len(readers) != 7 {
		t.Errorf("the matrix has %d rows, 7 are checked here", len(readers))
	}
}

func TestEachComponentHasItsOwnDatabaseLogin(t *testing.T) {
	names := map[string]bool{}
	for _, c := range []Component{ANM, Manager, Gateway} {
		names[MetricsSecret(c)] = true
	}
	if len(names) != 3 {
		t.Errorf("three components share %v", names)
	}
}

func TestTheDatabaseAddressRequiresACheckedCertificate(t *testing.T) {
	const want = "jdbc:mysql://m.mysql.database.azure.com:3306/metrics?sslMode=VERIFY_IDENTITY"
	if got := MetricsURL("m.mysql.database.azure.com", "metrics"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestDockerConfigSurvivesAnyPassword(t *testing.T) {
	const password = `"quo:te\` + "\n"
	var config struct {
		Auths map[string]struct{ Username, Password, Auth string }
	}
	if err := json.Unmarshal([]byte(DockerConfig("r.example.org", "robot", password)), &config); err != nil {
		t.Fatal(err)
	}
	login := config.Auths["r.example.org"]
	if login.Username != "robot" || login.Password != password || login.Auth != "cm9ib3Q6InF1bzp0ZVwK" {
		t.Errorf("got %+v", login)
	}
}

func TestTheLicenceKeyHasTheSuffixTheGatewayLooksFor(t *testing.T) {
	if !strings.HasSuffix(KeyLicense, ".lic") {
		t.Errorf("%q", KeyLicense)
	}
}
