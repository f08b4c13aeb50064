package cluster

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/cache"
)

// source is where a reflector gets one scope from: bounded requests, whose outcome is noted.
func (w *Watches) source(s scope, open *watched) cache.ListerWatcher {
	api, limit := w.client.resource(s.kind, s.namespace), w.client.server.timeout
	note := func(err error) {
		if open.note(err) {
			w.notify()
		}
	}
	narrow := func(o *metav1.ListOptions) {
		if s.name != "" {
			o.FieldSelector = fields.OneTermEqualSelector("metadata.name", s.name).String()
		}
	}
	return &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			narrow(&o)
			ctx, cancel := context.WithTimeout(ctx, limit)
			defer cancel()
			list, err := api.List(ctx, o)
			note(err)
			return list, err
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			narrow(&o)
			w, err := establish(ctx, api, o, limit)
			if apierrors.IsResourceExpired(err) || apierrors.IsGone(err) || apierrors.IsInvalid(err) {
				return w, err // the reflector lists again
			}
			note(err)
			return w, err
		},
	}
}

// establish opens a watch, whose answer has to begin within the limit and may then go on for as long as it likes.
func establish(ctx context.Context, api dynamic.ResourceInterface, o metav1.ListOptions, limit time.Duration) (watch.Interface, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	late := time.AfterFunc(limit, func() { cancel(fmt.Errorf("the API server did not answer within %s", limit)) })
	w, err := api.Watch(ctx, o)
	late.Stop()
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		cancel(nil)
		return nil, err
	}
	return &stream{w, cancel}, nil
}

// stream is a watch that gives up its request when it is stopped.
type stream struct {
	watch.Interface
	cancel context.CancelCauseFunc
}

// Stop ends the watch.
func (s *stream) Stop() {
	s.Interface.Stop()
	s.cancel(nil)
}
