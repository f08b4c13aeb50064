package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"majordomo.dev/jenkins/drain"
	"majordomo.dev/jenkins/pool"
	"majordomo.dev/reconciler/cluster"
	"majordomo.dev/reconciler/object"
	"majordomo.dev/reconciler/yaml"
)

func (a *app) drainCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "drain AGENT|POOL", Short: "Let an agent, or a whole pool, finish its builds and go", GroupID: groupFleet,
		Long: `Let an agent go once its build has ended: it takes no further one, and is replaced if it
is still needed. A drained pool starts no agents, and lets all go that it has.

Nothing is ever killed: an agent that is busy stays until its build has ended. --undo
takes a drain back as long as the agent is there.`,
		Example: `  majordomo drain agent-linux-x7k2p --reason "disk is slow"
  majordomo drain gke/agent-linux-x7k2p --wait
  majordomo drain gke/jvm --reason "new toolchain" --wait --timeout 2h
  majordomo drain gke/jvm --undo`,
		Args: arguments(1, 1, "an agent or a pool"), Annotations: codes("3 with --wait: not in time"),
	}
	s := scopeFlags(c)
	c.ValidArgsFunction = a.completeAgent(s)
	reason := c.Flags().String("reason", "", "why, for everybody who looks")
	undo := c.Flags().Bool("undo", false, "take the drain back")
	wait := c.Flags().Bool("wait", false, "wait until the agent, or all agents of the pool, are gone")
	timeout := c.Flags().Duration("timeout", time.Hour, "how long to wait, with --wait")
	c.RunE = func(c *cobra.Command, args []string) error {
		why, err := a.why(*reason)
		if err = cmp.Or(err, checkTimeout(*timeout)); err != nil {
			return err
		}
		if *undo && (*wait || *reason != "") {
			return usagef("--undo goes with neither --wait nor --reason")
		}
		t, err := a.agentOrPool(c.Context(), s, args[0])
		if err != nil {
			return err
		}
		if *undo {
			return a.tell(t.undrain(c.Context()))
		}
		if err := a.tell(t.drain(c.Context(), why)); err != nil || !*wait {
			return err
		}
		ctx, cancel := context.WithTimeout(c.Context(), *timeout)
		defer cancel()
		return a.untilGone(ctx, t)
	}
	return c
}

// why returns the reason that a person gives, or says at least when it was.
func (a *app) why(reason string) (string, error) {
	if len(reason) > longestReason {
		return "", usagef("--reason has %d bytes; allowed are %d", len(reason), longestReason)
	}
	return cmp.Or(oneLine(reason), "by hand, "+a.now().UTC().Format(time.RFC3339)), nil
}

// draining is what a person wants to be gone: a pool, or one agent of it.
type draining struct {
	found
	pod object.Object // nil for the pool altogether
}

// agentOrPool returns the pool, or else the agent, that an argument means.
func (a *app) agentOrPool(ctx context.Context, s *scope, arg string) (draining, error) {
	l, err := a.look(ctx, s, arg)
	if err != nil {
		return draining{}, err
	}
	if len(l.matching) > 0 || arg == "" {
		f, err := l.one(arg)
		return draining{found: f}, err
	}
	in, name, both := strings.Cut(arg, "/")
	if !both {
		in, name = "", arg
	}
	var agents []draining
	for _, f := range l.others {
		if in != "" && f.Environment != in && f.Namespace != in {
			continue
		}
		pod, err := f.site.agent(ctx, f.agentPool, name)
		if err != nil {
			return draining{}, err
		}
		if pod != nil {
			agents = append(agents, draining{found: f, pod: pod})
		}
	}
	switch len(agents) {
	case 0:
		return draining{}, notFoundf("no pool and no agent %q%s", arg, yaml.DidYouMean(name, near(name, l.others)))
	case 1:
		return agents[0], nil
	}
	return draining{}, usagef("%q is an agent of several pools: %s; name the environment or namespace in front, as in ENV/AGENT", arg, addresses(pools(agents)))
}

func pools(agents []draining) []found {
	var out []found
	for _, d := range agents {
		out = append(out, d.found)
	}
	return out
}

