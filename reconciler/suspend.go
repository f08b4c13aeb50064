package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"majordomo.dev/jenkins/pool"
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
			return a.tell(t.pool.suspend(c.Context(), why))
		}
		return a.tell(t.suspend(c.Context(), *reason, a.now()))
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
			return a.tell(t.pool.resume(c.Context()))
		}
		return a.tell(t.resume(c.Context()))
	}
	return c
}

// suspend has the environment left alone. One that is suspended already stays so since then.
func (b booked) suspend(ctx context.Context, reason string, now time.Time) (deed, error) {
	since := now.UTC().Format(time.RFC3339)
	if e := environmentOf(b.record, ""); e.Suspend != nil && e.Suspend.Since != "" {
		since = e.Suspend.Since
	}
	return didf("environment %s is suspended; `majordomo resume %s` ends that", b.name(), b.name()),
		b.set(ctx, "suspend", map[string]any{"reason": reason, "since": since})
}

// resume has it looked after again.
func (b booked) resume(ctx context.Context) (deed, error) {
	if !b.record.Suspended {
		return needless("environment %s was not suspended", b.name()), nil
	}
	return didf("environment %s goes on", b.name()), b.set(ctx, "suspend", nil)
}

// subject is what is suspended or resumed: an environment, with the books that it is in, or a pool.
type subject struct {
	booked
	pool *found
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
		return subject{booked: booked{records, record}}, err
	}
	l, wrong := a.look(ctx, s, arg)
	if wrong != nil || len(l.matching) == 0 {
		return subject{}, err
	}
	f, err := l.one(arg)
	return subject{pool: &f}, err
}

// suspend has the pool left alone.
func (f found) suspend(ctx context.Context, why string) (deed, error) {
	return didf("pool %s is left alone with its %s: none is started, drained or removed; `majordomo resume %s` ends that", f, plural(f.supply(), "agent", "agents"), f),
		f.site.annotate(ctx, f.site.pools(f.Namespace), f.object, map[string]any{pool.Suspend: why})
}

// resume has it looked after again.
func (f found) resume(ctx context.Context) (deed, error) {
	if f.Suspend == "" {
		return needless("pool %s was not suspended", f), nil
	}
	return didf("pool %s goes on", f), f.site.annotate(ctx, f.site.pools(f.Namespace), f.object, map[string]any{pool.Suspend: nil})
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
