// Package testcluster gives tests a real Kubernetes cluster of their own: the majordomo-cluster binary,
// started in seconds, gone with the test process however that ends. Nothing of the user's is read.
package testcluster

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
)

// Cluster is a running cluster. All methods may be called from many tests at once.
type Cluster struct {
	mu      sync.Mutex
	running *server
	stopped bool
}

// Start gives a running cluster: the one that the file named by MAJORDOMO_CLUSTER_STATE describes, which many
// test binaries can share, else one of its own. With args, flags of `majordomo-cluster up`, it always is its own.
// The context bounds the start only.
func Start(ctx context.Context, args ...string) (*Cluster, error) {
	c := new(Cluster)
	if err := c.start(ctx, args); err != nil {
		return nil, err
	}
	return c, nil
}

// Main runs the tests of a binary with one cluster, which starts when a test first uses it. Its result is for os.Exit:
//
//	func TestMain(m *testing.M) {
//		os.Exit(testcluster.Main(m, func(c *testcluster.Cluster) { cluster = c }))
//	}
func Main(m *testing.M, set func(*Cluster)) int {
	c := new(Cluster)
	defer c.Stop()
	set(c)
	return m.Run()
}

// Stop ends a cluster of its own and waits until nothing is left of it. A shared one goes on.
func (c *Cluster) Stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopped = true
	if c.running != nil {
		c.running.stop()
	}
}

func (c *Cluster) start(ctx context.Context, args []string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running != nil {
		return nil
	}
	if c.stopped {
		return fmt.Errorf("the test cluster was stopped")
	}
	var err error
	if file := os.Getenv("MAJORDOMO_CLUSTER_STATE"); file != "" && len(args) == 0 {
		c.running, err = attach(ctx, file)
	} else {
		c.running, err = launch(ctx, args)
	}
	if err != nil {
		return fmt.Errorf("test cluster: %w", err)
	}
	return nil
}

// server is the running cluster, started if need be. Tests cannot go on without one, so a failure panics.
func (c *Cluster) server() *server {
	if err := c.start(context.Background(), nil); err != nil {
		panic(err)
	}
	return c.running
}
