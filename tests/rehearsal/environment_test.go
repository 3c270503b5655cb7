package rehearsal

import (
	"slices"
	"testing"
)

func TestNothingOfTheCallersEnvironmentLeadsToACloud(t *testing.T) {
	got := scrub([]string{
		"PATH=/bin", "HOME=/home/me", "ARM_CLIENT_ID=1", "AZURE_TENANT_ID=2", "KUBECONFIG=/k", "KUBERNETES_SERVICE_HOST=h",
		"PULUMI_ACCESS_TOKEN=t", "PULUMI_BACKEND_URL=b", "HTTPS_PROXY=p", "GOFLAGS=-p=1", "MY_AZURE_NOTE=kept",
	})
	want := []string{"PATH=/bin", "HOME=/home/me", "HTTPS_PROXY=p", "GOFLAGS=-p=1", "MY_AZURE_NOTE=kept"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}