// near are the names of pools and agents, as far as a person could have meant them: not hundreds.
func near(name string, list []found) []string {
	const most = 10
	out := candidates(name, list)
	for _, f := range list {
		for _, agent := range f.Status.Agents {
			out = append(out, oneLine(agent.Name))
		}
	}
	if len(out) > most && !strings.Contains(yaml.DidYouMean(name, out), "did you mean") {
		return nil
	}
	return out
}

// agent returns the pod of an agent, by its own name or that of its node in Jenkins; nil if the pool has none of the name.
func (s *fleetSite) agent(ctx context.Context, p agentPool, name string) (object.Object, error) {
	if i := slices.IndexFunc(p.Status.Agents, func(a pool.Agent) bool { return a.Node == name }); i >= 0 {
		name = p.Status.Agents[i].Name
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	selector, err := s.selector(ctx, p)
	if err != nil {
		return nil, err
	}
	only := cluster.Named(name)
	only.LabelSelector = selector
	list, err := s.pods(p.Namespace).List(ctx, only)
	if err != nil || len(list.Items) == 0 {
		return nil, err
	}
	return list.Items[0].Object, nil
}

// selector returns the label selector of a pool's pods: from its status, else from its target.
func (s *fleetSite) selector(ctx context.Context, p agentPool) (string, error) {
	if p.Status.Selector != "" {
		return p.Status.Selector, nil
	}
	kinds := map[string]string{
		"ReplicaSet": "replicasets", "ReplicationController": "replicationcontrollers", "Deployment": "deployments", "StatefulSet": "statefulsets",
	}
	group := "apps"
	if p.Spec.Target.Kind == "ReplicationController" {
		group = ""
	}
	u, err := s.objects.Resource(resource(group, "v1", kinds[p.Spec.Target.Kind])).Namespace(p.Namespace).Get(ctx, p.Spec.Target.Name, metav1.GetOptions{})
	if err != nil {
		return "", fmt.Errorf("the target of pool %s: %w", p, err)
	}
	labels, _ := object.Object(u.Object).Get(object.Pointer{"spec", "selector", "matchLabels"})
	if group == "" {
		labels, _ = object.Object(u.Object).Get(object.Pointer{"spec", "selector"})
	}
	selector, err := equals(labels)
	if err != nil {
		err = fmt.Errorf("%s %s of pool %s: %w", p.Spec.Target.Kind, p.Spec.Target.Name, p, err)
	}
	return selector, err
}

// annotate merges annotations into an object, as long as it is still that one. A nil takes one away.
func (s *fleetSite) annotate(ctx context.Context, api dynamic.ResourceInterface, o object.Object, notes map[string]any) error {
	_, err := s.merge(ctx, api, o, map[string]any{"metadata": map[string]any{"annotations": notes}})
	return err
}

// merge merges fields into an object, as long as it is still that one, and returns it as it is then.
func (s *fleetSite) merge(ctx context.Context, api dynamic.ResourceInterface, o object.Object, fields map[string]any) (object.Object, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if meta, ok := fields["metadata"].(map[string]any); ok {
		meta["uid"] = o.UID()
	}
	body, err := json.Marshal(fields)
	if err != nil {
		return nil, err
	}
	u, err := api.Patch(ctx, o.ID().Name, types.MergePatchType, body, metav1.PatchOptions{FieldManager: hand})
	if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
		return nil, notFoundf("%s is gone, or another one of that name: %w", o.ID(), err)
	}
	if err != nil {
		return nil, err
	}
	return u.Object, nil
}

// drain marks the pool, or the pod of the one agent.
func (t draining) drain(ctx context.Context, why string) (deed, error) {
	if t.pod == nil {
		return t.asleep(didf("pool %s starts no agents, and lets its %s go once their builds have ended; `majordomo drain %s --undo` takes that back",
				t, plural(t.supply(), "agent", "agents"), t)),
			t.site.annotate(ctx, t.site.pools(t.Namespace), t.object, map[string]any{pool.DrainPool: why})
	}
	name, step := t.pod.ID().Name, drain.Step{Cause: drain.Manual, Reason: why}
	return t.asleep(didf("agent %s of pool %s takes no further build%s; `majordomo drain %s/%s --undo` takes that back",
			name, t, t.lastBuild(name), cmp.Or(t.Environment, t.Namespace), name)),
		t.site.annotate(ctx, t.site.pods(t.Namespace), t.pod, map[string]any{pool.Drain: step.Annotation()})
}

