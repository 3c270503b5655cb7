//go:build tools

// Package tools pins kube-score, which judges the rendered manifests.
package tools

import _ "github.com/zegl/kube-score/cmd/kube-score"
