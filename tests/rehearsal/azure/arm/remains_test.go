package arm

import (
	"context"
	"path/filepath"
	"testing"
	"time"
)

func TestADeletedWorkspaceComesBackWithinFourteenDays(t *testing.T) {
	for _, c := range []struct {
		says    string
		passed  time.Duration
		revived bool
	}{
		{"at once", 0, true},
		{"after 13 days", 13 * 24 * time.Hour, true},
		{"after 15 days", 15 * 24 * time.Hour, false},
	} {
		t.Run(c.says, func(t *testing.T) {
			s := build(t, "")
			id := mustID(t, Lookup(byName(t, "workspace").token), byName(t, "workspace").inputs(s))
			before := mustGet(t, s, id)
			remove(t, s, "workspace")
			if err := s.Pass(c.passed); err != nil {
				t.Fatal(err)
			}
			put(t, s, byName(t, "workspace"))
			if same := mustGet(t, s, id).Properties["customerId"] == before.Properties["customerId"]; same != c.revived {
				t.Errorf("the workspace ID is the old one: %v, want %v", same, c.revived)
			}
		})
	}
}

func TestWhatIsLeftOfADeletedResourceSurvivesTheProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	s := build(t, "")
	s.file = path
	remove(t, s, "workspace")
	if err := s.Pass(5 * 24 * time.Hour); err != nil {
		t.Fatal(err)
	}
	again, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	again.Subscription, again.Tenant = s.Subscription, s.Tenant
	if again.clock.now() != 5*24*time.Hour {
		t.Errorf("%v passed, want 5 days", again.clock.now())
	}
	inputs := byName(t, "workspace").inputs(again)
	inputs["location"] = "northeurope"
	_, _, err = again.Put(context.Background(), Lookup(byName(t, "workspace").token), subscription, inputs, atOnce)
	expect(t, err, "workspace/deleted-a-while-ago", "northeurope")
}

func TestADeletedContainersNameIsFreeAgainAfterAWhile(t *testing.T) {
	s := build(t, "")
	deleted("container")(t, s)
	if err := s.Pass(time.Minute); err != nil {
		t.Fatal(err)
	}
	put(t, s, byName(t, "container"))
	again := build(t, "") // where nothing takes time, it is free at once
	remove(t, again, "container")
	put(t, again, byName(t, "container"))
}

func TestAReleasedAddressIsNotGivenAgain(t *testing.T) {
	s := build(t, "nat")
	before := mustGet(t, s, netID+"publicIPAddresses/nat-ip").Properties["ipAddress"]
	remove(t, s, "nat-ip")
	put(t, s, byName(t, "nat-ip"))
	if after := mustGet(t, s, netID+"publicIPAddresses/nat-ip").Properties["ipAddress"]; after == before {
		t.Errorf("the new address is %v again", after)
	}
}

func TestARoleCountsOnceItHasPropagated(t *testing.T) {
	s := build(t, "operator")
	s.Propagation = func(typ *Type, _ string) time.Duration {
		if typ.ARM != typeAssignment {
			t.Errorf("%s propagates", typ.ARM)
		}
		return time.Hour
	}
	put(t, s, byName(t, "operator"))
	put(t, s, byName(t, "network"))
	identity := principal(s, "cluster-identity")
	if s.Granted(identity, vnetID+"/subnets/aks", roleNetworkContributor) {
		t.Error("the role counts at once")
	}
	cluster := byName(t, "cluster")
	_, _, err := s.Put(context.Background(), Lookup(cluster.token), subscription, cluster.inputs(s), atOnce)
	expect(t, err, "managedcluster/kubelet-identity-operator", "")
	expect(t, err, "managedcluster/subnet-permission", "")
	for _, r := range s.ofType(typeAssignment) {
		r.Known = time.Now()
	}
	put(t, s, cluster)
	for scope, granted := range map[string]bool{vnetID + "/subnets/aks": true, vnetID + "/subnets/aks/x": true, vnetID: false, vnetID + "/subnets/aks2": false} {
		if s.Granted(identity, scope, roleNetworkContributor) != granted {
			t.Errorf("on %s: granted is %v", scope, !granted)
		}
	}
	if s.Granted(identity, vnetID+"/subnets/aks", acrPull) || s.Granted("somebody", vnetID+"/subnets/aks", roleNetworkContributor) {
		t.Error("another role or principal is granted too")
	}
}
