package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"

	"majordomo.dev/reconciler/access"
	"majordomo.dev/reconciler/config"
	"majordomo.dev/reconciler/loop"
	"majordomo.dev/reconciler/record"
	"majordomo.dev/reconciler/status"
	"majordomo.dev/reconciler/web"
	"majordomo.dev/reconciler/window"
)

func (a *app) runCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "run", Short: "Keep all environments as Git says: the loop itself", GroupID: groupSelf,
		Long: `Keep all environments of a config repository as its newest commit says, until it is
stopped: pull, render, plan, apply, prune, heal.

Every flag can also be set in a file (--config, by the names of the flags) and in the
environment: --git-password-file is MAJORDOMO_GIT_PASSWORD_FILE. The later wins:
defaults, file, environment, flags. Secrets are only ever read from files.`,
		Example: `  majordomo run --repo https://git.example/fleet.git --git-password-file /run/secrets/git/token
  majordomo run --repo ssh://git@git.example/fleet.git --git-ssh-key-file key --git-known-hosts-file known_hosts
  majordomo run --repo . --leader-election=false --state-dir /tmp/majordomo     on your own machine
  majordomo run --repo . --once                                                 one sync of everything, then end`,
		Args: arguments(0, 0, "no argument"),
		Annotations: codes("0 stopped by SIGTERM; with --once: everything is applied", "1 it could not start; with --once: something could not be applied",
			"3 the lease was lost", "5 with --once: a prune waits for approval"),
	}
	s := settingFlags(c, slices.DeleteFunc(config.Names(), func(name string) bool { return name == "kubeconfig" })...)
	once := c.Flags().Bool("once", false, "sync every environment once, and end")
	c.RunE = func(c *cobra.Command, _ []string) error {
		o, err := s.options(a)
		if err == nil {
			err = o.Validate()
		}
		if err != nil {
			return exit{exitUsage, err}
		}
		if a.kubeconfig == "" {
			a.kubeconfig = o.Kubeconfig
		}
		return a.serve(c.Context(), o, *once)
	}
	return c
}

// serve builds the parts and joins them: the mirror, the loop, and what is answered over HTTP.
func (a *app) serve(ctx context.Context, o config.Options, once bool) error {
	log := newLogger(a.stderr, o.LogFormat, o.LogLevel)
	klog.SetSlogLogger(slog.New(capped{log.Handler()}))
	mirror, err := a.mirror(o, filepath.Join(o.StateDir, "git"), logged(log))
	if err != nil {
		return err
	}
	defer func() { _ = mirror.Close() }()
	board := status.NewBoard()
	lo := loop.Options{
		Connect: a.clusters, Install: install, Poll: o.Interval, Namespace: o.Namespace, URL: o.Repo, Ref: fullRef(o.Ref), Unwatched: once,
	}
	spans, err := a.collector(o, log)
	if err != nil {
		return err
	}
	if spans != nil && !once {
		lo.Trace = spans.Send
	}
	line := loop.New(mirror, board, log, lo)
	if once {
		if err := line.Once(ctx); err != nil {
			return err
		}
		return a.outcomes(board)
	}
	h := introduce(board, line, spans, o, log)
	seen := newPane(h, a.now)
	var handler *web.Handler
	past := a.past(o, seen, log, func(name string, e window.Event) { handler.Publish(name, e) })
	notifier := a.notifier(o, h, seen, past, log)
	beside, metrics := []func(context.Context) error{seen.Run, past.Run}, []prometheus.Collector{past, notifier}
	if spans != nil {
		beside, metrics = append(beside, spans.Run), append(metrics, spans)
	}
	handler, err = a.handler(o, h, seen, past, log, metrics...)
	if err != nil {
		return err
	}
	work, err := a.worker(o, h, log, h.run, notifier.Run)
	if err != nil {
		return err
	}
	v := build()
	log.Info("started", "version", v.Version, "repo", status.Clean(o.Repo, 500), "ref", fullRef(o.Ref))
	return a.together(ctx, o, handler, work, log, append(beside, handler.Run)...)
}

// clusters returns the way to the cluster of a context. In a pod, "" is the cluster of the pod, also where a kubeconfig names others.
func (a *app) clusters(context string) (*rest.Config, error) {
	if context == "" && a.context == "" && a.getenv("KUBERNETES_SERVICE_HOST") != "" {
		return kube{getenv: a.getenv}.connect("")
	}
	return a.kube().connect(context)
}

func fullRef(ref string) string {
	ref = cmp.Or(ref, "main")
	if strings.HasPrefix(ref, "refs/") {
		return ref
	}
	return "refs/heads/" + ref
}

