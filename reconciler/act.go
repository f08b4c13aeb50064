package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"majordomo.dev/reconciler/access"
	"majordomo.dev/reconciler/cluster"
	"majordomo.dev/reconciler/loop"
)

// desk does what people ask for through the API. Whether they may is settled before; here majordomo acts under the identity that it has for
// the environment anyway, by the functions of the command line, and writes down for whom.
type desk struct {
	app   *app
	line  *loop.Loop
	leads func() bool
}

// act does it, and says in a sentence what was done.
func (d desk) act(ctx context.Context, a access.Action) (string, error) {
	if !d.leads() {
		return "", &access.Refusal{Code: access.Unavailable, Err: errors.New("this replica of majordomo does not lead; ask again")}
	}
	var t deed
	why, err := d.why(a)
	switch {
	case err != nil:
	case a.On.Pool == "":
		t, err = d.environment(ctx, a, why)
	default:
		t, err = d.pool(ctx, a, why)
	}
	if err != nil {
		return "", refusal(err)
	}
	return t.String(), nil
}

// why is the reason for the record: what the person says, and who it is.
func (d desk) why(a access.Action) (string, error) {
	by := "by " + cmp.Or(oneLine(a.Who.Name), "somebody without a name")
	if a.Reason == "" {
		return by + ", " + d.app.now().UTC().Format(time.RFC3339), nil
	}
	why, err := d.app.why(oneLine(a.Reason) + " (" + by + ")")
	if err != nil {
		return "", &access.Refusal{Code: access.Invalid, Field: "reason", Err: fmt.Errorf("has more than the %d bytes that are allowed, with your name", longestReason)}
	}
	return why, nil
}

func (d desk) environment(ctx context.Context, a access.Action, why string) (deed, error) {
	b, err := d.booked(ctx, a.On.Environment)
	switch {
	case err != nil:
		return deed{}, err
	case a.Do == access.Sync:
		return b.sync(ctx, d.app.now().UTC().Format(time.RFC3339Nano))
	case a.Do == access.Approve:
		held, err := b.held(a.Hash)
		if err != nil {
			return deed{}, &access.Refusal{Code: access.Conflict, Field: "hash", Err: err}
		}
		return b.approve(ctx, held, why)
	case a.Do == access.Suspend && a.Undo:
		return b.resume(ctx)
	case a.Do == access.Suspend:
		return b.suspend(ctx, why, d.app.now())
	case a.Do == access.Rollback && a.Undo:
		return b.unpin(ctx)
	case a.Do == access.Rollback:
		return b.rollback(ctx, a.Commit)
	}
	return deed{}, fmt.Errorf("an environment has no action %q", a.Do)
}

// booked returns the record of an environment, read anew, from the books of its cluster.
func (d desk) booked(ctx context.Context, name string) (booked, error) {
	spec, err := d.line.Fleet().Environment(name)
	if err != nil {
		return booked{}, notFoundf("%w", err)
	}
	cfg, err := d.app.clusters(spec.Context)
	if err != nil {
		return booked{}, err
	}
	records, err := cluster.NewServer(cfg, d.app.log()).Records()
	if err != nil {
		return booked{}, err
	}
	rec, err := records.Get(ctx, name)
	switch {
	case err != nil:
		return booked{}, err
	case rec.Object == nil:
		return booked{}, notFoundf("environment %s has no Environment object yet", name)
	case rec.Broken != nil:
		return booked{}, rec.Broken
	}
	return booked{records, rec}, nil
}

func (d desk) pool(ctx context.Context, a access.Action, why string) (deed, error) {
	f, err := d.found(ctx, a.On)
	switch {
	case err != nil:
		return deed{}, err
	case a.Do == access.Scale && a.Undo:
		return f.unscale(ctx)
	case a.Do == access.Scale:
		if err := lastingFloor(a.For); err != nil {
			return deed{}, err
		}
		return f.scale(ctx, a.Replicas, a.For, why, d.app.now())
	case a.Do == access.Suspend && a.Undo:
		return f.resume(ctx)
	case a.Do == access.Suspend:
		return f.suspend(ctx, why)
	case a.Do != access.Drain:
		return deed{}, fmt.Errorf("a pool has no action %q", a.Do)
	}
	t := draining{found: f}
	if a.Agent != "" {
		t.pod, err = f.site.agent(ctx, f.agentPool, a.Agent)
		if err == nil && t.pod == nil {
			err = notFoundf("pool %s has no agent %q", f, oneLine(a.Agent))
		}
	}
	switch {
	case err != nil:
		return deed{}, err
	case a.Undo:
		return t.undrain(ctx)
	}
	return t.drain(ctx, why)
}

// found returns the pool, read anew, as its environment's identity sees it.
func (d desk) found(ctx context.Context, s access.Subject) (found, error) {
	for _, p := range d.line.Places() {
		if p.Environment != s.Environment {
			continue
		}
		site, err := siteOf(p.Config)
		if err != nil {
			return found{}, err
		}
		ctx, cancel := context.WithTimeout(ctx, callTimeout)
		defer cancel()
		u, err := site.pools(s.Namespace).Get(ctx, s.Pool, metav1.GetOptions{})
		if err != nil && !apierrors.IsNotFound(err) {
			return found{}, err
		}
		if f := (found{site: site}); err == nil {
			f.object, f.agentPool = u.Object, poolOf(u.Object, "")
			if f.Environment == s.Environment {
				return f, nil
			}
		}
	}
	return found{}, notFoundf("environment %s has no pool %s/%s", s.Environment, oneLine(s.Namespace), oneLine(s.Pool))
}

func siteOf(cfg *rest.Config) (*fleetSite, error) {
	objects, err := dynamic.NewForConfig(cfg)
	return &fleetSite{config: cfg, objects: objects}, err
}

// refusal says for programs what kind of error it is that the command line shows by its exit code.
func refusal(err error) error {
	var known *access.Refusal
	var own exit
	switch {
	case errors.As(err, &known):
		return err
	case errors.As(err, &own) && own.code == exitUsage, apierrors.IsInvalid(err):
		return &access.Refusal{Code: access.Invalid, Err: err}
	case errors.As(err, &own) && own.code == exitHeld, apierrors.IsConflict(err):
		return &access.Refusal{Code: access.Conflict, Err: err}
	case errors.As(err, &own) && own.code == exitNotFound, apierrors.IsNotFound(err):
		return &access.Refusal{Code: access.NotFound, Err: err}
	case forbidden(err):
		return &access.Refusal{Code: access.Forbidden, Err: fmt.Errorf("majordomo itself may not do that: %w", err)}
	}
	return &access.Refusal{Code: access.Unavailable, Err: err}
}
