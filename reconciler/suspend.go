package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"majordomo.dev/jenkins/pool"
	"majordomo.dev/reconciler/cluster"
)

// longestReason is what the definition of the Environment kind allows.
const longestReason = 1024

func (a *app) suspendCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "suspend ENV|POOL", Short: "Leave an environment, or a pool, alone until it is resumed", GroupID: groupAsk,
		Long: `Leave an environment alone: no commit is applied and no drift is healed until
majordomo resume. Its pools go on.

Leave a pool alone: no agent is started, drained or removed. Where an environment has the
name of the pool, name it ENV/POOL.`,
		Example: `  majordomo suspend gke --reason "migration of the volume, until tonight"
  majordomo suspend gke/linux --reason "looking at agent-linux-x7k2p"
  majordomo suspend gke --context gke_my-project_europe-west1_jenkins
  majordomo suspend vagrant --path ~/fleet`,
		Args: arguments(1, 1, "an environment or a pool"), Annotations: codes(),
	}
	s := scopeFlags(c)
	c.ValidArgsFunction = a.completeRecordOrPool(s)
	reason := c.Flags().String("reason", "", "why, for everybody who looks")
	c.RunE = func(c *cobra.Command, args []string) error {
		why, err := a.why(*reason)
		if err != nil {
			return err
		}
		t, err := a.environmentOrPool(c.Context(), s, args[0])
		switch {
		case err != nil:
			return err
		case t.records == nil:
			return a.suspendPool(c.Context(), *t.pool, why)
		}
		since := a.now().UTC().Format(time.RFC3339)
		if e := environmentOf(t.record, ""); e.Suspend != nil && e.Suspend.Since != "" {
			since = e.Suspend.Since
		}
		suspend := map[string]any{"reason": *reason, "since": since}
		if _, err := t.records.Patch(c.Context(), args[0], map[string]any{"spec": map[string]any{"suspend": suspend}}); err != nil {
			return err
		}
		a.done("environment %s is suspended; `majordomo resume %s` ends that", args[0], args[0])
		return nil
	}
	return c
}

func (a *app) resumeCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "resume ENV|POOL", Short: "Look after a suspended environment, or pool, again", GroupID: groupAsk,
		Example: `  majordomo resume gke
  majordomo resume gke/linux
  majordomo resume gke && majordomo wait gke
  majordomo resume vagrant --context vagrant`,
		Args: arguments(1, 1, "an environment or a pool"), Annotations: codes(),
	}
	s := scopeFlags(c)
	c.ValidArgsFunction = a.completeRecordOrPool(s)
	c.RunE = func(c *cobra.Command, args []string) error {
		t, err := a.environmentOrPool(c.Context(), s, args[0])
		switch {
		case err != nil:
			return err
		case t.records == nil:
			return a.resumePool(c.Context(), *t.pool)
		case !t.record.Suspended:
			a.warn("environment %s was not suspended", args[0])
			return nil
		}
		if _, err := t.records.Patch(c.Context(), args[0], map[string]any{"spec": map[string]any{"suspend": nil}}); err != nil {
			return err
		}
		a.done("environment %s goes on", args[0])
		return nil
	}
	return c
}

// subject is what is suspended or resumed: an environment, with the books that it is in, or a pool.
type subject struct {
	records *cluster.Records
	record  cluster.Record
	pool    *found
}

// environmentOrPool returns the environment of a name, or else the pool.
func (a *app) environmentOrPool(ctx context.Context, s *scope, arg string) (subject, error) {
	if strings.Contains(arg, "/") || *s.namespace != "" {
		f, err := a.pool(ctx, s, arg)
		return subject{pool: &f}, err
	}
	records, record, err := a.record(ctx, s.where, arg)
	var own exit
	if !errors.As(err, &own) || own.code != exitNotFound {
		return subject{records: records, record: record}, err
	}
	l, wrong := a.look(ctx, s, arg)
	if wrong != nil || len(l.matching) == 0 {
		return subject{}, err
	}
	f, err := l.one(arg)
	return subject{pool: &f}, err
}

func (a *app) suspendPool(ctx context.Context, f found, why string) error {
	if err := f.site.annotate(ctx, f.site.pools(f.Namespace), f.object, map[string]any{pool.Suspend: why}); err != nil {
		return err
	}
	a.done("pool %s is left alone with its %s: none is started, drained or removed; `majordomo resume %s` ends that", f, plural(f.supply(), "agent", "agents"), f)
	return nil
}

func (a *app) resumePool(ctx context.Context, f found) error {
	if f.Suspend == "" {
		a.warn("pool %s was not suspended", f)
		return nil
	}
	if err := f.site.annotate(ctx, f.site.pools(f.Namespace), f.object, map[string]any{pool.Suspend: nil}); err != nil {
		return err
	}
	a.done("pool %s goes on", f)
	return nil
}

// completeRecordOrPool completes the names of the environments in the cluster, and of the pools.
func (a *app) completeRecordOrPool(s *scope) cobra.CompletionFunc {
	return func(c *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) {
		names, d := a.completeRecord(c, args, prefix)
		if len(args) == 0 {
			names = append(names, a.poolNames(c.Context(), s, false)...)
		}
		return names, d
	}
}
