package schema_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"apim-azure/data/mysql"
	"apim-azure/internal/preflight"
	"apim-azure/internal/preflight/schema"
	"apim-azure/internal/preflight/servertest"
)

// TestOnARealServer applies files to a server of its own, each case to a database of its own, as the user and with the grants the
// schema job has.
func TestOnARealServer(t *testing.T) {
	server := servertest.StartMariaDB(t)
	for i, c := range []struct {
		name string
		test func(*testing.T, bench)
	}{
		{"FilesAreAppliedOnceAndInTheirOrder", filesAreAppliedOnce},
		{"AFileThatFailsHalfwayIsReportedAndNotGoneOverUnasked", failsHalfway},
		{"ARunThatIsStoppedLeavesWordOfIt", stopped},
		{"WhatAFileSetsEndsWithIt", sessionsEnd},
		{"AChangedFileAndAMissingOneAreRefused", changed},
		{"TwoRunnersTakeTurns", takeTurns},
		{"ARunnerThatHoldsTheLockIsWaitedForOnlySoLong", lockHeld},
		{"AFolderOfTheProductsKindIsAppliedWhole", productKind},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, newBench(t, server, fmt.Sprintf("metrics_%d", i))) })
	}
}

// bench is a database, the login of the schema job, and a folder of SQL.
type bench struct {
	server *servertest.MariaDB
	login  preflight.MySQL
	folder string
}

func newBench(t *testing.T, server *servertest.MariaDB, database string) bench {
	t.Helper()
	user := mysql.Users()[0]
	server.Exec(t, "CREATE DATABASE "+database,
		fmt.Sprintf("CREATE USER IF NOT EXISTS '%s'@'%%' IDENTIFIED BY 'secret' REQUIRE SSL", user.Name),
		fmt.Sprintf("GRANT %s ON %s.* TO '%s'@'%%'", user.GrantList(), database, user.Name))
	return bench{server, preflight.MySQL{
		Host: servertest.ServerName, Port: server.Port, Database: database, User: user.Name, Password: "secret", CA: server.CA,
	}, t.TempDir()}
}

func (b bench) write(t *testing.T, name, sql string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(b.folder, name), []byte(sql), 0o644); err != nil {
		t.Fatal(err)
	}
}

