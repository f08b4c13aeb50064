package testcluster_test

import (
	"context"
	"os"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"majordomo.dev/e2e/testcluster"
)

var cluster *testcluster.Cluster

func TestMain(m *testing.M) {
	os.Exit(testcluster.Main(m, func(c *testcluster.Cluster) { cluster = c }))
}

func TestAuditLogCountsExactly(t *testing.T) {
	ns := cluster.Namespace(t, nil)
	cfg := cluster.Config()
	cfg.UserAgent = "counted"
	client := dynamic.NewForConfigOrDie(cfg)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	maps := client.Resource(schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}).Namespace(ns)
	cm := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "ConfigMap"}}
	cm.SetName("a")
	mark := cluster.Mark()
	for range 25 {
		if _, err := maps.Create(ctx, cm, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		if err := maps.Delete(ctx, "a", metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	for _, r := range cluster.Requests(mark) {
		if r.UserAgent == "counted" {
			n++
		}
	}
	if n != 50 {
		t.Errorf("%d requests in the audit log, want 50", n)
	}
}
