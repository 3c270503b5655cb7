package plan

import (
	"encoding/json"
	"encoding/pem"
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
		AdminUsers:    "X...",

		ListenerCertificate: "XXX.",

		Certificate: "...X",
	} {
		got := ""
		for _, c := range components {
			got += map[bool]string{true: "X", false: "."}[Reads(c, secret)]
		}
		if got != row {
			t.Errorf("%s is read by %s, want %s (of %v)", secret, got, row, components)
		}
	}
	if len(readers) != 9 {
		t.Errorf("the matrix has %d rows, 9 are checked here", len(readers))
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

func TestALicencesFileHasTheSuffixTheProductLooksFor(t *testing.T) {
	for name, good := range map[string]bool{
		"license.lic": true, "API-Gateway_7.7.lic": true, "license": false, "license.lic.txt": false, ".lic": false, "conf/license.lic": false, "..lic": false,
	} {
		if err := CheckLicenseFile("workloads.licenseFile", name); (err == nil) != good {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAChainIsTakenApartIntoTheLeafAndItsIssuers(t *testing.T) {
	block := func(content string) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte(content)}))
	}
	leaf, issuers := SplitChain("\n" + block("leaf") + block("issuer") + block("root"))
	if leaf != block("leaf") || issuers != block("issuer")+block("root") {
		t.Errorf("leaf\n%s\nissuers\n%s", leaf, issuers)
	}
	if leaf, issuers = SplitChain(block("leaf")); leaf != block("leaf") || issuers != leaf {
		t.Errorf("a leaf alone: leaf\n%s\nissuers\n%s", leaf, issuers)
	}
}
