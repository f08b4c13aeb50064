package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"majordomo.dev/reconciler/status"
)

// historyDocument is what `majordomo history -o json` prints.
type historyDocument struct {
	APIVersion  string        `json:"apiVersion"`
	Kind        string        `json:"kind"`
	Environment string        `json:"environment"`
	Revision    string        `json:"revision"` // that is applied now
	Pin         *pinned       `json:"pin,omitempty"`
	Items       []status.Past `json:"items"` // newest first
}

func (a *app) historyCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "history ENV", Short: "Show the last syncs of an environment", GroupID: groupLook,
		Example: `  majordomo history gke
  majordomo history gke -o json | jq -r '.items[] | select(.result=="synced").revision'
  majordomo history gke --no-headers`,
		Args: arguments(1, 1, "an environment"), ValidArgsFunction: a.completeRecord, Annotations: codes(),
	}
	w := whereFlags(c)
	o := outputFlag(c, asTable, asWide, asJSON, asYAML)
	noHeaders := c.Flags().Bool("no-headers", false, "only the rows of the table")
	c.RunE = func(c *cobra.Command, args []string) error {
		_, rec, err := a.record(c.Context(), w, args[0])
		if err != nil {
			return err
		}
		e := environmentOf(rec, "")
		if o.form != asTable && o.form != asWide {
			return a.data(o, historyDocument{apiVersion, "EnvironmentHistory", e.Name, e.Status.Revision, e.Pin, append([]status.Past{}, e.Status.History...)})
		}
		if len(e.Status.History) == 0 {
			a.warn("environment %s has not been synced yet", e.Name)
			return nil
		}
		a.print(a.pastTable(e, o.form == asWide), !*noHeaders, nil)
		if e.Pin != nil {
			a.warn("rolled back to %s; `majordomo rollback %s --undo` follows the branch again", short(e.Pin.Revision), e.Name)
		}
		return nil
	}
	return c
}

func (a *app) pastTable(e environment, wide bool) *table {
	t := &table{head: []string{"TIME", "REVISION", "RESULT", "CHANGES", "DURATION", "NOW"}}
	marked := false
	for _, p := range e.Status.History {
		revision, now := short(p.Revision), ""
		if wide {
			revision = p.Revision
		}
		if !marked && p.Revision == e.Status.Revision && p.Result != status.ResultRefused {
			now, marked = "applied", true
		}
		t.add(cell{a.ago(p.Time), dim}, cell{revision, bold}, cell{p.Result, colourOfResult(p.Result)},
			cell{fmt.Sprint(p.Changes), plain}, cell{fmt.Sprint(durationText(p.Duration)), plain}, cell{now, green})
	}
	return t
}

func durationText(d status.Duration) string {
	b, err := d.MarshalText()
	if err != nil || d == 0 {
		return ""
	}
	return string(b)
}

func colourOfResult(result string) style {
	switch result {
	case status.ResultSynced:
		return green
	case status.ResultHeld:
		return yellow
	}
	return red
}

func short(revision string) string { return revision[:min(7, len(revision))] }
