package controlplane

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"k8s.io/client-go/tools/clientcmd"
	clientapi "k8s.io/client-go/tools/clientcmd/api"
)

// The application IDs are Microsoft's, the same in every tenant: the AKS Entra server and the AKS Entra client
// (MicrosoftDocs/azure-aks-docs, kubelogin).
const (
	entraServer = "6dae42f8-4368-4678-94ff-3960e28e3630"
	entraClient = "80faf920-1908-4b52-b5ef-a8e7bedfc67a"
)

// kubeconfig writes the file az aks get-credentials would, with the rehearsal's address and authority.
func (id *identity) kubeconfig(clusterID string, admin bool) (string, error) {
	cluster := path.Base(clusterID)
	who := resourceGroup(clusterID) + "_" + cluster
	user, context := "clusterUser_"+who, cluster
	credentials := &clientapi.AuthInfo{Exec: &clientapi.ExecConfig{
		APIVersion:         "client.authentication.k8s.io/v1beta1",
		Command:            "kubelogin",
		Args:               []string{"get-token", "--environment", "AzurePublicCloud", "--server-id", entraServer, "--client-id", entraClient, "--login", "devicecode"},
		InteractiveMode:    clientapi.IfAvailableExecInteractiveMode,
		ProvideClusterInfo: false,
	}}
	if admin {
		user, context = "clusterAdmin_"+who, cluster+"-admin"
		credentials = &clientapi.AuthInfo{ClientCertificateData: id.adminCert, ClientKeyData: id.adminKey}
	}
	config := clientapi.NewConfig()
	config.Clusters[cluster] = &clientapi.Cluster{Server: id.server(), CertificateAuthorityData: id.ca}
	config.AuthInfos[user] = credentials
	config.Contexts[context] = &clientapi.Context{Cluster: cluster, AuthInfo: user}
	config.CurrentContext = context
	text, err := clientcmd.Write(*config)
	if err != nil {
		return "", fmt.Errorf("kubeconfig of %s: %w", clusterID, err)
	}
	return string(text), nil
}

// resourceGroup returns the group's name in a resource ID, or "" where there is none.
func resourceGroup(id string) string {
	parts := strings.Split(id, "/")
	i := slices.IndexFunc(parts, func(p string) bool { return strings.EqualFold(p, "resourceGroups") })
	if i < 0 || i+1 == len(parts) {
		return ""
	}
	return parts[i+1]
}
