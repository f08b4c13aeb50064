package main

import (
	"context"
	"encoding/json"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"majordomo.dev/reconciler/status"
)

var (
	environments = schema.GroupVersionResource{Group: "majordomo.dev", Version: "v1alpha1", Resource: "environments"}
	agentPools   = schema.GroupVersionResource{Group: "majordomo.dev", Version: "v1alpha1", Resource: "agentpools"}
	services     = schema.GroupVersionResource{Version: "v1", Resource: "services"}
	secrets      = schema.GroupVersionResource{Version: "v1", Resource: "secrets"}
	policies     = schema.GroupVersionResource{Group: "networking.k8s.io", Version: "v1", Resource: "networkpolicies"}
)

// statusOf reads the status of an Environment object.
func statusOf(o *unstructured.Unstructured) status.Environment {
	var e status.Environment
	if o == nil {
		return e
	}
	b, err := json.Marshal(o.Object["status"])
	if err == nil {
		err = json.Unmarshal(b, &e)
	}
	if err != nil {
		return status.Environment{}
	}
	return e
}

// untilStatus waits until the status of an environment is as it should be.
func (s *sight) untilStatus(ctx context.Context, goal string, met func(status.Environment) bool) (status.Environment, time.Time, error) {
	at, err := s.until(ctx, goal, func(o *unstructured.Unstructured) bool { return o != nil && met(statusOf(o)) })
	if e := statusOf(s.object); err != nil {
		if ready, ok := e.Condition(status.Ready); ok {
			err = unexpected("%v; its state is %s %s: %s", err, ready.Status, ready.Reason, ready.Message)
		}
		return e, at, err
	}
	return statusOf(s.object), at, nil
}

func applied(commit string) func(status.Environment) bool {
	return func(e status.Environment) bool { return e.Revision == commit }
}

func ready(commit string) func(status.Environment) bool {
	return func(e status.Environment) bool { return e.Revision == commit && e.Is(status.Ready) }
}

// environment opens a watch on an Environment object.
func (d *demo) environment(ctx context.Context, name string) (*sight, error) {
	return d.look(ctx, environments, "", name)
}
