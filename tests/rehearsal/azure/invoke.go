package azure

import (
	"context"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"apim-azure/tests/rehearsal/azure/arm"
)

// principalOfDeployer is the object ID of whoever runs the rehearsal.
const principalOfDeployer = "5f0c1d2e-0000-4000-8000-00000000d0e5"

// Invoke serves the calls the program makes. Like the real ones they fail for what doesn't exist.
func (p *provider) Invoke(ctx context.Context, req plugin.InvokeRequest) (plugin.InvokeResponse, error) {
	args := plain(req.Args)
	var outputs map[string]any
	var err error
	switch token := string(req.Tok); token {
	case "azure-native:authorization:getClientConfig":
		outputs = p.clientConfig()
	case "azure-native:storage:listStorageAccountKeys":
		outputs, err = p.accountKeys(args)
	case "azure-native:containerservice:listManagedClusterUserCredentials":
		outputs, err = p.credentials(ctx, args, false)
	case "azure-native:containerservice:listManagedClusterAdminCredentials":
		outputs, err = p.credentials(ctx, args, true)
	default:
		return p.get(token, args)
	}
	if err != nil {
		return plugin.InvokeResponse{}, err
	}
	return plugin.InvokeResponse{Properties: resource.NewPropertyMapFromMap(outputs)}, nil
}

// get serves the calls that look a resource up: azure-native:compute:getDisk reads a Disk.
func (p *provider) get(token string, args map[string]any) (plugin.InvokeResponse, error) {
	read := strings.Replace(token, ":get", ":", 1)
	t, shape, err := p.lookup(read)
	if read == token || err != nil {
		return plugin.InvokeResponse{}, fmt.Errorf("the azure stand-in doesn't know the call '%s'", token)
	}
	id, err := t.ID(p.subscriptionID, args)
	if err != nil {
		return plugin.InvokeResponse{}, err
	}
	outputs, live, err := p.read(t, shape, id)
	if err != nil {
		return plugin.InvokeResponse{}, fmt.Errorf("request failed %s: %w", id, err)
	}
	outputs["id"] = resource.NewStringProperty(live.ID)
	return plugin.InvokeResponse{Properties: outputs}, nil
}

func (p *provider) clientConfig() map[string]any {
	return map[string]any{
		"clientId": p.clientID, "objectId": principalOfDeployer, "subscriptionId": p.subscriptionID, "tenantId": p.options.TenantID,
	}
}

func (p *provider) accountKeys(args map[string]any) (map[string]any, error) {
	id, err := arm.Lookup("azure-native:storage:StorageAccount").ID(p.subscriptionID, args)
	if err != nil {
		return nil, err
	}
	keys, err := p.store.AccountKeys(id)
	if err != nil {
		return nil, fmt.Errorf("request failed %s/listKeys: %w", id, err)
	}
	var list []any
	for i, key := range keys {
		list = append(list, map[string]any{"keyName": fmt.Sprintf("key%d", i+1), "value": key, "permissions": "FULL", "creationTime": "2026-11-23T00:00:00.0000000Z"})
	}
	return map[string]any{"keys": list}, nil
}

// credentials returns a kubeconfig the way AKS does: base64 in a list of one. Admin credentials don't exist where local
// accounts are turned off.
func (p *provider) credentials(ctx context.Context, args map[string]any, admin bool) (map[string]any, error) {
	id, err := arm.Lookup("azure-native:containerservice:ManagedCluster").ID(p.subscriptionID, args)
	if err != nil {
		return nil, err
	}
	cluster, err := p.store.Get(id)
	if err != nil {
		return nil, fmt.Errorf("request failed %s: %w", id, err)
	}
	if disabled, _ := cluster.Properties["disableLocalAccounts"].(bool); admin && disabled {
		return nil, &arm.Error{Status: 400, Code: "BadRequest", Message: "Getting static credential is not allowed because this cluster is set to disable local accounts."}
	}
	if p.options.Clusters == nil {
		return nil, fmt.Errorf("this rehearsal runs no control planes; cluster %s has no credentials", cluster.Name)
	}
	config, err := p.options.Clusters.Kubeconfig(ctx, cluster.ID, admin)
	if err != nil {
		return nil, err
	}
	name := "clusterUser"
	if admin {
		name = "clusterAdmin"
	}
	return map[string]any{"kubeconfigs": []any{map[string]any{"name": name, "value": encode(config)}}}, nil
}
