package main

import (
	"context"

	"github.com/spf13/cobra"

	"majordomo.dev/reconciler/object"
	"majordomo.dev/reconciler/render"
)

func (a *app) renderCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "render [ENV]", Short: "Print the objects of an overlay", GroupID: groupOffline,
		Long: `Print the objects that an environment's overlay, or any kustomization, describes.

It reads a plain directory and nothing else: no cluster, no network. Secret values
are masked unless --show-secrets asks for them.`,
		Example: `  majordomo render gke                             an environment of the fleet around the working directory
  majordomo render gke --path ~/fleet              of that config repository
  majordomo render --path overlays/gke             a kustomization, whether or not an environment has it
  majordomo render gke -o json | jq '.items[].kind'`,
		Args: arguments(0, 1, "at most one environment"), ValidArgsFunction: a.completeDirectory,
		Annotations: codes("2 wrong usage, or the overlay does not render"),
	}
	path := pathFlag(c)
	secrets := c.Flags().Bool("show-secrets", false, "print the values of Secrets too")
	o := outputFlag(c, asYAML, asJSON, asName)
	c.RunE = func(c *cobra.Command, args []string) error {
		r, err := a.directory(*path)
		if err != nil {
			return err
		}
		defer r.close()
		objects, err := a.renderOne(c.Context(), r, args)
		if err != nil {
			return err
		}
		if !*secrets {
			objects = masked(objects)
		}
		return a.manifests(o, objects)
	}
	return c
}

// renderOne renders the environment that is named, or the kustomization that --path is.
func (a *app) renderOne(ctx context.Context, r *repository, args []string) (object.Set, error) {
	dir := r.overlay
	if len(args) == 1 {
		env, _, err := r.environment(args[0])
		if err != nil {
			return nil, err
		}
		dir = env.Path
	}
	if dir == "" {
		return nil, usagef("name an environment, or a kustomization with --path; `majordomo validate` lists what is there")
	}
	res, err := r.render(ctx, dir)
	if err != nil {
		return nil, err
	}
	for _, w := range res.Warnings {
		a.warn("%s", w)
	}
	return res.Objects, nil
}

// masked returns the objects with every value masked that may be a secret.
func masked(objects object.Set) object.Set {
	out := make(object.Set, len(objects))
	for id, o := range objects {
		out[id] = object.Redact(o)
	}
	return out
}

// manifests prints objects in the order in which they are applied.
func (a *app) manifests(o *output, objects object.Set) error {
	switch o.form {
	case asJSON:
		items := make([]object.Object, 0, len(objects))
		for _, id := range objects.IDs() {
			items = append(items, objects[id])
		}
		return a.json(map[string]any{"apiVersion": "v1", "kind": "List", "items": items}, "  ")
	case asName:
		for _, id := range objects.IDs() {
			a.printf("%s\n", oneLine(id.String()))
		}
		return nil
	}
	_, err := a.out.Write(render.YAML(objects))
	return err
}
