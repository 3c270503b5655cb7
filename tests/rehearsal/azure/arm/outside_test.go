package arm

import (
	"context"
	"errors"
	"strings"
	"testing"
)

const (
	nodesID    = "/subscriptions/" + subscription + "/resourceGroups/rg-nodes"
	balancerID = nodesID + "/providers/Microsoft.Network/loadBalancers/kubernetes"
)

// listen adds a listener on a frontend port of the gateway.
func listen(port string) func(Object) {
	return func(p Object) {
		p["httpListeners"] = append(list(p, "httpListeners"), Object{
			"name": "more", "protocol": "Http", "hostNames": []any{"more.example.com"}, "frontendPort": ref("$self/frontendPorts/" + port),
			"frontendIPConfiguration": ref("$self/frontendIPConfigurations/public"),
		})
	}
}

func TestAWriteByAnotherClientGivesPartsTheirIDsAndTheResourceANewEtag(t *testing.T) {
	s := build(t, "")
	before, _ := s.Get(gatewayID)
	if err := s.Replace(t.Context(), strings.ToUpper(gatewayID), listen("http"), atOnce); err != nil {
		t.Fatal(err)
	}
	after, err := s.Get(gatewayID)
	if err != nil {
		t.Fatal(err)
	}
	listeners := objects(after.Properties, "httpListeners")
	if len(listeners) != 2 || text(listeners[1], "id") != gatewayID+"/httpListeners/more" || text(listeners[1], "provisioningState") != "Succeeded" {
		t.Errorf("listeners %v", listeners)
	}
	if text(after.Properties, "etag") == text(before.Properties, "etag") {
		t.Error("the etag stayed")
	}
	for _, same := range []string{"resourceGuid", "sku", "zones", "sslPolicy", "location"} {
		if !covers(before.Properties[same], after.Properties[same]) {
			t.Errorf("%s was %v and is %v", same, before.Properties[same], after.Properties[same])
		}
	}
	for name := range after.Properties {
		if before.Properties[name] == nil {
			t.Errorf("the write added %s", name)
		}
	}
	if after.State != "Succeeded" || after.Generation != before.Generation {
		t.Errorf("state %s, generation %d, want Succeeded, %d", after.State, after.Generation, before.Generation)
	}
}

func TestAWriteByAnotherClientIsHeldToTheTypesRules(t *testing.T) {
	s := build(t, "")
	before, _ := s.Get(gatewayID)
	err := s.Replace(t.Context(), gatewayID, listen("missing"), atOnce)
	var refusal *Error
	if !errors.As(err, &refusal) || refusal.Code != "InvalidResourceReference" {
		t.Errorf("%v", err)
	}
	if after, _ := s.Get(gatewayID); !same(after.Properties, before.Properties) {
		t.Error("the refused write left something behind")
	}
	if err := s.Replace(t.Context(), gatewayID+"2", listen("http"), atOnce); CodeOf(err) != "ResourceNotFound" {
		t.Errorf("a resource that isn't there: %v", err)
	}
	if err := s.Replace(t.Context(), nodesID, func(Object) {}, atOnce); err == nil || !strings.Contains(err.Error(), clusterID) {
		t.Errorf("a resource of Azure's own: %v", err)
	}
}

func TestAWriteByAnotherClientIsRefusedWhileAnotherRuns(t *testing.T) {
	s := build(t, "")
	during := error(nil)
	slow := func(ctx context.Context, _ float64) error {
		during = s.Replace(ctx, gatewayID, listen("http"), atOnce)
		return nil
	}
	if err := s.Replace(t.Context(), gatewayID, func(p Object) { p["enableHttp2"] = true }, slow); err != nil {
		t.Fatal(err)
	}
	if CodeOf(during) != "AnotherOperationInProgress" {
		t.Errorf("the second write: %v", during)
	}
	if err := s.Replace(t.Context(), gatewayID, listen("http"), atOnce); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestAWriteByAnotherClientKeepsWhatAzureNeverShows(t *testing.T) {
	s := build(t, "")
	before := s.find(mysqlID).Hidden["administratorLoginPassword"]
	if before == "" {
		t.Fatal("the fixture's password isn't hidden")
	}
	gaveUp := func(context.Context, float64) error { return context.Canceled } // the client, not Azure
	if err := s.Replace(t.Context(), mysqlID, func(p Object) { p["tags"] = Object{"by": "hand"} }, gaveUp); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if by := text(s.find(mysqlID).Properties, "tags.by"); by != "hand" {
		t.Errorf("the accepted write wasn't finished: %q", by)
	}
	if after := s.find(mysqlID).Hidden["administratorLoginPassword"]; after != before {
		t.Errorf("the password's print was %s and is %s", before, after)
	}
	if err := s.Replace(t.Context(), mysqlID, func(p Object) { p["administratorLoginPassword"] = "Another-Password-1" }, atOnce); err != nil {
		t.Fatal(err)
	}
	if after := s.find(mysqlID).Hidden["administratorLoginPassword"]; after == before {
		t.Error("a new password left the old print")
	}
}

func TestWhatAzureBringsHoldsAddressesAndGoesWithItsOwner(t *testing.T) {
	s := build(t, "")
	ip := netID + "publicIPAddresses/ingress-ip"
	put(t, s, fixture{"ingress-ip", "azure-native:network:PublicIPAddress", fixed(here(Object{
		"publicIpAddressName": "ingress-ip", "sku": Object{"name": "Standard"}, "publicIPAllocationMethod": "Static",
	}))})
	own := nodesID + "/providers/" + typePublicIP + "/own"
	balancer := Object{"frontendIPConfigurations": []any{Object{"name": "web", "publicIPAddress": ref(ip)}}}
	if err := errors.Join(s.Bring(clusterID, typePublicIP, own, Object{}), s.Bring(clusterID, "Microsoft.Network/loadBalancers", balancerID, balancer)); err != nil {
		t.Fatal(err)
	}
	if r, err := s.Get(own); err != nil || !strings.HasPrefix(text(r.Properties, "ipAddress"), "203.0.113.") {
		t.Errorf("address %v, %v", r.Properties, err)
	}
	remove := func() error {
		_, err := s.Delete(t.Context(), Lookup("azure-native:network:PublicIPAddress"), ip, atOnce)
		return err
	}
	if err := remove(); CodeOf(err) != "PublicIPAddressCannotBeDeleted" {
		t.Errorf("the address in use could be deleted: %v", err)
	}
	if err := errors.Join(s.Withdraw(balancerID), s.Withdraw(balancerID), remove()); err != nil {
		t.Errorf("without the load balancer: %v", err)
	}
	if _, err := s.Delete(t.Context(), Lookup("azure-native:containerservice:ManagedCluster"), clusterID, atOnce); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(own); CodeOf(err) != "ResourceNotFound" {
		t.Errorf("the address outlived the cluster: %v", err)
	}
	if err := s.Bring(clusterID, typePublicIP, own, Object{}); CodeOf(err) != "ResourceNotFound" {
		t.Errorf("for an owner that is gone: %v", err)
	}
}

func TestWhatARequestMadeIsNotAzuresToBringOrTake(t *testing.T) {
	s := build(t, "")
	ip := netID + "publicIPAddresses/nat-ip"
	if err := s.Bring(clusterID, typePublicIP, ip, Object{}); CodeOf(err) != "Conflict" {
		t.Errorf("brought over a request's: %v", err)
	}
	if err := s.Withdraw(ip); err == nil {
		t.Error("a request's resource could be withdrawn")
	}
	if _, err := s.Get(ip); err != nil {
		t.Error(err)
	}
}
