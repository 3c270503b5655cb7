package fed

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
)

// limits bound an archive: its own size, the number of entries, and what one of them and all of them unpack to, in bytes.
type limits struct{ archive, entries, entry, total int64 }

// packageLimits are far above real packages (Axway's demonstrations have 18 entries and 4 MB): beyond them a file is hostile or
// no configuration.
var packageLimits = limits{archive: 256 << 20, entries: 4096, entry: 64 << 20, total: 256 << 20}

// archive is what is read of a package: its XML stores, checksums and manifests, by name. Nothing is ever written to disk.
type archive struct {
	path  string
	files map[string][]byte
}

// openArchive reads a package. A file that is none, breaks the limits, or has entries that would leave a folder they were
// unpacked to, is an error.
func openArchive(name string, most limits) (*archive, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() > most.archive {
		return nil, fmt.Errorf("%s: %d bytes; a package has %d at most", name, info.Size(), most.archive)
	}
	head := make([]byte, 2)
	if n, _ := f.ReadAt(head, 0); n == 2 && bytes.Equal(head, []byte{0x1f, 0x8b}) {
		return nil, fmt.Errorf("%s: is compressed with gzip, as YAML configurations are; only .fed, .pol and .env are read", name)
	}
	r, err := zip.NewReader(f, info.Size())
	if err != nil {
		return nil, fmt.Errorf("%s: is no package: %w", name, err)
	}
	files, err := readEntries(r, most)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &archive{name, files}, nil
}

func readEntries(r *zip.Reader, most limits) (map[string][]byte, error) {
	if int64(len(r.File)) > most.entries {
		return nil, fmt.Errorf("%d entries; a package has %d at most", len(r.File), most.entries)
	}
	files, left := map[string][]byte{}, most.total
	seen := map[string]bool{}
	for _, entry := range r.File {
		if err := checkName(entry.Name); err != nil {
			return nil, err
		}
		if seen[entry.Name] {
			return nil, fmt.Errorf("entry %q is there twice; readers disagree about which one counts", entry.Name)
		}
		seen[entry.Name] = true
		if !wanted(entry.Name) {
			continue
		}
		content, err := readEntry(entry, min(most.entry, left))
		if err != nil {
			return nil, fmt.Errorf("entry %q: %w", entry.Name, err)
		}
		left -= int64(len(content))
		files[entry.Name] = content
	}
	return files, nil
}

// checkName refuses names that point outside of the archive. They are harmless here, but the same file is unpacked later.
func checkName(name string) error {
	slashed := strings.ReplaceAll(name, `\`, "/")
	clean := path.Clean(slashed)
	drive := len(slashed) > 1 && slashed[1] == ':'
	if path.IsAbs(slashed) || drive || clean == ".." || strings.HasPrefix(clean, "../") || strings.ContainsRune(name, 0) {
		return fmt.Errorf("entry %q leaves the archive", name)
	}
	return nil
}

func wanted(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".xml", ".sha256", ".mf":
		return true
	}
	return false
}

var errTooLarge = errors.New("unpacks to more than a package may")

// readEntry trusts what comes out, not the size the archive states.
func readEntry(entry *zip.File, most int64) ([]byte, error) {
	r, err := entry.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	content, err := io.ReadAll(io.LimitReader(r, most+1))
	if err != nil {
		return nil, err
	}
	if int64(len(content)) > most {
		return nil, errTooLarge
	}
	return content, nil
}

// altered names the stores whose content isn't the one their checksum was made of.
func (a *archive) altered() []string {
	var names []string
	for name, sum := range a.files {
		store, isSum := strings.CutSuffix(name, ".sha256")
		content, ok := a.files[store+".xml"]
		if !isSum || !ok {
			continue
		}
		if got := sha256.Sum256(content); !strings.EqualFold(strings.TrimSpace(string(sum)), hex.EncodeToString(got[:])) {
			names = append(names, shorten(path.Base(store))+".xml")
		}
	}
	return names
}
