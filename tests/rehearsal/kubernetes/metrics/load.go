package metrics

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Load is the path of the file that holds what workloads do. It is a file so that one command sets what another's autoscalers see.
type Load string

// Demand is what a workload as a whole would use if nothing limited it.
type Demand struct {
	// Cores is processor time, in cores, 0 or more.
	Cores float64 `json:"cores"`
	// MiB is memory, in MiB, 0 or more.
	MiB int `json:"mebibytes,omitempty"`
}

// ParseDemand reads WORKLOAD=CORES[,MEBIBYTES], such as traffic-internal=6 or apim/traffic-internal=6,9000. The workload is the
// name of a Deployment, StatefulSet or DaemonSet, with or without its namespace.
func ParseDemand(text string) (workload string, d Demand, err error) {
	workload, figures, found := strings.Cut(text, "=")
	cores, memory, hasMemory := strings.Cut(figures, ",")
	if !found || workload == "" {
		return "", d, fmt.Errorf("load %q: write it as WORKLOAD=CORES[,MEBIBYTES]", text)
	}
	if d.Cores, err = strconv.ParseFloat(cores, 64); err != nil || !(d.Cores >= 0 && d.Cores <= 1e6) {
		return "", d, fmt.Errorf("load %q: %q is no number of cores", text, cores)
	}
	if hasMemory {
		if d.MiB, err = strconv.Atoi(memory); err != nil || d.MiB < 0 {
			return "", d, fmt.Errorf("load %q: %q is no number of mebibytes", text, memory)
		}
	}
	return workload, d, nil
}

// Read returns the demand by workload; without a file there is none.
func (l Load) Read() (map[string]Demand, error) {
	all := map[string]Demand{}
	if l == "" {
		return all, nil
	}
	text, err := os.ReadFile(string(l))
	if errors.Is(err, fs.ErrNotExist) {
		return all, nil
	} else if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, fmt.Errorf("%s: %w", l, err)
	}
	return all, nil
}

// Set replaces the demand on a workload; no demand at all lets it idle again.
func (l Load) Set(workload string, d Demand) error {
	all, err := l.Read()
	if err != nil {
		return err
	}
	all[workload] = d
	if d == (Demand{}) {
		delete(all, workload)
	}
	text, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(string(l)), 0o700); err != nil {
		return err
	}
	// By way of a neighbour: a reader must not see half of it.
	if err := os.WriteFile(string(l)+".new", text, 0o600); err != nil {
		return err
	}
	return os.Rename(string(l)+".new", string(l))
}
