package main

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// getCommand is the way of those who are used to kubectl.
func (a *app) getCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "get envs|pools|agents [NAME]", Short: "List environments, pools or agents", GroupID: groupLook, Annotations: codes(),
		Args: cobra.ArbitraryArgs, ValidArgs: []string{"envs", "pools", "agents"},
		Example: `  majordomo get envs
  majordomo get pools -w
  majordomo get agents gke/linux -o wide`,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("`majordomo get` does not know %q; allowed: envs, pools, agents", args[0])
			}
			return c.Help()
		},
	}
	envs := a.statusCommand()
	envs.Use, envs.Aliases, envs.GroupID = "envs [ENV]", []string{"env", "environments"}, ""
	c.AddCommand(envs, a.getPoolsCommand(), a.getAgentsCommand())
	return c
}

func (a *app) getPoolsCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "pools [POOL]", Aliases: []string{"pool", "agentpools", "ap"}, Short: "List the pools of agents, and how many each has and wants",
		Long: `List the pools of agents: builds that wait and for how long, agents by their state, how
many are wanted, between which bounds, and why.

A pool is named POOL, or ENV/POOL where several environments have one of that name.`,
		Example: `  majordomo get pools
  majordomo get pools -w                                       a line for every change
  majordomo get pools -o name | xargs -n1 majordomo explain
  majordomo get pools gke/linux -o jsonpath='{.items[0].status.desired}'
  majordomo get pools -o custom-columns=POOL:.name,BUSY:.status.busy,WANT:.status.desired`,
		Args: arguments(0, 1, "at most one pool"), Annotations: codes(),
	}
	return a.listing(c, func(v *listView) { v.rows, v.head, v.kind = poolRows, poolHead, poolKind })
}

func (a *app) getAgentsCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "agents [POOL]", Aliases: []string{"agent"}, Short: "List the agents of all pools, or of one",
		Long: `List agents: the pod, its state and since when, the build that runs on it, and why it is
as it is. States: starting, idle, busy, draining, offline, lost, failed, terminating, and
ghost for a node of Jenkins without a pod.`,
		Example: `  majordomo get agents
  majordomo get agents gke/linux -w                            a line for every change
  majordomo get agents -o jsonpath='{.items[?(@.state=="failed")].name}'
  majordomo get agents -n jenkins-gke -o custom-columns=AGENT:.name,BUILD:.build`,
		Args: arguments(0, 1, "at most one pool"), Annotations: codes(),
	}
	return a.listing(c, func(v *listView) { v.rows, v.head, v.kind = agentRows, agentHead, agentKind })
}

// listing completes a command that lists pools, or what they have.
func (a *app) listing(c *cobra.Command, of func(*listView)) *cobra.Command {
	s := scopeFlags(c)
	c.Flags().BoolVarP(&s.all, "all-namespaces", "A", false, "all namespaces, and an error where that is not permitted")
	c.ValidArgsFunction = a.completePool(s)
	o := outputFlag(c, asTable, asWide, asJSON, asYAML, asName, asPath, asColumns)
	watch := c.Flags().BoolP("watch", "w", false, "go on with a line, or a JSON document, for every change")
	noHeaders := c.Flags().Bool("no-headers", false, "only the rows of the table")
	c.RunE = func(c *cobra.Command, args []string) error {
		arg := strings.Join(args, "")
		if s.all && *s.namespace != "" {
			return usagef("--all-namespaces and --namespace %s exclude each other", *s.namespace)
		}
		v := &listView{app: a, output: o, named: !*noHeaders, shown: map[string]row{}}
		of(v)
		l, err := a.look(c.Context(), s, arg)
		if err == nil && arg != "" {
			_, err = l.one(arg)
		}
		switch {
		case err != nil:
			return err
		case *watch:
			return v.watch(c.Context(), l)
		}
		return v.show(l.matching)
	}
	return c
}

