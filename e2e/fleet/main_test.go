// Package fleet_test proves the closed loop: the program, a Git repository, a Kubernetes API with its controllers, and a Jenkins whose agents
// are the pods. Nothing in between is played but the containers and Jenkins itself, and both speak the real protocol.
package fleet_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"majordomo.dev/e2e/testcluster"
)

var real *testcluster.Cluster

// binary is where the program is built to, by the first test that needs it.
var binary string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "majordomo-e2e-")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	binary = filepath.Join(dir, "majordomo")
	return testcluster.Main(m, func(c *testcluster.Cluster) { real = c })
}

// program builds majordomo as `make build` does, once.
var program = sync.OnceValues(func() (string, error) {
	cmd := exec.Command("go", "build", "-ldflags", "-s -w", "-o", binary, "majordomo.dev/reconciler")
	cmd.Env, cmd.Stderr = append(os.Environ(), "CGO_ENABLED=0"), os.Stderr
	return binary, cmd.Run()
})