func (b bench) open(t *testing.T) *sql.DB {
	t.Helper()
	db, err := b.login.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// apply runs the job once and returns what it said.
func (b bench) apply(ctx context.Context, o schema.Options) (string, error) {
	files, err := schema.Read(b.folder)
	if err != nil {
		return "", err
	}
	db, err := b.login.Open()
	if err != nil {
		return "", err
	}
	defer db.Close()
	var said strings.Builder
	o.Say = func(format string, args ...any) { fmt.Fprintf(&said, format+"\n", args...) }
	err = schema.Apply(ctx, db, files, o)
	return said.String(), err
}

// number asks the server for one, as administrator.
func (b bench) number(t *testing.T, query string) (n int) {
	t.Helper()
	if err := b.server.Admin(t).QueryRow(query).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

func filesAreAppliedOnce(t *testing.T, b bench) {
	db := b.open(t)
	if _, err := schema.Current(t.Context(), db); !errors.Is(err, schema.ErrNone) {
		t.Errorf("an empty database's schema: %v", err)
	}
	b.write(t, "1.sql", "CREATE TABLE counted (n INT);\nINSERT INTO counted VALUES (1);")
	b.write(t, "2.sql", "INSERT INTO counted SELECT n + 1 FROM counted;")
	said, err := b.apply(t.Context(), schema.Options{})
	if err != nil || !strings.Contains(said, "1.sql: 2 statements applied\n2.sql: 1 statements applied\n") {
		t.Fatalf("%v\n%s", err, said)
	}
	b.write(t, "3.sql", "INSERT INTO counted VALUES (100);")
	said, err = b.apply(t.Context(), schema.Options{Again: true})
	if err != nil || !strings.HasPrefix(said, "3.sql:") || !strings.Contains(said, "3 files, 1 of them new") {
		t.Fatalf("%v\n%s", err, said)
	}
	if sum := b.number(t, "SELECT SUM(n) FROM "+b.login.Database+".counted"); sum != 1+2+100 {
		t.Errorf("the statements ran in another order or number: %d", sum)
	}
	files, err := schema.Read(b.folder)
	if err != nil {
		t.Fatal(err)
	}
	if current, err := schema.Current(t.Context(), db); err != nil || current != schema.Fingerprint(files) {
		t.Errorf("the database has %s, %v; the files %s", current, err, schema.Fingerprint(files))
	}
}

func failsHalfway(t *testing.T, b bench) {
	b.write(t, "0.sql", "CREATE TABLE whole (n INT);")
	b.write(t, "1.sql", "CREATE TABLE IF NOT EXISTS half (n INT);\n\nINSERT INTO nowhere VALUES (1);\nINSERT INTO half VALUES (1);")
	_, err := b.apply(t.Context(), schema.Options{})
	if err == nil || !strings.Contains(err.Error(), "1.sql, line 3, statement 2 of 3: ") || !strings.Contains(err.Error(), "the 1 before it are applied") {
		t.Fatal(err)
	}
	if _, err := schema.Current(t.Context(), b.open(t)); err == nil || !strings.Contains(err.Error(), "1.sql is applied up to statement 1 of 3") {
		t.Errorf("the half-applied schema counts as %v", err)
	}
	// A new file must not go in on top of half of another.
	b.write(t, "2.sql", "CREATE TABLE later (n INT);")
	for range 2 {
		said, err := b.apply(t.Context(), schema.Options{})
		if err == nil || said != "" || !strings.Contains(err.Error(), "1.sql was interrupted: 1 of its 3 statements") || !strings.Contains(err.Error(), "--again") {
			t.Fatalf("%v\n%s", err, said)
		}
	}
	b.write(t, "1.sql", "CREATE TABLE IF NOT EXISTS half (n INT);\nINSERT INTO half VALUES (1);")
	if _, err := b.apply(t.Context(), schema.Options{Again: true}); err != nil {
		t.Fatal(err)
	}
	if rows := b.number(t, "SELECT COUNT(*) FROM "+b.login.Database+".half"); rows != 1 {
		t.Errorf("%d rows", rows)
	}
}

func stopped(t *testing.T, b bench) {
	b.write(t, "1.sql", "CREATE TABLE first (n INT);\nDO SLEEP(60);\nCREATE TABLE second (n INT);")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error)
	go func() {
		_, err := b.apply(ctx, schema.Options{})
		ended <- err
	}()
	for b.number(t, "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'DO SLEEP%'") == 0 {
		time.Sleep(10 * time.Millisecond)
	}
	stop()
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "statement 2 of 3") {
		t.Fatal(err)
	}
	_, err := b.apply(t.Context(), schema.Options{LockWait: 10 * time.Second})
	if err == nil || !strings.Contains(err.Error(), "1 of its 3 statements are known to be applied") {
		t.Fatal(err)
	}
}

func sessionsEnd(t *testing.T, b bench) {
	b.server.Exec(t, "CREATE DATABASE elsewhere", "GRANT ALL ON elsewhere.* TO '"+b.login.User+"'@'%'")
	b.write(t, "1.sql", "CREATE TABLE kept (n INT);\nSET autocommit = 0;\nINSERT INTO kept VALUES (1);\nUSE elsewhere;")
	b.write(t, "2.sql", "INSERT INTO kept VALUES (2);\nCREATE TABLE here (n INT);")
	if _, err := b.apply(t.Context(), schema.Options{}); err != nil {
		t.Fatal(err)
	}
	// What the first file didn't commit is gone, as with the client; what the second wrote is there.
	if sum := b.number(t, "SELECT SUM(n) FROM "+b.login.Database+".kept"); sum != 2 {
		t.Errorf("%d", sum)
	}
	if tables := b.number(t, "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = 'elsewhere'"); tables != 0 {
		t.Errorf("%d tables went to the other database", tables)
	}
}

