package overlays_test

import (
	"context"
	"os"
	"sync"
	"testing"
	"time"

	"majordomo.dev/e2e/testcluster"
)

// waitLimit is how long anything may take on a busy machine.
const waitLimit = 2 * time.Minute

// own is a cluster that no other test binary uses: the objects of the overlays have fixed names.
var own struct {
	sync.Once
	cluster *testcluster.Cluster
	err     error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if own.cluster != nil {
		own.cluster.Stop()
	}
	os.Exit(code)
}

func started(t *testing.T) *testcluster.Cluster {
	t.Helper()
	own.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute) // it may have to be built
		defer cancel()
		own.cluster, own.err = testcluster.Start(ctx, "--nodes=2")
	})
	if own.err != nil {
		t.Fatal(own.err)
	}
	return own.cluster
}
