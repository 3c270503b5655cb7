package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
)

// MetricsSchema is the job that brings the metrics database to the product's schema. It is no program of the platform's.
const MetricsSchema Component = "metrics-schema"

// sqlPath is where both containers of the job see the SQL.
const sqlPath = "/sql"

// SchemaSpec says where the product's SQL is.
type SchemaSpec struct {
	// Image is repository:tag of an image that carries the SQL and has a cp: the product's own.
	Image string
	// Files are the absolute paths of the SQL in it. They are applied in the order of their names.
	Files []string
}

// SQLFilePattern is an absolute path that ends in .sql, without anything a path doesn't need.
const SQLFilePattern = `^/([A-Za-z0-9._-]+/)*[A-Za-z0-9_-][A-Za-z0-9._-]*\.sql$`

var sqlFile = regexp.MustCompile(SQLFilePattern)

// Validate reports all problems, each under its configuration key.
func (s SchemaSpec) Validate() error {
	const key = "workloads.metricsSchema"
	errs := []error{CheckImage(key+".image", s.Image)}
	if len(s.Files) == 0 {
		errs = append(errs, errors.New(key+".files: empty; name the product's SQL, or leave the job out"))
	}
	for i, file := range s.Files {
		if !sqlFile.MatchString(file) {
			errs = append(errs, fmt.Errorf("%s.files[%d]: %q; use an absolute path that ends in .sql", key, i, file))
		}
		if slices.ContainsFunc(s.Files[:i], func(other string) bool { return path.Base(other) == path.Base(file) }) {
			errs = append(errs, fmt.Errorf("%s.files[%d]: another file is named %s too; they would overwrite each other", key, i, path.Base(file)))
		}
	}
	return errors.Join(errs...)
}

// Job is everything there is to say about a job's pod, except what the cluster adds.
type Job struct {
	Component Component
	// Init runs first, Main decides about success.
	Init, Main Helper
	// PullSecret names the registry's login, empty for the stack's own registry.
	PullSecret string
	// Exceptions are the rules of good practice the pod breaks on purpose.
	Exceptions []Exception
}

// Name names the job's object. It changes with anything the job does, because a job runs once: another one is what runs again.
func (j Job) Name() string {
	j.Exceptions = nil
	text, _ := json.Marshal(j) // plain texts and numbers can't fail
	sum := sha256.Sum256(text)
	return string(j.Component) + "-" + hex.EncodeToString(sum[:4])
}

// Job plans the job; the spec must be valid. The SQL is the product's and stays in its image: a first container copies it to where
// the second one applies it, each file once, with ANM's login, which may create tables.
func (s SchemaSpec) Job(settings Settings) Job {
	sql := Volume{Name: "sql", Path: sqlPath, SizeMB: 16}
	login := MetricsSecret(ANM)
	j := Job{
		Component: MetricsSchema,
		Init: Helper{
			Name: "copy-sql", Image: s.Image,
			Command:   append(append([]string{"cp"}, s.Files...), sqlPath),
			Resources: preflightResources, Volumes: []Volume{sql},
		},
		Main: Helper{
			Name: string(MetricsSchema), Image: settings.PreflightImage,
			Args: []string{"schema", fmt.Sprintf("--deadline=%dm", PreflightMinutes), sqlPath},
			Env: []EnvVar{
				{Name: "METRICS_DB_PASS", Secret: login, Key: KeyPassword},
				{Name: "METRICS_DB_URL", Secret: login, Key: KeyURL},
				{Name: "METRICS_DB_USERNAME", Secret: login, Key: KeyUsername},
			},
			Resources: preflightResources, Volumes: []Volume{sql},
		},
		Exceptions: []Exception{pinnedImage, productUser},
	}
	if settings.RegistryLogin {
		j.PullSecret = string(RegistryLogin)
	}
	return j
}