func changed(t *testing.T, b bench) {
	b.write(t, "1.sql", "CREATE TABLE a (n INT);")
	b.write(t, "2.sql", "CREATE TABLE b (n INT);")
	if _, err := b.apply(t.Context(), schema.Options{}); err != nil {
		t.Fatal(err)
	}
	b.write(t, "1.sql", "CREATE TABLE a (n BIGINT);")
	if err := os.Rename(filepath.Join(b.folder, "2.sql"), filepath.Join(b.folder, "3.sql")); err != nil {
		t.Fatal(err)
	}
	_, err := b.apply(t.Context(), schema.Options{Again: true})
	for _, want := range []string{"1.sql has changed since it was applied", "2.sql was applied earlier and is not here any more"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, without %q", err, want)
		}
	}
}

func takeTurns(t *testing.T, b bench) {
	b.write(t, "1.sql", "CREATE TABLE once (n INT);\nDO SLEEP(0.2);\nINSERT INTO once VALUES (1);")
	var runners sync.WaitGroup
	for range 3 {
		runners.Go(func() {
			if _, err := b.apply(t.Context(), schema.Options{LockWait: 30 * time.Second}); err != nil {
				t.Error(err)
			}
		})
	}
	runners.Wait()
	if rows := b.number(t, "SELECT COUNT(*) FROM "+b.login.Database+".once"); rows != 1 {
		t.Errorf("%d rows", rows)
	}
}

func lockHeld(t *testing.T, b bench) {
	holder, err := b.open(t).Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := holder.ExecContext(t.Context(), "DO GET_LOCK('apim_preflight_schema', 0)"); err != nil {
		t.Fatal(err)
	}
	b.write(t, "1.sql", "CREATE TABLE a (n INT);")
	if _, err := b.apply(t.Context(), schema.Options{}); err == nil || !strings.Contains(err.Error(), "another runner has held the lock") {
		t.Error(err)
	}
	// A runner that dies takes its lock with it.
	if err := holder.Close(); err != nil {
		t.Fatal(err)
	}
	b.server.Exec(t, fmt.Sprintf("KILL USER '%s'@'%%'", b.login.User))
	if _, err := b.apply(t.Context(), schema.Options{LockWait: 10 * time.Second}); err != nil {
		t.Error(err)
	}
}

// productKind is a file with what the product's has: keys between tables, seeds that are ignored when they are there, remarks; and
// what a later one might have: a body with delimiters.
func productKind(t *testing.T, b bench) {
	b.server.Exec(t, "GRANT CREATE ROUTINE, EXECUTE ON "+b.login.Database+".* TO '"+b.login.User+"'@'%'")
	b.write(t, "metrics.sql", `# Tables
-- DROP TABLE IF EXISTS kinds;
/*!40101 SET NAMES utf8mb4 */;
CREATE TABLE IF NOT EXISTS kinds (id INT NOT NULL, name VARCHAR(50) NOT NULL COMMENT 'a;b', PRIMARY KEY (id)) ENGINE=InnoDB;
CREATE TABLE IF NOT EXISTS data (kind INT NOT NULL, at BIGINT NOT NULL, INDEX (at),
  CONSTRAINT kind_of_data FOREIGN KEY (kind) REFERENCES kinds (id) ON DELETE CASCADE) ENGINE=InnoDB;
INSERT IGNORE INTO kinds VALUES (0, '5;second'), (1, 'it''s "5" minutes');
INSERT IGNORE INTO kinds VALUES (0, 'again');
DELIMITER $$
CREATE PROCEDURE remember(IN kind INT)
BEGIN
  INSERT INTO data VALUES (kind, 1);
  SELECT COUNT(*) FROM data;
END$$
DELIMITER ;
CALL remember(1);
`)
	if _, err := b.apply(t.Context(), schema.Options{}); err != nil {
		t.Fatal(err)
	}
	if n := b.number(t, "SELECT COUNT(*) FROM "+b.login.Database+".data JOIN "+b.login.Database+".kinds ON kind = id WHERE name LIKE 'it''s%'"); n != 1 {
		t.Errorf("%d rows", n)
	}
}
