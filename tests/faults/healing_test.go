package faults_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"apim-azure/tests/rehearsal"
	"apim-azure/tests/rehearsal/azure"
)

// lasting is often enough for a fault that stays until it is lifted.
const lasting = 1000

// TestWhatIsAddedLaterHealsTheStack brings a stack up where something is missing that somebody has to add: a role, a subnet, an
// image. The update ends with words that say what; once it is there, the next update goes on, and nobody touches the state.
func TestWhatIsAddedLaterHealsTheStack(t *testing.T) {
	t.Parallel()
	r := &report{campaign: t.Name()}
	defer r.print(t)
	r.trial(t, "the deployer may not assign roles", healRefusedRoles)
	r.trial(t, "an image is missing", healMissingImage)
	if !*full {
		return
	}
	r.trial(t, "a subnet can't be made", healRefusedSubnet)
	r.trial(t, "a subnet is deleted", healDeletedSubnet)
	r.trial(t, "the ingress controller has no role", healControllersRole)
}

func healRefusedRoles(t *testing.T, rec *record) {
	w := open(t, stackPlayed(), rehearsal.Options{Config: workloads, Faults: azureFaults(
		azure.Fault{Token: "azure-native:authorization:RoleAssignment", Call: "create", Code: "AuthorizationFailed", Times: lasting},
	)})
	w.fails(rec, w.up(), "AuthorizationFailed")
	w.Subscription().Lift()
	w.heals(rec, "role granted")
}

func healRefusedSubnet(t *testing.T, rec *record) {
	w := open(t, stackPlayed(), rehearsal.Options{Config: workloads, Faults: azureFaults(
		azure.Fault{Token: "azure-native:network:Subnet", Name: subnetName("private-endpoints"), Call: "create", Code: "NetcfgSubnetRangesOverlap", Times: lasting},
	)})
	w.fails(rec, w.up(), "NetcfgSubnetRangesOverlap", "network-subnet-private-endpoints")
	w.Subscription().Lift()
	w.heals(rec, "range freed")
}

func azureFaults(faults ...azure.Fault) rehearsal.Faults { return rehearsal.Faults{Azure: faults} }

func subnetName(name string) string { return fmt.Sprintf("apim-%s-subnet-%s", stackPlayed(), name) }

// healDeletedSubnet lets someone delete a subnet before anything uses it: a plain update fails on what was to use it, one that
// refreshes first makes it again.
func healDeletedSubnet(t *testing.T, rec *record) {
	w := open(t, stackPlayed(), rehearsal.Options{Config: workloads, Faults: azureFaults(
		azure.Fault{Token: "azure-native:network:NetworkInterface", Call: "create", Code: "OperationNotAllowedByPolicy", Times: lasting},
	)})
	w.fails(rec, w.up(), "OperationNotAllowedByPolicy")
	subnet := w.live("azure-native:network:Subnet", subnetName("bastion"))
	if err := w.Subscription().Remove(context.Background(), subnet.ID); err != nil {
		t.Fatal(err)
	}
	w.Subscription().Lift()
	w.fails(rec, w.up(), subnet.Name)
	w.heals(rec, "refreshed", "--refresh")
}

func healMissingImage(t *testing.T, rec *record) {
	w := openWithoutImages(t, stackPlayed(), rehearsal.Options{Config: workloads})
	a := w.up()
	w.fails(rec, a, "ImagePullBackOff")
	if !slices.ContainsFunc(w.Images(), func(image string) bool { return strings.Contains(a.said(), "/"+image) }) {
		rec.problem("the failed update names no image: " + a.errors())
	}
	if _, err := w.Push(); err != nil {
		t.Fatal(err)
	}
	w.heals(rec, "images pushed")
}

// healControllersRole takes the ingress controller's roles on the gateway and its group away before there are routes. With the former
// alone it would still find and publish the address, so that an update would notice nothing.
func healControllersRole(t *testing.T, rec *record) {
	w := openUp(t, rehearsal.Options{Config: platform, TimeScale: killScale})
	s := w.state()
	for _, name := range []string{"identities-agic-on-gateway", "identities-agic-on-group"} {
		role, known := s.find(name, "azure-native:authorization:RoleAssignment")
		if !known {
			t.Fatalf("the ingress controller has no role %s", name)
		}
		if err := w.Subscription().Remove(context.Background(), role.ID); err != nil {
			t.Fatal(err)
		}
	}
	w.configure(workloads)
	w.fails(rec, w.up(), "ingress")
	w.heals(rec, "role granted", "--refresh")
	for _, r := range w.state().of("kubernetes:networking.k8s.io/v1") {
		if address, ok := get(r.Outputs, path{"status", "loadBalancer", "ingress", 0, "ip"}); !ok {
			rec.problem(fmt.Sprintf("%s has no address", r.name()))
		} else {
			rec.step("%s has %v", r.name(), address)
		}
	}
}

// fails notes an update that must have failed with some words.
func (w *world) fails(rec *record, a act, words ...string) {
	w.t.Helper()
	if a.ok() {
		w.t.Fatalf("the update succeeded; it should have failed with %q", words)
	}
	for _, word := range words {
		if !strings.Contains(a.said(), word) {
			rec.problem(fmt.Sprintf("the failed update doesn't say %q: %s", word, a.errors()))
		}
	}
	rec.step("failed: %s", firstLine(a.errors()))
}

// heals runs the update that must succeed.
func (w *world) heals(rec *record, added string, args ...string) {
	w.t.Helper()
	rec.step("%s", added)
	if a := w.up(args...); !a.ok() {
		rec.problem("the update failed: " + a.errors())
		return
	}
	rec.step("up")
	rec.problem(w.check("workloads")...)
}
