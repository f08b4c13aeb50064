package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	coordination "k8s.io/client-go/kubernetes/typed/coordination/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

var errLeaseLost = errors.New("the lease was lost: another replica leads, or the API server did not answer for too long")

const leaseName = "majordomo"

// pace is how a lease is held: for this long after its last renewal. A leader that could not renew it until the deadline stops, and
// has the rest of the time to do so before another one starts.
type pace struct{ lease, deadline, retry time.Duration }

func usualPace() pace {
	return pace{lease: 15 * time.Second, deadline: 10 * time.Second, retry: 2 * time.Second}
}

// leader does work while this process holds the Lease.
type leader struct {
	config    *rest.Config
	namespace string
	pace      pace
	log       *slog.Logger
	leading   func(bool)
}

// run waits for the lease, does work until ctx ends or the lease is lost, and gives the lease back only when work has ended.
func (l leader) run(ctx context.Context, work func(context.Context) error) error {
	elected := make(chan context.Context, 1)
	elector, err := l.elector(func(held context.Context) { elected <- held })
	if err != nil {
		return err
	}
	electing, release := context.WithCancel(context.WithoutCancel(ctx))
	over := make(chan struct{})
	go func() {
		defer close(over)
		elector.Run(electing)
	}()
	defer func() { release(); <-over }()
	l.log.Info("waiting for the lease", "namespace", l.namespace)
	select {
	case <-ctx.Done():
		return nil
	case held := <-elected:
		return l.lead(ctx, held, work)
	}
}

func (l leader) lead(ctx, held context.Context, work func(context.Context) error) error {
	l.log.Info("leading", "namespace", l.namespace)
	l.leading(true)
	defer l.leading(false)
	working, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	defer context.AfterFunc(held, func() { stop(errLeaseLost) })()
	err := work(working)
	if held.Err() != nil && ctx.Err() == nil {
		return exit{exitTimeout, errors.Join(errLeaseLost, err)}
	}
	return err
}

func (l leader) elector(started func(context.Context)) (*leaderelection.LeaderElector, error) {
	cfg := rest.CopyConfig(l.config)
	cfg.Timeout = l.pace.deadline / 2
	client, err := coordination.NewForConfig(cfg)
	if err != nil {
		return nil, err
	}
	host, err := os.Hostname()
	if err != nil {
		host = leaseName
	}
	return leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock: &resourcelock.LeaseLock{
			LeaseMeta:  metav1.ObjectMeta{Name: leaseName, Namespace: l.namespace},
			Client:     client,
			LockConfig: resourcelock.ResourceLockConfig{Identity: fmt.Sprintf("%s_%s", host, rand.Text()[:8])},
		},
		LeaseDuration: l.pace.lease, RenewDeadline: l.pace.deadline, RetryPeriod: l.pace.retry, ReleaseOnCancel: true, Name: leaseName,
		Callbacks: leaderelection.LeaderCallbacks{OnStartedLeading: started, OnStoppedLeading: func() {}},
	})
}
