package schema

import (
	"slices"
	"strings"
	"testing"
)

func TestAScriptIsCutWhereTheClientWouldCutIt(t *testing.T) {
	cases := []struct {
		name, script string
		want         []Statement
	}{
		{"two statements", "SELECT 1;\nSELECT 2;\n", []Statement{{"SELECT 1", 1}, {"SELECT 2", 2}}},
		{"the last one without a delimiter", "SELECT 1;\n\nSELECT\n2", []Statement{{"SELECT 1", 1}, {"SELECT\n2", 3}}},
		{"nothing", " \n-- only a remark;\n/* and another; */ # and one more;\n;;", nil},
		{"strings with delimiters", `INSERT INTO a VALUES (';', ";", 'it''s;', 'a\';', "say \"x;\"");SELECT 1`, []Statement{
			{`INSERT INTO a VALUES (';', ";", 'it''s;', 'a\';', "say \"x;\"")`, 1}, {"SELECT 1", 1}}},
		{"quoted names, where a backslash is none", "CREATE TABLE `a;\\` (b INT);SELECT 1", []Statement{
			{"CREATE TABLE `a;\\` (b INT)", 1}, {"SELECT 1", 1}}},
		{"remarks within a statement", "CREATE TABLE a ( -- the key;\n  b INT /* ; */\n);", []Statement{
			{"CREATE TABLE a ( -- the key;\n  b INT /* ; */\n)", 1}}},
		{"a remark needs white space behind its dashes", "SELECT 5--3;SELECT 1", []Statement{{"SELECT 5--3", 1}, {"SELECT 1", 1}}},
		{"quotes in remarks open nothing", "-- don't\n# can't\n/* won't */ SELECT 1;", []Statement{{"SELECT 1", 3}}},
		{"comments the server executes", "/*!40101 SET NAMES utf8; */;\n/*M!100100 SELECT ';*/' */;SELECT 1;", []Statement{
			{"/*!40101 SET NAMES utf8; */", 1}, {"/*M!100100 SELECT ';*/' */", 2}, {"SELECT 1", 2}}},
		{"a body with a delimiter of its own", "DELIMITER //\nCREATE PROCEDURE p()\nBEGIN\n  SELECT 1;\nEND //\ndelimiter ;\nSELECT 2;", []Statement{
			{"CREATE PROCEDURE p()\nBEGIN\n  SELECT 1;\nEND", 2}, {"SELECT 2", 7}}},
		{"the word delimiter inside a statement", "SELECT\ndelimiter FROM a;", []Statement{{"SELECT\ndelimiter FROM a", 1}}},
		{"a name that begins with it", "delimiter_reset();SELECT 1", []Statement{{"delimiter_reset()", 1}, {"SELECT 1", 1}}},
		{"Windows's line ends and byte order mark", "\ufeffSELECT 1;\r\n-- x;\r\nDELIMITER $$\r\nSELECT 2$$\r\n", []Statement{
			{"SELECT 1", 1}, {"SELECT 2", 4}}},
	}
	for _, c := range cases {
		got, err := Split(c.script)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s:\n got %+v, %v\nwant %+v", c.name, got, err, c.want)
		}
	}
}

func TestAScriptThatStopsHalfwayIsRefusedWithItsLine(t *testing.T) {
	for script, want := range map[string]string{
		"SELECT 1;\nSELECT 'a;\n":    "line 2: the ' has no end",
		"SELECT 1;\n\n/* a;\n":       "line 3: the comment has no end",
		"SELECT `a":                  "line 1: the ` has no end",
		"SELECT 1;\nDELIMITER \nx\n": "line 2: DELIMITER names no delimiter",
	} {
		if _, err := Split(script); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, not %q", script, err, want)
		}
	}
}
