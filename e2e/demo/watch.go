package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
)

// patience is how long anything may take before the demo gives up on it. A busy machine takes seconds.
const patience = 2 * time.Minute

// sight follows one object by a watch on the API server, from when it was opened.
type sight struct {
	what   string
	object *unstructured.Unstructured // as last seen, nil while there is none
	events watch.Interface
	broken func() error // why nothing more may come
}

// look opens a watch on one object.
func (d *demo) look(ctx context.Context, resource schema.GroupVersionResource, namespace, name string) (*sight, error) {
	var client dynamic.ResourceInterface = d.client.Resource(resource)
	if namespace != "" {
		client = d.client.Resource(resource).Namespace(namespace)
	}
	only := metav1.ListOptions{FieldSelector: fields.OneTermEqualSelector("metadata.name", name).String()}
	list, err := client.List(ctx, only)
	if err != nil {
		return nil, err
	}
	s := &sight{what: resource.Resource + " " + name, broken: d.alive}
	if len(list.Items) > 0 {
		s.object = &list.Items[0]
	}
	only.ResourceVersion = list.GetResourceVersion()
	s.events, err = client.Watch(ctx, only)
	return s, err
}

func (s *sight) close() { s.events.Stop() }

// until waits until the object is as it should be, nil standing for none, and returns when that was seen. Every state is shown to the
// condition once, in order.
func (s *sight) until(ctx context.Context, goal string, met func(*unstructured.Unstructured) bool) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for !met(s.object) {
		select {
		case e, open := <-s.events.ResultChan():
			if !open {
				return time.Time{}, fmt.Errorf("the watch on %s ended", s.what)
			}
			if err := s.take(e); err != nil {
				return time.Time{}, err
			}
		case <-tick.C:
			if err := s.broken(); err != nil {
				return time.Time{}, err
			}
		case <-ctx.Done():
			return time.Time{}, fmt.Errorf("%w: waited until %s: %w", errUnexpected, goal, ctx.Err())
		}
	}
	return time.Now(), nil
}

func (s *sight) take(e watch.Event) error {
	switch e.Type {
	case watch.Error:
		return fmt.Errorf("watch %s: %w", s.what, apierrors.FromObject(e.Object))
	case watch.Deleted:
		s.object = nil
	default:
		u, ok := e.Object.(*unstructured.Unstructured)
		if !ok {
			return errors.New("watch " + s.what + ": not an object")
		}
		s.object = u
	}
	return nil
}

func gone(o *unstructured.Unstructured) bool { return o == nil }

// there is met by any object that is not about to go.
func there(o *unstructured.Unstructured) bool { return o != nil && o.GetDeletionTimestamp() == nil }
