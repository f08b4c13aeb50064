package main

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"majordomo.dev/reconciler/config"
	"majordomo.dev/reconciler/git"
	"majordomo.dev/reconciler/object"
	"majordomo.dev/reconciler/plan"
	"majordomo.dev/reconciler/render"
)

// repository is a config repository as a command looks at it: a plain directory, or one commit.
type repository struct {
	tree     render.Tree
	renderer *render.Renderer
	mirror   *git.Mirror // nil for a directory
	commit   string      // "" for a directory
	at       string      // how people call the state: the short commit or the directory
	overlay  string      // kustomization that was named itself, instead of the environment's own; "" for none
	close    func()
}

// pathFlag adds --path.
func pathFlag(c *cobra.Command) *string {
	path := c.Flags().String("path", "", "plain directory: a config repository, or one kustomization in it; default: the one around the working directory")
	_ = c.MarkFlagDirname("path")
	return path
}

// directory opens a plain directory. Where it is not the root of a config repository itself, the root is looked for above it.
func (a *app) directory(path string) (*repository, error) {
	start, err := filepath.Abs(cmp.Or(path, "."))
	if err != nil {
		return nil, usagef("--path: %w", err)
	}
	if info, err := os.Stat(start); err != nil || !info.IsDir() {
		return nil, usagef("--path %s: is no directory", path)
	}
	root := rootOf(start)
	switch {
	case root != "":
	case path == "":
		return nil, usagef("neither the working directory nor one above it has a %s; name a config repository with --path", config.FleetFile)
	default:
		root = start
	}
	dir, err := render.Dir(root)
	if err != nil {
		return nil, err
	}
	r := &repository{tree: dir, renderer: render.New(render.Limits{}), at: root, close: func() { _ = dir.Close() }}
	if below, err := filepath.Rel(root, start); err == nil && path != "" && (below != "." || !holds(root, config.FleetFile)) {
		r.overlay = filepath.ToSlash(below)
	}
	return r, nil
}

// rootOf returns the directory at or above start that has a fleet.yaml, else the one with a .git, else "".
func rootOf(start string) string {
	for _, mark := range []string{config.FleetFile, ".git"} {
		for dir := start; ; dir = filepath.Dir(dir) {
			if holds(dir, mark) {
				return dir
			}
			if dir == filepath.Dir(dir) {
				break
			}
		}
	}
	return ""
}

func holds(dir, name string) bool {
	_, err := os.Lstat(filepath.Join(dir, name))
	return err == nil
}

// fleet reads the environments of the repository.
func (r *repository) fleet() (config.Fleet, error) {
	data, err := fs.ReadFile(r.tree.FS(), config.FleetFile)
	if errors.Is(err, fs.ErrNotExist) {
		return config.Fleet{}, usagef("%s has no %s, which names the environments", r.at, config.FleetFile)
	}
	if err != nil {
		return config.Fleet{}, err
	}
	fleet, err := config.ParseFleet(config.FleetFile, data)
	if err != nil {
		return config.Fleet{}, exit{exitUsage, err}
	}
	return fleet, nil
}

// environment returns one environment of the fleet; a kustomization that was named by itself takes the place of its path.
func (r *repository) environment(name string) (config.Environment, config.Fleet, error) {
	fleet, err := r.fleet()
	if err != nil {
		return config.Environment{}, fleet, err
	}
	env, err := fleet.Environment(name)
	if err != nil {
		return env, fleet, exit{exitNotFound, err}
	}
	if r.overlay != "" {
		env.Path = r.overlay
	}
	return env, fleet, nil
}

// render returns the objects of one kustomization.
func (r *repository) render(ctx context.Context, dir string) (render.Result, error) {
	res, err := r.renderer.Render(ctx, r.tree, dir)
	if err != nil && ctx.Err() == nil {
		return res, exit{exitUsage, err}
	}
	return res, err
}

// desire returns what the repository wants of one environment.
func (r *repository) desire(ctx context.Context, env config.Environment) (plan.Desired, error) {
	res, err := r.render(ctx, env.Path)
	if err != nil {
		return plan.Desired{}, err
	}
	return desired(env, res.Objects), nil
}

func desired(env config.Environment, objects object.Set) plan.Desired {
	return plan.Desire(plan.Environment{Name: env.Name, Namespaces: env.Namespaces, ClusterKinds: env.ClusterKinds}, objects)
}