// worker returns what this process does until it is stopped: its parts, while it leads.
func (a *app) worker(o config.Options, h halves, log *slog.Logger, parts ...func(context.Context) error) (func(context.Context) error, error) {
	work := func(ctx context.Context) error {
		g, ctx := errgroup.WithContext(ctx)
		for _, run := range parts {
			g.Go(func() error { return run(ctx) })
		}
		return g.Wait()
	}
	if !o.LeaderElection {
		return func(ctx context.Context) error {
			h.board.Leader(true)
			defer h.board.Leader(false)
			return work(ctx)
		}, nil
	}
	own, err := a.clusters("")
	if err != nil {
		return nil, fmt.Errorf("the cluster for the lease: %w; a single majordomo may go without, with --leader-election=false", err)
	}
	l := leader{config: own, namespace: o.Namespace, pace: usualPace(), log: log, leading: h.board.Leader}
	return func(ctx context.Context) error {
		return l.run(ctx, work)
	}, nil
}

// handler returns what is answered over HTTP.
func (a *app) handler(o config.Options, h halves, seen *pane, past *record.Recorder, log *slog.Logger, more ...prometheus.Collector) (*web.Handler, error) {
	v := build()
	files, err := assets()
	if err != nil {
		return nil, err
	}
	who, err := a.access(o, h, log)
	if err != nil {
		return nil, err
	}
	wo := web.Options{
		Board: h.board, Log: log, Build: web.Build{Version: v.Version, Revision: v.Revision}, Ref: fullRef(o.Ref), Repository: o.Repo, Wake: h.line.Wake,
		Metrics: slices.Concat(newCalls().listen(), []prometheus.Collector{h.fleet}, more), Pools: h.pools, Window: seen, Past: past, Assets: files,
		Plan:   seen.plan,
		Access: who,
		Act:    desk{app: a, line: h.line, leads: func() bool { return h.board.Snapshot().Leader }}.act,
		Alive:  func() error { return h.line.Alive(a.now()) },
		Ready: func() []web.Check {
			if !h.board.Snapshot().Leader {
				return nil // ready to take over
			}
			return []web.Check{{Name: "loop", Err: h.line.Ready()}}
		},
	}
	for _, file := range o.WebhookSecretFiles {
		s, err := secretOf("webhook-secret-files", file, logged(log))
		if err != nil {
			return nil, err
		}
		wo.Secrets = append(wo.Secrets, s)
	}
	handler, err := web.New(wo)
	if err != nil {
		return nil, exit{exitUsage, err}
	}
	return handler, nil
}

// together runs the work and the servers, with what serves them beside. When ctx ends, readiness goes off first, then the work ends, and the
// servers last.
func (a *app) together(
	ctx context.Context, o config.Options, h *web.Handler, work func(context.Context) error, log *slog.Logger, beside ...func(context.Context) error,
) error {
	listeners, err := listen(ctx, append(slices.Clone(o.Listen), o.WebhookListen)...)
	if err != nil {
		return err
	}
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	working, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	g, ctx := errgroup.WithContext(ctx)
	defer context.AfterFunc(ctx, func() { h.Drain(); end() })()
	for i, l := range listeners {
		if l == nil {
			continue
		}
		serve, who := web.Serve, "with a login"
		switch {
		case i == len(o.Listen):
			serve, who = web.ServeHooks, "with a signature"
		case o.Access == config.AccessLocal && access.Loopback(l.Addr().String()):
			who = "from the machine itself, without a login"
		}
		log.Info("listening", "address", l.Addr().String(), "access", who)
		g.Go(func() error { return serve(serving, l, h, log) })
	}
	for _, run := range beside {
		g.Go(func() error { return run(serving) })
	}
	g.Go(func() error {
		defer stop()
		return work(working)
	})
	err = g.Wait()
	log.Info("stopped")
	return err
}

// listen opens the addresses; one that is empty has no listener.
func listen(ctx context.Context, addresses ...string) ([]net.Listener, error) {
	out := make([]net.Listener, len(addresses))
	for i, address := range addresses {
		if address == "" {
			continue
		}
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
		if err != nil {
			for _, open := range out[:i] {
				if open != nil {
					_ = open.Close()
				}
			}
			return nil, fmt.Errorf("listen: %w", err)
		}
		out[i] = l
	}
	return out, nil
}

// outcomes says how --once went: the worst outcome counts.
func (a *app) outcomes(board *status.Board) error {
	var errs []error
	worst := exitOK
	for _, e := range board.Snapshot().Environments {
		err := a.outcome(environment{Name: e.Name, Status: e.Status})
		var own exit
		if errors.As(err, &own) && (worst == exitOK || own.code == exitFailure) {
			worst = own.code
		}
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return exit{worst, err}
	}
	return nil
}
