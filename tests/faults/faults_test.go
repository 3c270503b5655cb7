// Package faults_test breaks things on purpose against the rehearsal and holds the program to finding its way back: a CLI killed
// in the middle, requests that fail in passing, resources changed behind the program's back, and a missing role, subnet or image.
//
// Each campaign is a test. By itself it plays a small, fixed sample; with -full it plays everything, with chances drawn from -seed.
// A trial's chances depend on the seed and its own name only, so that the line of a trial that failed repeats it alone. Where trials
// share a world, as changes and destroys that are killed do, it also depends on what the earlier ones left: repeat those together.
package faults_test

import (
	"flag"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

var (
	full  = flag.Bool("full", false, "play the campaigns in full, on prod; otherwise a sample")
	seed  = flag.Uint64("seed", 0, "what chances are drawn from; 0 is the sample's own, or, with -full, a new one")
	kills = flag.Int("kills", 50, "how often the first update is killed in the full campaign")
)

// sampleSeed is fixed: a test that fails today must fail tomorrow.
const sampleSeed = 3

// binary is the compiled program, which all trials share: linking the Azure SDK takes longer than an update.
var binary string

func TestMain(m *testing.M) {
	flag.Parse()
	switch {
	case *seed == 0 && *full:
		*seed = uint64(time.Now().UnixNano()) % 1_000_000
		fmt.Printf("the seed is %d\n", *seed)
	case *seed == 0:
		*seed = sampleSeed
	}
	dir, err := os.MkdirTemp("", "faults")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	binary = filepath.Join(dir, "program")
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// chances are a trial's own: a test run alone draws what it draws among others.
func chances(t *testing.T) *rand.Rand {
	t.Helper()
	name := fnv.New64a()
	_, _ = name.Write([]byte(t.Name()))
	return rand.New(rand.NewPCG(*seed, name.Sum64()))
}

// repeat is the command that plays a trial again.
func repeat(t *testing.T) string {
	// -run takes a pattern for each level of the name; a quote would end the shell's.
	pattern := strings.NewReplacer("/", "$/^", "'", ".").Replace(regexp.QuoteMeta(t.Name()))
	command := fmt.Sprintf("go test ./tests/faults -count=1 -v -timeout 2h -seed %d -run '^%s$'", *seed, pattern)
	if *full {
		command += " -full"
	}
	return command
}

// stackPlayed is prod; the sample has time for dev.
func stackPlayed() string {
	if *full {
		return "prod"
	}
	return "dev"
}

// sample is a number for the sample and one for the full campaign.
func sample(few, all int) int {
	if *full {
		return all
	}
	return few
}
