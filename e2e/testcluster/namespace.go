package testcluster

import (
	"context"
	"crypto/rand"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
)

var notName = regexp.MustCompile(`[^a-z0-9]+`)

// namespaceLimit is how long the controllers may take to fill a namespace on a busy machine.
const namespaceLimit = time.Minute

// Namespace creates a namespace in which pods can start. Its name is unique, even among processes that share the
// cluster; it is deleted after the test, which does not wait for it.
func (c *Cluster) Namespace(t testing.TB, labels map[string]string) string {
	t.Helper()
	client, err := dynamic.NewForConfig(c.Config())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), namespaceLimit)
	defer cancel()
	namespaces := client.Resource(schema.GroupVersionResource{Version: "v1", Resource: "namespaces"})
	ns := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Namespace"}}
	ns.SetName(uniqueName(t.Name()))
	ns.SetLabels(labels)
	if _, err := namespaces.Create(ctx, ns, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), namespaceLimit)
		defer cancel()
		if err := namespaces.Delete(ctx, ns.GetName(), metav1.DeleteOptions{}); err != nil {
			t.Logf("delete namespace %s: %v", ns.GetName(), err)
		}
	})
	accounts := client.Resource(schema.GroupVersionResource{Version: "v1", Resource: "serviceaccounts"}).Namespace(ns.GetName())
	err = poll(ctx, func() error {
		_, err := accounts.Get(ctx, "default", metav1.GetOptions{})
		return err
	})
	if err != nil {
		t.Fatalf("wait for the default service account of %s: %v", ns.GetName(), err)
	}
	return ns.GetName()
}

// uniqueName makes a DNS label that tells which test it belongs to.
func uniqueName(test string) string {
	name := strings.Trim(notName.ReplaceAllString(strings.ToLower(test), "-"), "-")
	name = strings.Trim(name[:min(len(name), 40)], "-")
	return fmt.Sprintf("%s-%s", name, strings.ToLower(rand.Text()[:8]))
}

// poll calls done until it returns nil or the context ends.
func poll(ctx context.Context, done func() error) error {
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for {
		err := done()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", context.Cause(ctx), err)
		case <-ticker.C:
		}
	}
}
