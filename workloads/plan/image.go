package plan

import (
	"fmt"
	"regexp"
	"strings"
)

// The parts of an image reference, as the distribution specification writes them.
var (
	repositoryPattern = regexp.MustCompile(`^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$`)
	tagPattern        = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`)
	digestPattern     = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
)

// ImageFault says which rule an image breaks and what to do about it; both are empty for a good one. An image is
// repository:tag, repository:tag@digest or repository@digest, relative to the registry, and must say exactly what runs: a
// missing or moving tag leaves nothing to go back to.
func ImageFault(image string) (rule, wayOut string) {
	reference, digest, pinned := strings.Cut(image, "@")
	repository, tag, tagged := strings.Cut(reference, ":")
	first, _, nested := strings.Cut(reference, "/")
	switch {
	case nested && strings.ContainsAny(first, ".:"):
		return "names a registry", "write repository:tag only; another registry goes into registry.external"
	case !repositoryPattern.MatchString(repository):
		return "must be repository:tag, with a repository of lower-case letters and digits, joined by dots, dashes, underscores and slashes", "write it as apim/anm:7.7-1"
	case pinned && !digestPattern.MatchString(digest):
		return "has a malformed digest", "write it as @sha256: and 64 hexadecimal digits"
	case tag == "latest":
		return "is tagged latest, which changes under a running stack and can't be rolled back", "use the tag of one build"
	case !tagged && !pinned:
		return "has no tag, which means latest", "add the tag of one build, such as :7.7-1"
	case tagged && !tagPattern.MatchString(tag):
		return "has a malformed tag", "use 1 to 128 letters, digits, underscores, dots and dashes, not starting with a dot or dash"
	}
	return "", ""
}

// CheckImage is ImageFault as an error under a configuration key.
func CheckImage(key, image string) error {
	if rule, wayOut := ImageFault(image); rule != "" {
		return fmt.Errorf("%s: %q %s; %s", key, image, rule, wayOut)
	}
	return nil
}
