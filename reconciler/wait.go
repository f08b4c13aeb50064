package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"majordomo.dev/reconciler/cluster"
	"majordomo.dev/reconciler/status"
	"majordomo.dev/reconciler/yaml"
)

func (a *app) waitCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "wait ENV", Short: "Wait until an environment is ready, or at a commit", GroupID: groupLook,
		Long: `Wait until an environment is ready, has nothing left to do, or is at a commit.

The revision of an environment is the last commit that changed it. A commit that does
not change it never becomes its revision; with --repo such a commit counts as applied
as soon as the environment is what the commit wants.`,
		Example: `  majordomo wait gke                                         until it is ready
  majordomo wait gke --for=idle --timeout=2m                 until nothing is under way
  majordomo wait gke --for=revision=3f2c1ab --timeout=10m    in a pipeline, after a push
  majordomo wait gke --for=revision=$(git rev-parse HEAD) --repo .`,
		Args: arguments(1, 1, "an environment"), ValidArgsFunction: a.completeRecord, Annotations: codes("3 not in time"),
	}
	w := whereFlags(c)
	goal := c.Flags().String("for", "ready", "ready, idle or revision=COMMIT")
	timeout := c.Flags().Duration("timeout", 5*time.Minute, "how long to wait")
	_ = c.RegisterFlagCompletionFunc("for", cobra.FixedCompletions([]string{"ready", "idle", "revision="}, cobra.ShellCompDirectiveNoFileComp))
	c.RunE = func(c *cobra.Command, args []string) error {
		g, err := parseGoal(*goal)
		if err != nil {
			return err
		}
		ctx, cancel, err := within(c.Context(), *timeout)
		if err != nil {
			return err
		}
		defer cancel()
		if g.revision != "" && *w.path == "" {
			if g.digest, err = a.digestAt(ctx, w, args[0], g.revision); err != nil {
				return err
			}
		}
		return a.wait(ctx, w, args[0], g)
	}
	return c
}

// within bounds a command by its --timeout.
func within(ctx context.Context, timeout time.Duration) (context.Context, context.CancelFunc, error) {
	if err := checkTimeout(timeout); err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	return ctx, cancel, nil
}

// checkTimeout refuses a --timeout that is over before it begins.
func checkTimeout(timeout time.Duration) error {
	if timeout <= 0 {
		return usagef("--timeout %s: allowed are durations above 0, such as 90s or 10m", timeout)
	}
	return nil
}

// goal is what wait waits for.
type goal struct {
	kind     string // ready, idle, revision
	revision string
	digest   string // of what that revision wants, "" if that is not known
}

func parseGoal(text string) (goal, error) {
	kind, revision, has := strings.Cut(text, "=")
	switch {
	case kind == "revision" && len(revision) < 7:
		return goal{}, usagef("--for %s: revision=COMMIT needs at least seven digits of the commit", text)
	case kind == "revision":
		return goal{kind: kind, revision: strings.ToLower(revision)}, nil
	case has, kind != "ready" && kind != "idle":
		return goal{}, usagef("--for %s%s", text, yaml.DidYouMean(kind, []string{"ready", "idle", "revision=COMMIT"}))
	}
	return goal{kind: kind}, nil
}

// digestAt returns the digest of what a commit wants of the environment, "" if the command line names no repository to look into.
func (a *app) digestAt(ctx context.Context, w where, name, revision string) (string, error) {
	o, err := w.settings.options(a)
	if err != nil || o.Repo == "" {
		return "", err
	}
	r, err := a.commit(ctx, o, revision)
	if err != nil {
		return "", err
	}
	defer r.close()
	env, _, err := r.environment(name)
	if err != nil {
		return "", err
	}
	want, err := r.desire(ctx, env)
	return want.Digest, err
}

// reached tells whether the environment is where one waits for it to be.
func (g goal) reached(e environment) bool {
	s := e.Status
	switch g.kind {
	case "revision":
		at := strings.HasPrefix(s.Revision, g.revision) || g.digest != "" && g.digest == s.Digest
		return at && s.Is(status.Applied)
	case "idle":
		return e.ready().Reason != "Pending" && !s.Is(status.Reconciling)
	}
	return s.Is(status.Ready)
}

// wait follows the environment until the goal is reached, and tells what it sees meanwhile.
func (a *app) wait(ctx context.Context, w where, name string, g goal) error {
	records, _, err := a.record(ctx, w, name)
	if err != nil {
		return err
	}
	a.step("wait for environment %s to be %s", name, g)
	var last environment
	reached, gone, told := false, false, ""
	records.Follow(ctx, name, func(c cluster.Change) bool {
		last, gone = environmentOf(c.Record, ""), c.Gone
		reached = !gone && g.reached(last)
		if text := last.ready().Message; !reached && !gone && text != told {
			told = text
			a.step("%s", oneLine(text))
		}
		return !reached && !gone
	})
	switch {
	case gone:
		return notFoundf("environment %s was deleted meanwhile", name)
	case !reached && errors.Is(ctx.Err(), context.DeadlineExceeded):
		return exit{exitTimeout, fmt.Errorf("environment %s is not %s in time: %s%s", name, g, oneLine(last.ready().Message), g.hint(last))}
	case !reached:
		return ctx.Err()
	}
	a.done("environment %s is %s", name, g)
	return nil
}

// String says what the environment shall be.
func (g goal) String() string {
	if g.kind == "revision" {
		return "at commit " + g.revision
	}
	return g.kind
}

// hint explains why a commit may never become the revision.
func (g goal) hint(e environment) string {
	if g.kind != "revision" || g.digest != "" {
		return ""
	}
	return fmt.Sprintf("; it is at %s, the last commit that changed it: if %s does not change it, say so with --repo", cmp.Or(e.Status.ShortRevision, "no commit"), g.revision)
}
