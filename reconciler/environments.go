package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"majordomo.dev/reconciler/cluster"
	"majordomo.dev/reconciler/object"
	"majordomo.dev/reconciler/status"
	"majordomo.dev/reconciler/yaml"
)

// environmentList is what `majordomo status -o json` prints.
type environmentList struct {
	APIVersion string        `json:"apiVersion"`
	Kind       string        `json:"kind"`
	Items      []environment `json:"items"`
}

// environment is one of them.
type environment struct {
	Name    string             `json:"name"`
	Context string             `json:"context,omitempty"` // of the kubeconfig, where the command went through several
	Path    string             `json:"path,omitempty"`
	Created time.Time          `json:"created,omitzero"`
	Suspend *suspended         `json:"suspend,omitempty"`
	Pin     *pinned            `json:"pin,omitempty"`
	Problem string             `json:"problem,omitempty"` // why the status cannot be read
	Gone    bool               `json:"gone,omitempty"`    // with -w: the environment was deleted
	Status  status.Environment `json:"status"`
}

type suspended struct {
	Reason string `json:"reason,omitempty"`
	Since  string `json:"since,omitempty"`
}

type pinned struct {
	Revision string   `json:"revision"`
	Rejected []string `json:"rejected,omitempty"`
}

// environmentOf brings a record into the form that is printed.
func environmentOf(rec cluster.Record, context string) environment {
	text := func(path ...string) string {
		v, _ := rec.Object.Get(object.Pointer(path))
		s, _ := v.(string)
		return s
	}
	e := environment{Name: rec.Object.ID().Name, Context: context, Path: text("spec", "path"), Status: rec.Status}
	e.Created, _ = time.Parse(time.RFC3339, text("metadata", "creationTimestamp"))
	if rec.Suspended {
		e.Suspend = &suspended{Reason: rec.Reason, Since: text("spec", "suspend", "since")}
	}
	if rec.Pin != "" {
		e.Pin = &pinned{Revision: rec.Pin, Rejected: rec.Rejected}
	}
	if rec.Broken != nil {
		e.Problem = rec.Broken.Error()
	}
	return e
}

// ready returns the condition Ready; one that was never set is Unknown.
func (e environment) ready() status.Condition {
	c, ok := e.Status.Condition(status.Ready)
	switch {
	case e.Problem != "":
		return status.Condition{Type: status.Ready, Status: status.Unknown, Reason: "StatusDamaged", Message: e.Problem}
	case !ok:
		return status.Condition{Type: status.Ready, Status: status.Unknown, Reason: "Pending", Message: "majordomo has not visited it yet"}
	}
	return c
}

// record returns the Environment object of a name, with the books that it is in. A name that is not there is an error with what is.
func (a *app) record(ctx context.Context, w where, name string) (*cluster.Records, cluster.Record, error) {
	where, err := w.cluster(ctx, a, name)
	if err != nil {
		return nil, cluster.Record{}, err
	}
	records, err := a.records(where)
	if err != nil {
		return nil, cluster.Record{}, err
	}
	rec, err := records.Get(ctx, name)
	switch {
	case err != nil:
		return nil, rec, err
	case rec.Object == nil:
		return nil, rec, missing(ctx, records, name)
	case rec.Broken != nil:
		return nil, rec, rec.Broken
	}
	return records, rec, nil
}

// missing says that there is no such environment, and which one was perhaps meant.
func missing(ctx context.Context, records *cluster.Records, name string) error {
	all, err := records.List(ctx)
	if err != nil {
		return err
	}
	var names []string
	for _, r := range all {
		names = append(names, r.Object.ID().Name)
	}
	if len(names) == 0 {
		return notFoundf("no environment %q: the cluster has none yet; `majordomo run` makes them from fleet.yaml", name)
	}
	slices.Sort(names)
	return notFoundf("no environment %q in the cluster%s", name, yaml.DidYouMean(name, names))
}

// environments returns the Environment objects of every cluster that the command line leads to: those of the fleet's contexts where it
// names a config repository, otherwise one.
func (a *app) environments(ctx context.Context, w where) ([]environment, error) {
	contexts := []string{a.context}
	if a.context == "" && w.named(a) {
		var err error
		if contexts, err = w.contexts(ctx, a); err != nil {
			return nil, err
		}
	}
	var out []environment
	for _, c := range contexts {
		records, err := a.records(c)
		if err != nil {
			return nil, err
		}
		list, err := records.List(ctx)
		if err != nil {
			return nil, fmt.Errorf("list the environments: %w", err)
		}
		for _, r := range list {
			out = append(out, environmentOf(r, c))
		}
	}
	slices.SortFunc(out, func(a, b environment) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Context, b.Context))
	})
	return out, nil
}

// contexts returns the kubeconfig contexts of the fleet, each once.
func (w where) contexts(ctx context.Context, a *app) ([]string, error) {
	r, err := w.open(ctx, a)
	if err != nil {
		return nil, err
	}
	defer r.close()
	fleet, err := r.fleet()
	var out []string
	for _, e := range fleet.Environments {
		if !slices.Contains(out, e.Context) {
			out = append(out, e.Context)
		}
	}
	return out, err
}

// completeEnvironment completes the names of environments: those of the directory around the user, otherwise those of the cluster.
func (a *app) completeEnvironment(c *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) {
	if names, d := a.completeDirectory(c, args, prefix); len(names) > 0 || len(args) > 0 {
		return names, d
	}
	return a.completeRecord(c, args, prefix)
}

// completeRecord completes the names of the environments in the cluster.
func (a *app) completeRecord(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	ctx, cancel := context.WithTimeout(c.Context(), completionTimeout)
	defer cancel()
	var names []string
	if records, err := a.records(a.context); err == nil {
		list, _ := records.List(ctx) // without an answer there is nothing to complete
		for _, r := range list {
			names = append(names, oneLine(r.Object.ID().Name))
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
