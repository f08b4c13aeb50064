package cluster

import (
	"context"
	"fmt"
	"hash/fnv"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"majordomo.dev/reconciler/status"
)

// eventNamespace is where the API server wants the events of cluster-scoped objects.
const eventNamespace = metav1.NamespaceDefault

var events = schema.GroupVersionResource{Version: "v1", Resource: "events"}

// Event records a transition at the Environment object, for `kubectl describe environment` and `kubectl get events`.
func (r *Records) Event(ctx context.Context, env string, e status.Event, now time.Time) error {
	last, _ := r.Last(env)
	text := fnv.New32a() // two events of one moment have two names
	_, _ = fmt.Fprintf(text, "%s %s", e.Reason, e.Message)
	at := now.UTC().Format(time.RFC3339)
	body := map[string]any{
		"apiVersion": "v1", "kind": "Event",
		"metadata": map[string]any{"name": fmt.Sprintf("%s.%x%08x", env, now.UnixNano(), text.Sum32()), "namespace": eventNamespace},
		"involvedObject": map[string]any{
			"apiVersion": "majordomo.dev/v1alpha1", "kind": "Environment", "name": env, "uid": last.Object.UID(),
		},
		"type": e.Type, "reason": e.Reason, "message": e.Message,
		"firstTimestamp": at, "lastTimestamp": at, "count": int64(1),
		"source": map[string]any{"component": "majordomo"}, "reportingComponent": "majordomo", "reportingInstance": "majordomo",
	}
	return r.server.bounded(ctx, func(ctx context.Context) error {
		_, err := r.core.Resource(events).Namespace(eventNamespace).Create(ctx, &unstructured.Unstructured{Object: body}, metav1.CreateOptions{})
		return err
	})
}
