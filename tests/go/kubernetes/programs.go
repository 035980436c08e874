//go:build programs

// Package kubernetes names the programs of Kubernetes that the tests run, so that go.mod holds what they need.
package kubernetes

import (
	_ "k8s.io/kubernetes/cmd/kube-apiserver"
)
