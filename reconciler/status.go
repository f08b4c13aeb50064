package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"majordomo.dev/reconciler/cluster"
	"majordomo.dev/reconciler/status"
)

func (a *app) statusCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "status [ENV]", Short: "Show what runs where, and whether it is right", GroupID: groupLook,
		Long: `Show the environments of a cluster: which commit is applied, whether everything is
ready, what drifted.

With --path or --repo it goes through all clusters of that fleet.`,
		Example: `  majordomo status
  majordomo status gke -o wide
  majordomo status -w                                    a line for every change
  majordomo status -o jsonpath='{.items[*].status.revision}'
  majordomo status -o custom-columns=ENV:.name,REV:.status.shortRevision
  majordomo status --exit-code -q                        for scripts: 1 if anything is not ready`,
		Args: arguments(0, 1, "at most one environment"), ValidArgsFunction: a.completeRecord,
		Annotations: codes("1 failed; with --exit-code: an environment is not ready"),
	}
	w := whereFlags(c)
	o := outputFlag(c, asTable, asWide, asJSON, asYAML, asName, asPath, asColumns)
	watch := c.Flags().BoolP("watch", "w", false, "go on with a line, or a JSON document, for every change")
	noHeaders := c.Flags().Bool("no-headers", false, "only the rows of the table")
	exitCode := c.Flags().Bool("exit-code", false, "exit with 1 if an environment is not ready")
	c.RunE = func(c *cobra.Command, args []string) error {
		v := &view{app: a, output: o, heads: !*noHeaders}
		if *watch {
			return v.watch(c.Context(), w, args)
		}
		list, err := a.selected(c.Context(), w, args)
		if err != nil {
			return err
		}
		if err := v.show(list); err != nil {
			return err
		}
		for _, e := range list {
			if *exitCode && e.ready().Status != status.True {
				return exit{code: exitFailure}
			}
		}
		return nil
	}
	return c
}

// selected returns all environments, or the one that is named.
func (a *app) selected(ctx context.Context, w where, args []string) ([]environment, error) {
	if len(args) == 0 {
		return a.environments(ctx, w)
	}
	_, rec, err := a.record(ctx, w, args[0])
	if err != nil {
		return nil, err
	}
	return []environment{environmentOf(rec, "")}, nil
}

// view shows environments in one of the forms.
type view struct {
	*app
	output *output
	heads  bool
	widths []int // of the columns so far, while watching
}

// show prints a list. One that was asked for by name and as JSON is still a list: scripts read one form.
func (v *view) show(list []environment) error {
	switch v.output.form {
	case asTable, asWide:
		if len(list) == 0 {
			v.warn("no environments yet; `majordomo run` makes them from fleet.yaml")
			return nil
		}
		v.widths = v.print(v.table(list), v.heads, v.widths)
		return nil
	case asName:
		for _, e := range list {
			v.printf("environment/%s\n", oneLine(e.Name))
		}
		return nil
	case asColumns:
		items := make([]any, len(list))
		for i, e := range list {
			items[i] = e
		}
		t, err := v.output.customColumns(items)
		if err == nil {
			v.widths = v.print(t, v.heads, v.widths)
		}
		return err
	}
	return v.data(v.output, environmentList{apiVersion, "EnvironmentStatusList", append([]environment{}, list...)})
}

func (v *view) table(list []environment) *table {
	wide := v.output.form == asWide
	t := &table{head: []string{"NAME", "READY", "REASON", "REVISION", "OBJECTS", "DRIFT", "LAST SYNC"}}
	if wide {
		t.head = append(t.head, "MANAGED", "AGE", "MESSAGE")
	}
	for _, e := range list {
		s, ready := e.Status, e.ready()
		var last string
		if s.LastSync != nil {
			last = v.ago(s.LastSync.Time)
		}
		row := []cell{
			{e.Name, bold},
			{ready.Status, colourOf(ready.Status)},
			{e.reason(), plain},
			{s.ShortRevision, plain},
			{fmt.Sprintf("%d/%d", s.Objects.Ready, s.Objects.Total), plain},
			{fmt.Sprint(s.Drift.Repairs), plain},
			{last, dim},
		}
		if wide {
			row = append(row, cell{fmt.Sprint(len(s.Inventory)), plain}, cell{v.age(e.Created), dim}, cell{ready.Message, plain})
		}
		t.add(row...)
	}
	return t
}

func colourOf(status string) style {
	switch status {
	case "True":
		return green
	case "False":
		return red
	}
	return yellow
}

// reason is why the environment is as it is, with what people have asked of it.
func (e environment) reason() string {
	parts := []string{e.ready().Reason}
	if e.Gone {
		parts = []string{"Deleted"}
	}
	if e.Suspend != nil && parts[0] != status.Suspended {
		parts = append(parts, status.Suspended)
	}
	if e.Pin != nil {
		parts = append(parts, "RolledBack")
	}
	if e.Status.Held != nil {
		parts = append(parts, status.PruneHeld)
	}
	return strings.Join(parts, ",")
}

// watch prints what is, and then every change, until the user has seen enough.
func (v *view) watch(ctx context.Context, w where, args []string) error {
	name := ""
	where := v.context
	if len(args) == 1 {
		name = args[0]
		var err error
		if where, err = w.cluster(ctx, v.app, name); err != nil {
			return err
		}
	}
	list, err := v.selected(ctx, w, args)
	if err != nil {
		return err
	}
	records, err := v.records(where)
	if err != nil {
		return err
	}
	shown := map[string]string{}
	for _, e := range list {
		shown[e.Name] = e.version()
	}
	if err := v.stream(list...); err != nil {
		return err
	}
	v.heads = false
	var failed error
	records.Follow(ctx, name, func(c cluster.Change) bool {
		e := environmentOf(c.Record, "")
		e.Gone = c.Gone
		if !c.Gone && shown[e.Name] == e.version() {
			return true
		}
		shown[e.Name] = e.version()
		failed = v.stream(e)
		return failed == nil
	})
	if failed == nil {
		failed = ctx.Err()
	}
	return failed
}

// version changes with everything about an environment that a watcher wants to see.
func (e environment) version() string {
	b := fmt.Sprint(e.Suspend != nil, e.Pin != nil, e.Problem)
	return b + fmt.Sprint(e.Status.Fields())
}

// stream prints environments at once: rows of the table, or a JSON document on each line.
func (v *view) stream(list ...environment) error {
	if v.output.form != asJSON {
		if err := v.show(list); err != nil {
			return err
		}
		return v.out.Flush()
	}
	for _, e := range list {
		if err := v.json(struct {
			APIVersion string `json:"apiVersion"`
			Kind       string `json:"kind"`
			environment
		}{apiVersion, "EnvironmentStatus", e}, ""); err != nil {
			return err
		}
	}
	return v.out.Flush()
}
