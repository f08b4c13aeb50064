package main

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"majordomo.dev/reconciler/status"
)

// fleet is the environments of fleet.yaml.
func fleet() []string { return []string{"vagrant", "gke"} }

func firstSync() step {
	return step{
		title:   "The first sync",
		does:    "start `majordomo run --repo DIR` on the repository",
		expects: "both environments of fleet.yaml are applied, each in its namespace and with the rights of its own service account, and become Ready",
		play: func(ctx context.Context, d *demo) error {
			began := time.Now()
			if err := d.startProgram(); err != nil {
				return err
			}
			d.out.tell("the dashboard, live from here on: %s", d.dashboard)
			if err := d.allReady(ctx, d.first, began); err != nil {
				return err
			}
			return d.show(ctx, "kubectl get environments", d.kubectl(), "kubectl", "get", "environments")
		},
	}
}

// allReady waits until every environment is applied, and then Ready, at a commit.
func (d *demo) allReady(ctx context.Context, commit string, began time.Time) error {
	rows := make([][2]string, len(fleet()))
	group, ctx := errgroup.WithContext(ctx)
	for i, name := range fleet() {
		group.Go(func() (err error) {
			rows[i], err = d.followSync(ctx, name, commit, began)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for _, row := range rows {
		d.out.measured(row[0], row[1])
	}
	return nil
}

// followSync measures one environment on its way to a commit.
func (d *demo) followSync(ctx context.Context, name, commit string, began time.Time) ([2]string, error) {
	env, err := d.environment(ctx, name)
	if err != nil {
		return [2]string{}, err
	}
	defer env.close()
	_, at, err := env.untilStatus(ctx, name+" is applied at "+short(commit), applied(commit))
	if err != nil {
		return [2]string{}, err
	}
	e, settled, err := env.untilStatus(ctx, name+" is Ready at "+short(commit), ready(commit))
	if err != nil {
		return [2]string{}, err
	}
	if e.Objects.Total == 0 || e.Objects.Failed+e.Objects.Refused > 0 {
		return [2]string{}, unexpected("%s: %d objects, %d failed, %d refused", name, e.Objects.Total, e.Objects.Failed, e.Objects.Refused)
	}
	return [2]string{
		fmt.Sprintf("%s: %d objects", name, e.Objects.Total),
		fmt.Sprintf("applied after %s, Ready after %s", since(at.Sub(began)), since(settled.Sub(began))),
	}, nil
}

// show runs a command as a person would, and shows what it printed.
func (d *demo) show(ctx context.Context, shown, name string, args ...string) error {
	out, code, err := output(ctx, d.environ("admin.kubeconfig"), name, args...)
	if err != nil {
		return err
	}
	d.out.quote(shown, out)
	if code != 0 {
		return unexpected("%s: exit code %d", shown, code)
	}
	return nil
}

// settled waits until an environment is Ready, whatever its commit.
func (d *demo) settled(ctx context.Context, name string) error {
	env, err := d.environment(ctx, name)
	if err != nil {
		return err
	}
	defer env.close()
	_, _, err = env.untilStatus(ctx, name+" is Ready", func(e status.Environment) bool { return e.Is(status.Ready) })
	return err
}
