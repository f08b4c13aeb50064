package main

import (
	"context"
	"sync"
	"time"

	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
)

// A standIn does for one kind of object what a cloud would: it is shown every object whenever that changes, and
// again after a failure.
type standIn struct {
	informer cache.SharedIndexInformer
	act      func(ctx context.Context, object any) error
}

// runStandIns runs what stands in for the cloud until the context ends.
func runStandIns(ctx context.Context, client kubernetes.Interface, opts upOptions) {
	factory := informers.NewSharedInformerFactory(client, 0)
	core := factory.Core().V1()
	volumes := provisioner{client: client, prefixes: opts.provision}
	var wait sync.WaitGroup
	for _, s := range []standIn{
		{core.PersistentVolumeClaims().Informer(), volumes.provision},
		{core.PersistentVolumes().Informer(), volumes.reclaim},
		{core.Services().Informer(), loadBalancer{client}.assign},
	} {
		wait.Go(func() { s.run(ctx) })
	}
	wait.Wait()
}

func (s standIn) run(ctx context.Context) {
	limiter := workqueue.NewTypedItemExponentialFailureRateLimiter[string](10*time.Millisecond, time.Second)
	queue := workqueue.NewTypedRateLimitingQueue(limiter)
	add := func(object any) {
		if key, err := cache.MetaNamespaceKeyFunc(object); err == nil {
			queue.Add(key)
		}
	}
	// Adding a handler fails only on an informer that has ended.
	_, _ = s.informer.AddEventHandler(cache.ResourceEventHandlerFuncs{AddFunc: add, UpdateFunc: func(_, object any) { add(object) }})
	var wait sync.WaitGroup
	wait.Go(func() { s.informer.RunWithContext(ctx) })
	stop := context.AfterFunc(ctx, queue.ShutDown)
	defer stop()
	for s.next(ctx, queue) {
	}
	wait.Wait()
}

// next works on one object and tells whether there may be more.
func (s standIn) next(ctx context.Context, queue workqueue.TypedRateLimitingInterface[string]) bool {
	key, end := queue.Get()
	if end {
		return false
	}
	defer queue.Done(key)
	object, exists, err := s.informer.GetStore().GetByKey(key)
	if err == nil && exists {
		err = s.act(ctx, object)
	}
	if err != nil {
		queue.AddRateLimited(key)
		return true
	}
	queue.Forget(key)
	return true
}
