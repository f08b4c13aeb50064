package kube

import (
	"context"
	"fmt"
	"hash/fnv"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"majordomo.dev/jenkins/pool"
)

// Event is a transition that people are told of.
type Event struct {
	Warning bool
	Reason  string // "ScaledUp"
	Message string // one sentence
}

// maxMessage is how long the message of an event may be; the API server takes no more.
const maxMessage = 1024

// Tell records an event at a pool, for `kubectl describe agentpool` and `kubectl get events`. The same event told twice at one moment is one.
func (c *Client) Tell(ctx context.Context, p *pool.Pool, e Event, now time.Time) error {
	kind := "Normal"
	if e.Warning {
		kind = "Warning"
	}
	if len(e.Message) > maxMessage {
		e.Message = e.Message[:maxMessage-3] + "..."
	}
	hash := fnv.New64a()
	_, _ = fmt.Fprintf(hash, "%s %s %s %d", p.UID, e.Reason, e.Message, now.Unix())
	at := now.UTC().Format(time.RFC3339)
	body := map[string]any{
		"apiVersion": "v1", "kind": "Event",
		"metadata": map[string]any{"name": fmt.Sprintf("%s.%016x", p.Name, hash.Sum64()), "namespace": p.Namespace},
		"involvedObject": map[string]any{
			"apiVersion": pool.Group + "/" + pool.Version, "kind": pool.Kind, "name": p.Name, "namespace": p.Namespace, "uid": p.UID,
		},
		"type": kind, "reason": e.Reason, "message": e.Message,
		"firstTimestamp": at, "lastTimestamp": at, "count": int64(1),
		"source": map[string]any{"component": "majordomo"}, "reportingComponent": "majordomo", "reportingInstance": "majordomo",
	}
	return c.write(ctx, "event at pool "+p.Key(), func(ctx context.Context) error {
		_, err := c.objects.Resource(events).Namespace(p.Namespace).Create(ctx, &unstructured.Unstructured{Object: body}, metav1.CreateOptions{})
		if apierrors.IsAlreadyExists(err) {
			return nil
		}
		return err
	})
}
