package schema

import (
	"fmt"
	"regexp"
	"strings"
)

// Statement is one statement of a script.
type Statement struct {
	// Text is the statement without its delimiter.
	Text string
	// Line is the line of the script it begins at, from 1.
	Line int
}

// Split cuts a script into statements, as MySQL's own client does: at the delimiter, which DELIMITER changes, but not in strings,
// quoted names and comments. Comments the server executes (/*! and MariaDB's /*M!) belong to their statement. A backslash escapes
// in strings; a script that turns that off (NO_BACKSLASH_ESCAPES) must not end a string in one. A string or comment without an
// end, and DELIMITER without a delimiter, are errors that name the line.
func Split(script string) ([]Statement, error) {
	s := splitter{text: strings.TrimPrefix(script, "\ufeff"), line: 1, start: -1, delimiter: ";"}
	for s.at < len(s.text) {
		if err := s.step(); err != nil {
			return nil, err
		}
	}
	s.end()
	return s.found, nil
}

// splitter walks through a script.
type splitter struct {
	text string
	// at is the position, line its line.
	at, line int
	// start is where the statement under way begins, startLine its line; -1 before the first word.
	start, startLine int
	delimiter        string
	// executed is set within a comment the server executes.
	executed bool
	found    []Statement
}

var (
	delimiterCommand = regexp.MustCompile(`(?i)^delimiter(?:[ \t]+(\S+)[^\n]*|[ \t\r]*(?:\n|$))`)
	lineComment      = regexp.MustCompile(`^(?:#|--(?:[\x00-\x20]|$))`)
	executedComment  = regexp.MustCompile(`^/\*M?!`)
)

// step goes past whatever is at the position.
func (s *splitter) step() error {
	rest := s.text[s.at:]
	switch {
	case s.executed && strings.HasPrefix(rest, "*/"):
		s.executed = false
		s.skip(2)
	case !s.executed && strings.HasPrefix(rest, s.delimiter):
		s.end()
		s.skip(len(s.delimiter))
	case s.start < 0 && delimiterCommand.MatchString(rest):
		command := delimiterCommand.FindStringSubmatch(rest)
		if command[1] == "" {
			return fmt.Errorf("line %d: DELIMITER names no delimiter", s.line)
		}
		s.delimiter = command[1]
		s.skip(len(command[0]))
	case strings.ContainsRune("'\"`", rune(rest[0])):
		s.begin()
		return s.quoted(rest)
	case lineComment.MatchString(rest):
		line, _, _ := strings.Cut(rest, "\n")
		s.skip(len(line))
	case executedComment.MatchString(rest):
		s.begin()
		s.executed = true
		s.skip(2)
	case strings.HasPrefix(rest, "/*"):
		length := strings.Index(rest[2:], "*/")
		if length < 0 {
			return fmt.Errorf("line %d: the comment has no end", s.line)
		}
		s.skip(2 + length + 2)
	case rest[0] <= ' ':
		s.skip(1)
	default:
		s.begin()
		s.skip(1)
	}
	return nil
}

// quoted goes past a string or a quoted name. A doubled quote inside reads as two strings side by side, which ends at the same
// place.
func (s *splitter) quoted(rest string) error {
	for i := 1; i < len(rest); i++ {
		switch {
		case rest[i] == rest[0]:
			s.skip(i + 1)
			return nil
		case rest[i] == '\\' && rest[0] != '`':
			i++
		}
	}
	return fmt.Errorf("line %d: the %c has no end", s.line, rest[0])
}

// begin notes where a statement's first word is.
func (s *splitter) begin() {
	if s.start < 0 {
		s.start, s.startLine = s.at, s.line
	}
}

// end takes the statement under way, if there is one.
func (s *splitter) end() {
	if s.start >= 0 {
		s.found = append(s.found, Statement{strings.TrimSpace(s.text[s.start:s.at]), s.startLine})
		s.start = -1
	}
}

func (s *splitter) skip(n int) {
	s.line += strings.Count(s.text[s.at:s.at+n], "\n")
	s.at += n
}
