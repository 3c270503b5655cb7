package plan

import (
	"slices"
	"strings"
	"testing"
)

const analyticsSQL = "/opt/Axway/apigateway/system/conf/sql/mysql/analytics.sql"

func schemaSpec() SchemaSpec {
	return SchemaSpec{Image: "apim/anm:1", Files: []string{analyticsSQL}}
}

func TestTheSchemaJobCopiesTheProductsSQLAndAppliesItWithANMsLogin(t *testing.T) {
	spec := schemaSpec()
	spec.Files = append(spec.Files, "/sql/more.sql")
	job := spec.Job(settings())
	if got, want := strings.Join(job.Init.Command, " "), "cp "+analyticsSQL+" /sql/more.sql /sql"; got != want || job.Init.Image != "apim/anm:1" {
		t.Errorf("%s: %s, want %s", job.Init.Image, got, want)
	}
	if got, want := strings.Join(job.Main.Args, " "), "schema --deadline=10m /sql"; got != want || job.Main.Image != "apim/preflight:1" {
		t.Errorf("%s: %s, want %s", job.Main.Image, got, want)
	}
	if !slices.Equal(job.Init.Volumes, job.Main.Volumes) || job.Main.Volumes[0].Path != "/sql" {
		t.Errorf("copied to %+v, applied from %+v", job.Init.Volumes, job.Main.Volumes)
	}
	for _, v := range job.Main.Env {
		if v.Secret != "metrics-anm" {
			t.Errorf("%+v is not ANM's login", v)
		}
	}
	if len(job.Main.Env) != 3 || len(job.Init.Env) > 0 {
		t.Errorf("applied with %v, copied with %v", job.Main.Env, job.Init.Env)
	}
}

func TestAJobIsAnotherOneOnlyWhenItDoesSomethingElse(t *testing.T) {
	before := schemaSpec().Job(settings())
	if again := schemaSpec().Job(settings()); again.Name() != before.Name() {
		t.Errorf("%s and %s do the same", before.Name(), again.Name())
	}
	if !strings.HasPrefix(before.Name(), "metrics-schema-") {
		t.Errorf("named %s", before.Name())
	}
	reworded := before
	reworded.Exceptions = []Exception{{"check", "another reason"}}
	if reworded.Name() != before.Name() {
		t.Error("another reason runs the job again")
	}
	image, files, preflight := schemaSpec(), schemaSpec(), settings()
	image.Image, files.Files, preflight.PreflightImage = "apim/anm:2", []string{"/sql/other.sql"}, "apim/preflight:2"
	names := map[string]bool{before.Name(): true}
	for _, job := range []Job{image.Job(settings()), files.Job(settings()), schemaSpec().Job(preflight)} {
		names[job.Name()] = true
	}
	if len(names) != 4 {
		t.Errorf("four different jobs have %d names: %v", len(names), names)
	}
}

func TestBadSchemasAreRefusedByKey(t *testing.T) {
	if err := schemaSpec().Validate(); err != nil {
		t.Errorf("refused as it should be: %v", err)
	}
	for name, c := range map[string]struct {
		change func(*SchemaSpec)
		want   string
	}{
		"no files":            {func(s *SchemaSpec) { s.Files = nil }, "workloads.metricsSchema.files: empty"},
		"a folder":            {func(s *SchemaSpec) { s.Files = []string{"/sql"} }, `workloads.metricsSchema.files[0]: "/sql"`},
		"an option of cp":     {func(s *SchemaSpec) { s.Files = []string{"--reply=x.sql"} }, "workloads.metricsSchema.files[0]: "},
		"one name twice":      {func(s *SchemaSpec) { s.Files = []string{"/a/x.sql", "/b/x.sql"} }, "workloads.metricsSchema.files[1]: another file is named x.sql"},
		"an untagged image":   {func(s *SchemaSpec) { s.Image = "apim/anm" }, "workloads.metricsSchema.image: "},
		"a path with a blank": {func(s *SchemaSpec) { s.Files = []string{"/my sql/x.sql"} }, "workloads.metricsSchema.files[0]: "},
	} {
		spec := schemaSpec()
		c.change(&spec)
		if err := spec.Validate(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
}
