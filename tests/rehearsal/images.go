package rehearsal

import (
	"fmt"
	"slices"
	"strings"
)

// Images are the images the configuration takes from the stack's own registry, as repository:tag, sorted.
func (r *Rig) Images() []string {
	r.mu.Lock()
	values := r.values
	r.mu.Unlock()
	if hasText(r.project.lookup(values, "registry.external")) {
		return nil
	}
	entries := []any{r.project.lookup(values, "workloads.anm"), r.project.lookup(values, "workloads.metricsSchema")}
	groups, _ := r.project.lookup(values, "workloads.groups").([]any)
	named := []any{r.project.lookup(values, "workloads.preflightImage")}
	for _, entry := range append(entries, groups...) {
		object, _ := entry.(map[string]any)
		named = append(named, object["image"])
	}
	var images []string
	for _, value := range named {
		if image, ok := value.(string); ok && image != "" {
			images = append(images, image)
		}
	}
	slices.Sort(images)
	return slices.Compact(images)
}

// Push puts images, as repository:tag, into the stack's simulated registry, as a pipeline does between the two stages. Without
// any, those of the configuration. It returns what was pushed, with the registry's address.
func (r *Rig) Push(images ...string) ([]string, error) {
	if len(images) == 0 {
		images = r.Images()
	}
	server := r.loginServer()
	if server == "" {
		return nil, fmt.Errorf("there is no registry yet: bring the platform up first, rehearse up %s --stage platform", r.flags())
	}
	var pushed []string
	for _, image := range images {
		image = strings.TrimPrefix(image, server+"/")
		if repository, tag, tagged := strings.Cut(image, ":"); !tagged || repository == "" || tag == "" {
			return pushed, fmt.Errorf("%q is no image; write repository:tag", image)
		}
		if err := r.azure.Push(server, image); err != nil {
			return pushed, err
		}
		pushed = append(pushed, server+"/"+image)
	}
	return pushed, nil
}

// loginServer is the address of the simulated registry, empty while there is none.
func (r *Rig) loginServer() string {
	for _, resource := range r.azure.Resources() {
		if server, ok := resource.Properties["loginServer"].(string); ok {
			return server
		}
	}
	return ""
}

// pushMissing has a pipeline push what the configuration names and the registry lacks. Without a registry there is nothing to do yet.
func (r *Rig) pushMissing() {
	server := r.loginServer()
	for _, image := range r.Images() {
		if server != "" && !r.azure.HasImage(server+"/"+image) {
			_ = r.azure.Push(server, image) // fails only when the registry went meanwhile
		}
	}
}

// hasImage tells whether a node could pull an image. What is in other registries than the simulated one can't be known.
func (r *Rig) hasImage(reference string) bool {
	server, _, _ := strings.Cut(reference, "/")
	if !strings.HasSuffix(server, ".azurecr.io") {
		return true
	}
	return r.azure.HasImage(reference)
}
