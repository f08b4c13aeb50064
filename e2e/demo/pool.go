package main

import (
	"context"
	"encoding/json"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"majordomo.dev/jenkins/pool"
)

var (
	replicaSets = schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "replicasets"}
	replication = schema.GroupVersionResource{Version: "v1", Resource: "replicationcontrollers"}
	pods        = schema.GroupVersionResource{Version: "v1", Resource: "pods"}
)

// poolStatus reads the status of an AgentPool.
func poolStatus(o *unstructured.Unstructured) pool.Status {
	var s pool.Status
	if o == nil {
		return s
	}
	b, err := json.Marshal(o.Object["status"])
	if err == nil {
		err = json.Unmarshal(b, &s)
	}
	if err != nil {
		return pool.Status{}
	}
	return s
}

// saysOf returns the state of a condition of a pool.
func saysOf(s pool.Status, kind string) string {
	for _, c := range s.Conditions {
		if c.Type == kind {
			return c.Status
		}
	}
	return ""
}

func replicasOf(o *unstructured.Unstructured) int64 {
	if o == nil {
		return 0
	}
	n, _, _ := unstructured.NestedInt64(o.Object, "spec", "replicas")
	return n
}

// agents are the pods of gke's pools that are not on their way out, by the template that they were made from.
func (d *demo) agents(ctx context.Context) (map[string]int, error) {
	list, err := d.client.Resource(pods).Namespace("jenkins-gke").List(ctx, metav1.ListOptions{LabelSelector: pool.Label})
	if err != nil {
		return nil, err
	}
	of := map[string]int{}
	for _, p := range list.Items {
		if p.GetDeletionTimestamp() == nil {
			of[p.GetAnnotations()[pool.Template]]++
		}
	}
	return of, nil
}