// row is one line of a list.
type row struct {
	cells   []cell
	pool    string // that it belongs to
	name    string // for -o name, and to know it again
	version string // changes with all that a watcher wants to see
	item    any    // of the JSON
	line    any    // the JSON of a line by itself
	over    bool   // what it stands for is gone
	gone    func() row
}

// listView shows rows in one of the forms.
type listView struct {
	*app
	output *output
	kind   string // of the JSON
	head   func(wide bool) []string
	rows   func(v *listView, p agentPool) []row
	named  bool // with the names of the columns
	widths []int
	shown  map[string]row // by name, while watching
}

func (v *listView) wide() bool { return v.output.form == asWide }

func (v *listView) show(list []found) error {
	var rows []row
	omitted := 0
	for _, f := range list {
		rows = append(rows, v.rows(v, f.agentPool)...)
		omitted += f.Status.AgentsOmitted
	}
	switch v.output.form {
	case asTable, asWide, asColumns:
		if len(rows) == 0 {
			v.warn("%s", v.empty(list))
			return nil
		}
		if err := v.table(rows); err != nil {
			return err
		}
		if omitted > 0 && v.kind == agentKind {
			v.warn("%d further agents are not listed in the status of their pools", omitted)
		}
		return nil
	case asName:
		for _, r := range rows {
			v.printf("%s\n", oneLine(r.name))
		}
		return nil
	}
	items := make([]any, len(rows))
	for i, r := range rows {
		items[i] = r.item
	}
	return v.data(v.output, struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		Items      []any  `json:"items"`
	}{apiVersion, v.kind + "List", items})
}

func (v *listView) empty(list []found) string {
	if len(list) == 0 {
		return "no pools; a pool is an AgentPool in an overlay"
	}
	return "no agents; `majordomo explain POOL` tells why"
}

func (v *listView) table(rows []row) error {
	t := &table{head: v.head(v.wide())}
	for _, r := range rows {
		t.add(r.cells...)
	}
	if v.output.form == asColumns {
		items := make([]any, len(rows))
		for i, r := range rows {
			items[i] = r.item
		}
		var err error
		if t, err = v.output.customColumns(items); err != nil {
			return err
		}
	}
	v.widths = v.print(t, v.named, v.widths)
	return nil
}

// watch prints what is, and then every change, until the user has seen enough.
func (v *listView) watch(ctx context.Context, l look) error {
	if v.output.form == asYAML || v.output.form == asPath {
		return usagef("--watch does not go with -o %s; allowed: table, wide, name, custom-columns, json", v.output.form)
	}
	if len(l.matching) == 0 {
		v.warn("%s", v.empty(nil))
	}
	var rows []row
	for _, f := range l.matching {
		rows = append(rows, v.changed(f.agentPool)...)
	}
	if err := v.lines(rows); err != nil {
		return err
	}
	return l.followPools(ctx, func(p agentPool) error { return v.lines(v.changed(p)) })
}

// changed returns what is new of a pool since it was shown last.
func (v *listView) changed(p agentPool) []row {
	rows := v.rows(v, p)
	for name, last := range v.shown {
		still := slices.ContainsFunc(rows, func(r row) bool { return r.name == name })
		if last.pool == p.String() && !still {
			rows = append(rows, last.gone())
		}
	}
	var changed []row
	for _, r := range rows {
		if last, ok := v.shown[r.name]; !ok || last.version != r.version {
			changed = append(changed, r)
		}
		v.shown[r.name] = r
		if r.over {
			delete(v.shown, r.name)
		}
	}
	return changed
}

// lines prints rows at once.
func (v *listView) lines(rows []row) error {
	if v.output.form != asJSON && v.output.form != asName {
		if len(rows) == 0 {
			return nil
		}
		if err := v.table(rows); err != nil {
			return err
		}
		v.named = false
		return v.out.Flush()
	}
	for _, r := range rows {
		if v.output.form == asName {
			v.printf("%s\n", oneLine(r.name))
			continue
		}
		if err := v.json(r.line, ""); err != nil {
			return err
		}
	}
	return v.out.Flush()
}
