package main

import (
	"time"

	"github.com/spf13/cobra"
)

// longestReason is what the definition of the Environment kind allows.
const longestReason = 1024

func (a *app) suspendCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "suspend ENV", Short: "Leave an environment alone until it is resumed", GroupID: groupAsk,
		Long: `Leave an environment alone: no commit is applied and no drift is healed until
majordomo resume.`,
		Example: `  majordomo suspend gke --reason "migration of the volume, until tonight"
  majordomo suspend gke --context gke_my-project_europe-west1_jenkins
  majordomo suspend vagrant --path ~/fleet`,
		Args: arguments(1, 1, "an environment"), ValidArgsFunction: a.completeRecord, Annotations: codes(),
	}
	w := whereFlags(c)
	reason := c.Flags().String("reason", "", "why, for everybody who looks")
	c.RunE = func(c *cobra.Command, args []string) error {
		if len(*reason) > longestReason {
			return usagef("--reason has %d bytes; allowed are %d", len(*reason), longestReason)
		}
		records, rec, err := a.record(c.Context(), w, args[0])
		if err != nil {
			return err
		}
		since := a.now().UTC().Format(time.RFC3339)
		if e := environmentOf(rec, ""); e.Suspend != nil && e.Suspend.Since != "" {
			since = e.Suspend.Since
		}
		suspend := map[string]any{"reason": *reason, "since": since}
		if _, err := records.Patch(c.Context(), args[0], map[string]any{"spec": map[string]any{"suspend": suspend}}); err != nil {
			return err
		}
		a.done("environment %s is suspended; `majordomo resume %s` ends that", args[0], args[0])
		return nil
	}
	return c
}

func (a *app) resumeCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "resume ENV", Short: "Keep a suspended environment as Git says again", GroupID: groupAsk,
		Example: `  majordomo resume gke
  majordomo resume gke && majordomo wait gke
  majordomo resume vagrant --context vagrant`,
		Args: arguments(1, 1, "an environment"), ValidArgsFunction: a.completeRecord, Annotations: codes(),
	}
	w := whereFlags(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		records, rec, err := a.record(c.Context(), w, args[0])
		if err != nil {
			return err
		}
		if !rec.Suspended {
			a.warn("environment %s was not suspended", args[0])
			return nil
		}
		if _, err := records.Patch(c.Context(), args[0], map[string]any{"spec": map[string]any{"suspend": nil}}); err != nil {
			return err
		}
		a.done("environment %s goes on", args[0])
		return nil
	}
	return c
}
