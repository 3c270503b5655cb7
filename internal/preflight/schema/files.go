// Package schema applies SQL files to a database, each once.
//
// MySQL commits every change of a table at once, so a file can't be applied whole or not at all. Instead a table of our own
// records each file with its checksum and how many of its statements are known to be done: a run that was cut short is seen by
// the next one, which says so instead of guessing.
package schema

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// File is a file of SQL.
type File struct {
	// Name is its name without the folder: what it is recorded under.
	Name string
	// SHA256 is the checksum of its content, 64 hexadecimal digits.
	SHA256 string
	// Statements are its content.
	Statements []Statement
}

// Read reads the files of a folder that end in .sql, in the order of their names: the order they are applied in. A folder
// without any, a file without a statement and one that can't be split are errors.
func Read(dir string) ([]File, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var files []File
	var problems []error
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".sql") {
			continue
		}
		file, err := read(filepath.Join(dir, entry.Name()))
		if err != nil {
			problems = append(problems, err)
		}
		files = append(files, file)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s holds no .sql file: mount the SQL that comes with the product there", dir)
	}
	return files, errors.Join(problems...)
}

func read(path string) (File, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return File{}, err
	}
	name := filepath.Base(path)
	statements, err := Split(string(content))
	if err != nil {
		return File{}, fmt.Errorf("%s: %w", name, err)
	}
	if len(statements) == 0 {
		return File{}, fmt.Errorf("%s holds no statement", name)
	}
	return File{name, fmt.Sprintf("%x", sha256.Sum256(content)), statements}, nil
}

// Fingerprint is one checksum, 64 hexadecimal digits, of all files' names and contents: the version of a schema.
func Fingerprint(files []File) string {
	var lines []string
	for _, f := range files {
		lines = append(lines, f.Name+" "+f.SHA256+"\n")
	}
	slices.Sort(lines)
	return fmt.Sprintf("%x", sha256.Sum256([]byte(strings.Join(lines, ""))))
}

// Record is what the database knows of a file.
type Record struct {
	// File has no statements here.
	File
	// Total is the number of its statements, Applied how many of them are known to be done.
	Total, Applied int
	// Finished tells that all of them are.
	Finished bool
}

// pending returns the files that are still to be applied, or everything that speaks against it. again allows to apply a file from
// its start that was begun and not finished.
func pending(files []File, records []Record, again bool) (todo []File, err error) {
	var problems []error
	for _, file := range files {
		i := slices.IndexFunc(records, func(r Record) bool { return r.Name == file.Name })
		switch {
		case i < 0:
			todo = append(todo, file)
		case !records[i].Finished && again:
			todo = append(todo, file)
		case !records[i].Finished:
			problems = append(problems, fmt.Errorf("%s was interrupted: %d of its %d statements are known to be applied. If all of them "+
				"may run twice (CREATE TABLE IF NOT EXISTS, INSERT IGNORE), run again with --again. If not, complete it by hand and set "+
				"finished_at of its row in %s; or undo it and delete the row", file.Name, records[i].Applied, records[i].Total, Table))
		case records[i].SHA256 != file.SHA256:
			problems = append(problems, fmt.Errorf("%s has changed since it was applied (SHA-256 was %.12s, is %.12s). Put it back "+
				"as it was, and the change into a file of its own with a later name", file.Name, records[i].SHA256, file.SHA256))
		}
	}
	for _, r := range records {
		if !slices.ContainsFunc(files, func(f File) bool { return f.Name == r.Name }) {
			problems = append(problems, fmt.Errorf("%s was applied earlier and is not here any more. Mount it again: new files come "+
				"in addition", r.Name))
		}
	}
	return todo, errors.Join(problems...)
}
