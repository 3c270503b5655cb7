// Package monitoring creates the Log Analytics workspace for the logs of the cluster and the machines. Nothing is connected to it
// yet.
//
// It refuses a retention or a daily quota Azure doesn't take. The workspace is not protected: it holds a copy of what happened,
// nothing the platform runs on, and Azure keeps a deleted one recoverable for 14 days.
package monitoring
