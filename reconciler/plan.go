package main

import (
	"encoding/json"
	"os"

	"github.com/spf13/cobra"

	"majordomo.dev/reconciler/object"
	"majordomo.dev/reconciler/plan"
)

// planDocument is what `majordomo plan -o json` prints.
type planDocument struct {
	APIVersion  string         `json:"apiVersion"`
	Kind        string         `json:"kind"`
	Environment string         `json:"environment"`
	Revision    string         `json:"revision,omitempty"` // "" for a plain directory
	Digest      string         `json:"digest"`             // of what Git wants
	Create      int            `json:"create"`
	Change      int            `json:"change"`
	Prune       int            `json:"prune"`
	Refuse      int            `json:"refuse"`
	Unchanged   int            `json:"unchanged"`
	Steps       []stepDocument `json:"steps"`
	Held        *heldDocument  `json:"held,omitempty"`
}

type stepDocument struct {
	Op      plan.Op         `json:"op"`
	Object  string          `json:"object"`
	Reason  string          `json:"reason"`
	Drift   bool            `json:"drift,omitempty"`
	By      []string        `json:"by,omitempty"`
	Changes []object.Change `json:"changes,omitempty"`
}

type heldDocument struct {
	Hash    string   `json:"hash"` // what `majordomo approve` confirms
	Reason  string   `json:"reason"`
	Objects []string `json:"objects"`
}

func (p preview) document() planDocument {
	d := planDocument{
		APIVersion: apiVersion, Kind: "Plan", Environment: p.plan.Environment, Revision: p.commit, Digest: p.desired.Digest,
		Create: p.plan.Count(plan.Create), Change: p.plan.Count(plan.Update), Prune: p.plan.Count(plan.Prune), Refuse: p.plan.Count(plan.Refuse),
		Steps: []stepDocument{},
	}
	for _, s := range p.plan.Steps {
		if s.Op == plan.Keep && s.Reason == unchanged {
			d.Unchanged++
			continue
		}
		d.Steps = append(d.Steps, stepDocument{Op: s.Op, Object: s.ID.String(), Reason: s.Reason, Drift: s.Drift, By: s.By, Changes: s.Changes})
	}
	if h := p.plan.Hold; h != nil {
		d.Held = &heldDocument{Hash: h.Hash, Reason: h.Reason}
		for _, id := range h.IDs {
			d.Held.Objects = append(d.Held.Objects, id.String())
		}
	}
	return d
}

func (a *app) planCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "plan ENV", Short: "Show what a sync would do, object by object, and why", GroupID: groupLook,
		Long: `Show what a sync would do to each object, and why. Nothing is written.

The config repository is the plain directory of --path, the commit of --repo, or the
directory around the working directory.`,
		Example: `  majordomo plan gke
  majordomo plan gke -o json | jq '.steps[] | select(.op=="prune").object'
  majordomo plan gke --out plan.json --detailed-exitcode
  majordomo plan gke --repo https://git.example/fleet.git --ref main`,
		Args: arguments(1, 1, "an environment"), ValidArgsFunction: a.completeEnvironment,
		Annotations: codes("0 done; with --detailed-exitcode: nothing to do", "2 wrong usage or invalid input; with --detailed-exitcode: there is something to do"),
	}
	w := whereFlags(c)
	detailed := c.Flags().Bool("detailed-exitcode", false, "exit with 2 if there is something to do, with 1 on every error")
	file := c.Flags().String("out", "", "write the plan into this file too, as JSON")
	o := outputFlag(c, asTable, asJSON, asYAML)
	c.RunE = func(c *cobra.Command, args []string) error {
		p, err := a.preview(c.Context(), w, args[0])
		if err == nil {
			err = a.showPlan(p, o, *file)
		}
		switch {
		case err != nil && *detailed:
			return exit{exitFailure, err}
		case err == nil && *detailed && p.differs():
			return exit{code: exitUsage}
		}
		return err
	}
	return c
}

// showPlan prints a plan, and writes it into a file if one is named.
func (a *app) showPlan(p preview, o *output, file string) error {
	if file != "" {
		b, err := json.MarshalIndent(p.document(), "", "  ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(file, append(b, '\n'), 0o600); err != nil {
			return err
		}
		a.done("plan written to %s", file)
	}
	if o.form != asTable {
		return a.data(o, p.document())
	}
	differences{app: a, summary: true}.plan(p.plan)
	a.printf("%s\n", p.line())
	return nil
}
