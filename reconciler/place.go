package main

import (
	"context"

	"github.com/spf13/cobra"

	"majordomo.dev/reconciler/config"
	"majordomo.dev/reconciler/git"
	"majordomo.dev/reconciler/render"
)

// where is how a command finds the config repository: a plain directory with --path, or Git with --repo.
type where struct {
	path     *string
	settings *settings
	revision *string
}

// whereFlags adds the flags by which a command finds the config repository, and those of further settings.
func whereFlags(c *cobra.Command, more ...string) where {
	w := where{path: pathFlag(c), settings: settingFlags(c, append(repositorySettings(), more...)...)}
	w.revision = c.Flags().String("revision", "", "commit to look at instead of the newest; with --repo")
	return w
}

// named tells whether the command line or the environment names a config repository at all.
func (w where) named(a *app) bool {
	o, err := w.settings.options(a)
	return *w.path != "" || err != nil || o.Repo != ""
}

// open returns the config repository: the directory of --path, else the commit of --repo, else the directory around the working directory.
func (w where) open(ctx context.Context, a *app) (*repository, error) {
	if *w.path != "" {
		return a.directory(*w.path)
	}
	o, err := w.settings.options(a)
	if err != nil {
		return nil, err
	}
	if o.Repo == "" {
		if *w.revision != "" {
			return nil, usagef("--revision needs --repo: a plain directory has no commits")
		}
		return a.directory("")
	}
	return a.commit(ctx, o, *w.revision)
}

// commit fetches a commit, the newest one if no revision is named.
func (a *app) commit(ctx context.Context, o config.Options, revision string) (*repository, error) {
	m, err := a.mirror(o, "", a.told)
	if err != nil {
		return nil, err
	}
	a.step("fetch %s", o.Repo)
	c, err := fetch(ctx, m, revision)
	if err != nil {
		_ = m.Close()
		return nil, err
	}
	return &repository{
		tree: c, renderer: render.New(render.Limits{}), mirror: m, commit: c.Hash, at: c.Short(), close: func() { _ = m.Close() },
	}, nil
}

func fetch(ctx context.Context, m *git.Mirror, revision string) (*git.Commit, error) {
	if revision != "" {
		return m.Find(ctx, revision)
	}
	head, err := m.Head(ctx)
	if err != nil {
		return nil, err
	}
	return m.Fetch(ctx, head)
}

// cluster returns the kubeconfig context in which an environment's objects are: --context, else what fleet.yaml says where the
// command line names a config repository, else the current one.
func (w where) cluster(ctx context.Context, a *app, env string) (string, error) {
	if a.context != "" || !w.named(a) {
		return a.context, nil
	}
	r, err := w.open(ctx, a)
	if err != nil {
		return "", err
	}
	defer r.close()
	e, _, err := r.environment(env)
	return e.Context, err
}
