// Package cassandra plans the Cassandra cluster and renders everything its machines are told: who the nodes are, which
// configuration they get, and the scripts that apply it. It knows nothing of Pulumi, so all of it is held by table tests.
//
// A machine is told things in two ways. Cloud-init runs once and can never change without replacing the machine, so it holds
// nothing that could want to change. The node script is idempotent and is sent again whenever one of its lines changes; it does
// the rest: data disk, Java 8, the release, configuration, and a restart if, and only if, something the process reads changed.
package cassandra
