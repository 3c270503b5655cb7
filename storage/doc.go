// Package storage creates the shared volume of the transaction events and the containers logs are meant to be streamed to;
// nothing streams into them yet.
//
// Events is premium file storage with one SMB share, mounted by ANM and all gateways. SMB, because Azure Backup does not
// cover NFS shares. The cluster mounts it with the account's key, so shared-key access stays on.
//
// Logs is premium block blob storage, or standard storage with a copy in the paired region where that is asked for, with
// one container each for Kubernetes, container and application logs. A lifecycle rule deletes what is too old; premium
// accounts know no other action.
//
// Both deny everything by default and let in the AKS subnet, through its service endpoint, and trusted Azure services, which
// backup needs. Both take TLS 1.2 only, no anonymous access and no plain HTTP. Containers and share are created through the
// resource manager: the deployer never passes the accounts' firewalls.
//
// Sizes and retentions out of Azure's range are refused. Accounts, share and containers are protected: they hold data.
package storage
