package plan

import "strings"

// Exception is a check of kube-score (github.com/zegl/kube-score) that an object fails on purpose.
type Exception struct {
	// Check is the check's ID.
	Check string
	// Reason says why the object is right.
	Reason string
}

// The exceptions several objects share.
var (
	pinnedImage = Exception{"container-image-pull-policy",
		"the tag names one build for ever; asking the registry at each start would tie every restart to it"}
	productUser = Exception{"container-security-context-user-group-id",
		"the images belong to user and group 1000, as Axway's scripts build them"}
)

// HeadroomExceptions are those of the pods that keep room.
func HeadroomExceptions() []Exception {
	return []Exception{pinnedImage, {"deployment-has-poddisruptionbudget",
		"these pods are there to be taken away; a budget would hold up the drains they make room for"}}
}

// Annotations tell kube-score which checks to leave out, and the reader why.
func Annotations(exceptions []Exception) map[string]string {
	checks := make([]string, len(exceptions))
	annotations := map[string]string{}
	for i, e := range exceptions {
		checks[i] = e.Check
		annotations["apim.io/why-"+e.Check] = e.Reason
	}
	if len(checks) > 0 {
		annotations["kube-score/ignore"] = strings.Join(checks, ",")
	}
	return annotations
}
