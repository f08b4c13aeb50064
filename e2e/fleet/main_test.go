// Package fleet_test proves the closed loop: the program, a Git repository, a Kubernetes API with its controllers, and a Jenkins whose agents
// are the pods.
package fleet_test

import (
	"os"
	"testing"

	"majordomo.dev/e2e/site"
)

var ground *site.Ground

func TestMain(m *testing.M) { os.Exit(site.Main(m, func(g *site.Ground) { ground = g })) }
