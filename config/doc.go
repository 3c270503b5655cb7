// Package config reads one stack's configuration into types, with the reference architecture's figures as defaults, and refuses
// what can't work before anything is registered.
//
// Load is strict: an unknown key at any depth is an error, as are wrong types, values outside their range and combinations
// Azure, Kubernetes or the product would refuse later. All problems are reported at once, sorted by key; each names the key,
// the value, the rule and the way out. The value of a secret is never shown.
//
// Rules about one key sit in the tags of types.go; formats.go says what each format means. Rules that need several keys are in
// the validate_*.go files, one theme each. docs/configuration.md and the list of keys in Pulumi.yaml follow the types: a test
// fails when they don't.
package config

//go:generate go run ./docgen ../docs/configuration.md
