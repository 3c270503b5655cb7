package fed

import (
	"bufio"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// mergeName is what a merge directory must be called. Source: the reference, and Axway's container guide (documented).
const mergeName = "apigateway"

// licenses is where a merge directory brings licence files to; the product takes only names that end in .lic.
const licenses = "conf/licenses"

// instanceProperties and commonProperties are where envSettings.props may lie; the instance's own wins.
const (
	instanceProperties = "groups/emt-group/emt-service/conf/envSettings.props"
	commonProperties   = "conf/envSettings.props"
)

// maxProperties is the largest envSettings.props that is read, in bytes.
const maxProperties = 1 << 20

// mergeDirectory checks what is laid over the installation. It follows no links.
func (c *checker) mergeDirectory(dir string) error {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	var files, links []string
	err = fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.Type()&fs.ModeSymlink != 0:
			if leaves(dir, name) {
				links = append(links, name)
			}
		case d.Type().IsRegular():
			files = append(files, name)
		}
		return nil
	})
	if err != nil {
		return err
	}
	c.mergeNamed(filepath.Base(absolute))
	c.mergeLevel(files)
	c.mergeLinks(links)
	c.mergeLicenses(files)
	c.mergeDriver(files)
	for _, name := range []string{commonProperties, instanceProperties} {
		if slices.Contains(files, name) {
			if err := c.readProperties(filepath.Join(dir, name)); err != nil {
				return err
			}
		}
	}
	return nil
}

// leaves tells whether a link points outside of the directory: the build would copy a dangling link, or a file of the build
// machine.
func leaves(dir, name string) bool {
	target, err := os.Readlink(filepath.Join(dir, name))
	if err != nil || filepath.IsAbs(target) {
		return true
	}
	inside := path.Join(path.Dir(name), filepath.ToSlash(target))
	return inside == ".." || strings.HasPrefix(inside, "../")
}

// mergeFinding is met unless something is wrong.
func mergeFinding(id, requirement string, level Level, basis Basis, found string, wrong []string, wayOut string) Finding {
	f := Finding{
		ID: "merge." + id, Requirement: requirement, Level: level, Result: Met,
		Found: found, Where: "merge directory", Basis: basis, WayOut: wayOut,
	}
	if len(wrong) > 0 {
		f.Result, f.Found = Broken, shorten(strings.Join(wrong, ", "))
	}
	return f
}

func (c *checker) mergeNamed(name string) {
	var wrong []string
	if name != mergeName {
		wrong = []string{name}
	}
	c.add(mergeFinding("name", "the merge directory is named "+mergeName, Must, Documented, shorten(name), wrong,
		"rename it: image builds take no other name"))
}

func (c *checker) mergeLevel(files []string) {
	var wrong []string
	if slices.ContainsFunc(files, func(name string) bool { return strings.HasPrefix(name, mergeName+"/") }) {
		wrong = []string{mergeName + " inside " + mergeName}
	}
	c.add(mergeFinding("level", "its files lie as in the installation", Must, Documented, fmt.Sprintf("%d files", len(files)), wrong,
		"move the content of the inner "+mergeName+" one level up"))
}

func (c *checker) mergeLinks(links []string) {
	c.add(mergeFinding("links", "no link leaves it", Must, Assumed, "none", links, "replace the links by the files they point to"))
}

func (c *checker) mergeLicenses(files []string) {
	var wrong []string
	for _, name := range files {
		if path.Dir(name) == licenses && path.Ext(name) != ".lic" {
			wrong = append(wrong, name)
		}
	}
	c.add(mergeFinding("licenses", "licence files are named *.lic", Must, Documented, "none named otherwise", wrong,
		"rename them: the product finds no others"))
}

func (c *checker) mergeDriver(files []string) {
	found := slices.DeleteFunc(slices.Clone(files), func(name string) bool {
		return path.Dir(name) != "ext/lib" || path.Ext(name) != ".jar" ||
			!strings.Contains(strings.ToLower(name), "mysql") && !strings.Contains(strings.ToLower(name), "mariadb")
	})
	var wrong []string
	if len(found) == 0 {
		wrong = []string{"no MySQL driver in ext/lib"}
	}
	brought := shorten(strings.Join(found, ", "))
	c.add(mergeFinding("driver", "it brings the metrics database's driver", Should, Documented, brought, wrong,
		"put the JDBC driver's .jar into ext/lib, unless the parent image has it"))
}

// readProperties takes the env.NAME=VALUE lines of an envSettings.props over the images' own.
func (c *checker) readProperties(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || info.Size() > maxProperties {
		return fmt.Errorf("%s: is larger than %d bytes, or can't be read (%v)", name, maxProperties, err)
	}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, maxProperties)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		key, text, ok := strings.Cut(line, "=")
		if property, isEnv := strings.CutPrefix(strings.TrimSpace(key), "env."); ok && isEnv && line[0] != '#' && line[0] != '!' {
			c.properties[property] = strings.TrimSpace(text)
		}
	}
	return lines.Err()
}
