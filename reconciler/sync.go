package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/client-go/rest"

	"majordomo.dev/reconciler/cluster"
	"majordomo.dev/reconciler/loop"
	"majordomo.dev/reconciler/status"
)

func (a *app) syncCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "sync ENV", Short: "Apply the newest commit now, and wait for the outcome", GroupID: groupAsk,
		Long: `Ask the running majordomo to look at the repository and bring the environment to it
now, and wait for the outcome.

With --local the sync is done by this very process, from --repo: without a majordomo
that runs, or before there is one.`,
		Example: `  majordomo sync gke
  majordomo sync gke --wait --timeout 10m                   until everything is ready, too
  majordomo sync gke --dry-run                              the same as majordomo plan gke
  majordomo sync gke --local --repo https://git.example/fleet.git`,
		Args: arguments(1, 1, "an environment"), ValidArgsFunction: a.completeRecord,
		Annotations: codes("0 applied", "1 something could not be applied", "3 no answer in time", "5 a prune waits for approval, or the environment is suspended"),
	}
	w := whereFlags(c)
	dry := c.Flags().Bool("dry-run", false, "only show what a sync would do")
	local := c.Flags().Bool("local", false, "sync here, once, instead of asking the majordomo that runs")
	ready := c.Flags().Bool("wait", false, "wait until the environment is ready, too")
	timeout := c.Flags().Duration("timeout", 5*time.Minute, "how long to wait")
	c.RunE = func(c *cobra.Command, args []string) error {
		ctx, cancel, err := within(c.Context(), *timeout)
		if err != nil {
			return err
		}
		defer cancel()
		switch {
		case *dry:
			p, err := a.preview(ctx, w, args[0])
			if err != nil {
				return err
			}
			return a.showPlan(p, &output{form: asTable}, "")
		case *local:
			err = a.syncHere(ctx, w, args[0])
		default:
			err = a.ask(ctx, w, args[0])
		}
		if err != nil || !*ready {
			return err
		}
		return a.wait(ctx, w, args[0], goal{kind: "ready"})
	}
	return c
}

// ask has the majordomo that runs sync the environment, and waits for its answer.
func (a *app) ask(ctx context.Context, w where, name string) error {
	records, rec, err := a.record(ctx, w, name)
	if err != nil {
		return err
	}
	question := a.now().UTC().Format(time.RFC3339Nano)
	t, err := booked{records, rec}.sync(ctx, question)
	if err != nil {
		return err
	}
	a.step("%s", t)
	var last cluster.Record
	records.Follow(ctx, name, func(c cluster.Change) bool {
		last = c.Record
		return !c.Gone && last.Answered != question
	})
	switch {
	case last.Answered == question:
		return a.outcome(environmentOf(last, ""))
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return exit{exitTimeout, fmt.Errorf("no answer for environment %s in time; is majordomo running? `majordomo sync --local` works without", name)}
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return notFoundf("environment %s was deleted meanwhile", name)
}

// sync asks for a sync; the question is answered in the record.
func (b booked) sync(ctx context.Context, question string) (deed, error) {
	return didf("asked majordomo to sync %s", b.name()), b.mark(ctx, map[string]any{cluster.SyncAnnotation: question})
}

// syncHere brings the environment to the newest commit by this process.
func (a *app) syncHere(ctx context.Context, w where, name string) error {
	o, err := w.settings.options(a)
	if err != nil {
		return err
	}
	if o.Repo == "" {
		return usagef("--local needs --repo: only what is committed is applied")
	}
	r, err := a.commit(ctx, o, "")
	if err != nil {
		return err
	}
	defer r.close()
	if _, _, err = r.environment(name); err != nil {
		return err
	}
	connect := func(context string) (*rest.Config, error) { return a.kube().connect(cmp.Or(a.context, context)) }
	board := status.NewBoard()
	line := loop.New(r.mirror, board, a.log(), loop.Options{Connect: connect, Install: install, Namespace: o.Namespace, Unwatched: true})
	if err := line.Once(ctx, name); err != nil {
		return err
	}
	for _, e := range board.Snapshot().Environments {
		if e.Name == name {
			return a.outcome(environment{Name: name, Status: e.Status})
		}
	}
	return fmt.Errorf("environment %s was not synced", name)
}

// outcome says how a sync went.
func (a *app) outcome(e environment) error {
	s := e.Status
	for _, kind := range []string{status.SourceReady, status.Rendered, status.Applied} {
		if c, ok := s.Condition(kind); ok && c.Status == status.False {
			return exit{exitFailure, fmt.Errorf("environment %s: %s: %s", e.Name, c.Reason, oneLine(c.Message))}
		}
	}
	switch ready := e.ready(); {
	case s.Is(status.Suspended):
		return exit{exitHeld, fmt.Errorf("environment %s is suspended; `majordomo resume %s` lets it go on", e.Name, e.Name)}
	case s.Held != nil:
		return exit{exitHeld, fmt.Errorf("environment %s: %s", e.Name, oneLine(s.Held.Reason))}
	case !s.Is(status.Applied):
		return exit{exitFailure, fmt.Errorf("environment %s: %s: %s", e.Name, ready.Reason, oneLine(ready.Message))}
	}
	if l := s.LastSync; l != nil {
		a.done("environment %s is at %s: last sync %s: %d created, %d changed, %d pruned", e.Name, s.ShortRevision, a.ago(l.Time), l.Created, l.Updated, l.Pruned)
	}
	return nil
}