// undrain takes a person's mark away.
func (t draining) undrain(ctx context.Context) (deed, error) {
	switch {
	case t.pod != nil:
		return t.undrainAgent(ctx)
	case t.Drain == "":
		return needless("pool %s is not drained", t), nil
	}
	return didf("pool %s starts agents again when builds wait", t),
		t.site.annotate(ctx, t.site.pools(t.Namespace), t.object, map[string]any{pool.DrainPool: nil})
}

func (t draining) undrainAgent(ctx context.Context) (deed, error) {
	name, mark := t.pod.ID().Name, t.pod.Annotation(pool.Drain)
	cause, because := drain.Parse(mark)
	switch {
	case mark == "":
		return needless("agent %s is not drained", name), nil
	case cause != drain.Manual:
		return deed{}, exit{exitHeld, fmt.Errorf("agent %s is not drained by a person but goes by itself (%s: %s)", name, cause, because)}
	}
	return didf("agent %s takes builds again", name),
		t.site.annotate(ctx, t.site.pods(t.Namespace), t.pod, map[string]any{pool.Drain: nil, pool.DeletionCost: nil})
}

func (t draining) lastBuild(name string) string {
	i := slices.IndexFunc(t.Status.Agents, func(a pool.Agent) bool { return a.Name == name })
	if i < 0 || t.Status.Agents[i].Build == "" {
		return ", and goes"
	}
	return ", and goes when " + buildName(t.Status.Agents[i].Build) + " has ended"
}

// asleep adds that a pool does not do what it is told now.
func (p agentPool) asleep(t deed) deed {
	if p.Suspend == "" {
		return t
	}
	return t.note("pool %s is suspended (%s): nothing happens until `majordomo resume %s`", p, p.Suspend, p)
}

// untilGone waits until the pool is empty, or the very pod of the one agent is gone.
func (a *app) untilGone(ctx context.Context, t draining) error {
	if t.pod == nil {
		return a.untilEmpty(ctx, t.found)
	}
	name, left := t.pod.ID().Name, true
	a.step("wait until agent %s is gone", name)
	cluster.Follow(ctx, t.site.pods(t.Namespace), cluster.Named(name), func(o object.Object, gone bool) bool {
		left = !gone && o.UID() == t.pod.UID()
		return left
	})
	if left {
		return late(ctx, "agent %s is still there; `majordomo explain %s` tells more", name, t)
	}
	a.done("agent %s is gone", name)
	return nil
}

// late is the error of a wait that ended too early.
func late(ctx context.Context, format string, args ...any) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return exit{exitTimeout, fmt.Errorf(format, args...)}
	}
	return ctx.Err()
}

// untilEmpty waits until the pool has no agents.
func (a *app) untilEmpty(ctx context.Context, f found) error {
	a.step("wait until pool %s is empty", f)
	last, empty, told := f.agentPool, false, ""
	cluster.Follow(ctx, f.site.pools(f.Namespace), cluster.Named(f.Name), func(o object.Object, gone bool) bool {
		last = poolOf(o, "")
		empty = gone || last.Status.Replicas+last.supply()+last.Status.Draining == 0
		if text := fmt.Sprintf("%d busy, %d idle, %d starting, %d draining", last.Status.Busy, last.Status.Idle, last.Status.Starting, last.Status.Draining); !empty && text != told {
			told = text
			a.step("%s", text)
		}
		return !empty
	})
	if !empty {
		return late(ctx, "pool %s still has %s; `majordomo get agents %s` lists them", f, plural(max(last.Status.Replicas, last.supply()), "agent", "agents"), f)
	}
	a.done("pool %s is empty", f)
	return nil
}

// completeAgent completes the names of pools and of their agents.
func (a *app) completeAgent(s *scope) cobra.CompletionFunc {
	return func(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return a.poolNames(c.Context(), s, true), cobra.ShellCompDirectiveNoFileComp
	}
}
