package main

import (
	"errors"

	"github.com/spf13/cobra"
)

func (a *app) diffCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "diff ENV", Short: "Show what a sync would change, field by field", GroupID: groupLook,
		Long: `Show what a sync would change in the cluster, field by field. The API server is asked
what each apply would do; nothing is written. Secret values are not shown.

The config repository is the plain directory of --path, the commit of --repo, or the
directory around the working directory.`,
		Example: `  majordomo diff gke                              the directory around you against the cluster
  majordomo diff gke --path ~/fleet               another directory
  majordomo diff gke --repo https://git.example/fleet.git --revision 3f2c1ab
  majordomo diff gke --summary                    only which objects`,
		Args: arguments(1, 1, "an environment"), ValidArgsFunction: a.completeEnvironment,
		Annotations: codes("0 no differences", "1 differences", "2 or more: an error; 2 also for what has no code of its own"),
	}
	w := whereFlags(c)
	summary := c.Flags().Bool("summary", false, "only the objects, not their fields")
	lines := c.Flags().Int("context-lines", 3, "unchanged lines around a change in a longer text")
	c.RunE = func(c *cobra.Command, args []string) error {
		if *lines < 0 {
			return usagef("--context-lines %d: allowed is 0 or more", *lines)
		}
		p, err := a.preview(c.Context(), w, args[0])
		if err != nil {
			return differing(err)
		}
		d := differences{app: a, summary: *summary, lines: *lines}
		d.plan(p.plan)
		a.printf("%s\n", p.line())
		if p.differs() {
			return exit{code: exitFailure}
		}
		return nil
	}
	return c
}

// differing keeps code 1 for differences: an error without a code of its own is a 2.
func differing(err error) error {
	var own exit
	if errors.As(err, &own) && own.code != exitFailure || forbidden(err) {
		return err
	}
	return exit{exitUsage, err}
}
