// Package data creates what holds the platform's data, and the identities that reach it: the Cassandra cluster (Cassandra), the
// metrics database (MySQL), and the certificates of Cassandra's nodes and clients (Certificates).
//
// The nodes' certificates are issued, but not installed: Cassandra still speaks clear text, with a password, inside the network.
//
// What it refuses: anything but three Cassandra nodes, releases the node script wasn't written for, artifacts nobody vouches
// for, keyspaces two groups would share, and server figures Azure doesn't take. Cassandra is never reached by a public address,
// and MySQL through its private endpoint only.
//
// What it protects: the Cassandra machines and their data disks, the MySQL server and its database, the generated passwords,
// and the certificate authority, which is baked into the container images. Everything a Cassandra machine runs is sent to it as
// a managed Run Command: one per node, and on the first node one for the roles, one per gateway group and one for the metrics
// users. So a new version or setting updates a Run Command and never touches a machine or a disk. Nodes are handled one after another: machine, then its configuration, then the next, so that at most one
// is ever down.
package data
