package site

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"majordomo.dev/e2e/testcluster"
)

// Ground is what the sites of a test binary share: a cluster, and the program. Each is there from when a test first needs it.
type Ground struct {
	cluster *testcluster.Cluster
	root    string // of the repository
	program func() (string, error)
}

// Main runs the tests of a binary with a ground for sites. Its result is for os.Exit. The package is two folders below the root of the repository.
func Main(m *testing.M, set func(*Ground)) int {
	dir, err := os.MkdirTemp("", "majordomo-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	return testcluster.Main(m, func(c *testcluster.Cluster) {
		root := filepath.Join("..", "..")
		set(&Ground{cluster: c, root: root, program: sync.OnceValues(func() (string, error) { return build(root, filepath.Join(dir, "majordomo")) })})
	})
}

// build builds majordomo as `make build` does, from the product's own module.
func build(root, to string) (string, error) {
	cmd := exec.Command("go", "build", "-ldflags", "-s -w", "-o", to, "majordomo.dev/reconciler") //nolint:noctx // for all tests, so of none
	cmd.Dir = root
	cmd.Env, cmd.Stderr = append(os.Environ(), "CGO_ENABLED=0"), os.Stderr
	return to, cmd.Run()
}
