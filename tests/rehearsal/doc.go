// Package rehearsal is an environment in which the ordinary `pulumi` command runs on the ordinary project, with no cloud
// account.
//
// What is real: the CLI and its engine, the compiled program, the project and stack files (copied, see below), the state
// backend (a folder), and the Kubernetes API server. What is played: the providers of Azure, Kubernetes, random and tls, and the
// language runtime, served by this process, which the engine attaches to instead of starting plugins.
//
// A Rig keeps everything of one stack in a folder, by default .rehearsal/<stack>: the compiled program, the copies of
// Pulumi.yaml and of the stack's file, the backend, a PULUMI_HOME, the simulated subscription, the cluster's data and the
// log. The copies differ from the originals in the runtime's options (the compiled program), in how secrets are encrypted (a
// fixed passphrase), and in the secrets themselves: nobody's secrets are needed, and none are read. Values are made up once
// and kept, so that a second preview is empty.
//
// Of the caller's environment, everything that leads to a cloud, a cluster or a Pulumi account is withheld.
package rehearsal
