package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"majordomo.dev/reconciler/yaml"
)

const about = `majordomo keeps Jenkins masters and their agent fleets the way a Git repository says.

A loop pulls a repository of kustomize overlays, applies each environment of its
fleet.yaml to its cluster, and puts right what drifts. "majordomo run" is that loop;
the other commands look at it, ask something of it, or work on a plain directory.`

// Groups of commands in the help.
const (
	groupOffline = "offline"
	groupLook    = "look"
	groupAsk     = "ask"
	groupFleet   = "fleet"
	groupSelf    = "self"
)

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use: "majordomo", Short: "Jenkins masters and agents the way Git says", Long: about,
		SilenceErrors: true, SilenceUsage: true, Args: cobra.ArbitraryArgs,
		Example: `  majordomo validate                                  check a config repository before you push it
  majordomo diff gke                                  what a sync would change
  majordomo status -w                                 what runs where, live
  majordomo explain gke/linux                         why a pool of agents is as large as it is
  majordomo run --repo https://git.example/fleet.git  the loop itself`,
		Annotations:       codes(),
		PersistentPreRunE: func(*cobra.Command, []string) error { a.streams(a.stdout.Writer, a.stderr.Writer); return nil },
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("unknown command %q%s; see `majordomo --help`", args[0], yaml.DidYouMean(args[0], names(c)))
			}
			return c.Help()
		},
	}
	root.SetFlagErrorFunc(flagError)
	root.SetUsageTemplate(usageTemplate)
	root.CompletionOptions.DisableDefaultCmd = true
	root.AddGroup(
		&cobra.Group{ID: groupOffline, Title: "Before you push (offline):"}, &cobra.Group{ID: groupLook, Title: "Look:"},
		&cobra.Group{ID: groupAsk, Title: "Act:"}, &cobra.Group{ID: groupFleet, Title: "Agents:"}, &cobra.Group{ID: groupSelf, Title: "The program:"},
	)
	a.globalFlags(root.PersistentFlags())
	root.AddCommand(a.commands()...)
	root.SetHelpCommandGroupID(groupSelf)
	_ = root.RegisterFlagCompletionFunc("color", cobra.FixedCompletions(a.color.allowed, cobra.ShellCompDirectiveNoFileComp))
	return root
}

func (a *app) commands() []*cobra.Command {
	return []*cobra.Command{
		a.renderCommand(), a.validateCommand(), a.simulateCommand(),
		a.statusCommand(), a.getCommand(), a.diffCommand(), a.planCommand(), a.historyCommand(), a.waitCommand(), a.checkCommand(), a.traceCommand(), a.dashboardCommand(),
		a.syncCommand(), a.approveCommand(), a.suspendCommand(), a.resumeCommand(), a.rollbackCommand(),
		a.explainCommand(), a.logsCommand(), a.scaleCommand(), a.drainCommand(),
		a.runCommand(), a.versionCommand(), a.completionCommand(), a.manCommand(),
	}
}

func (a *app) globalFlags(f *pflag.FlagSet) {
	f.Var(&a.color, "color", "colours: auto, always, never; NO_COLOR and CLICOLOR_FORCE count too")
	f.BoolVarP(&a.quiet, "quiet", "q", false, "no progress on stderr, only data and errors")
	f.BoolVarP(&a.verbose, "verbose", "v", false, "tell on stderr what is being done")
	f.StringVar(&a.kubeconfig, "kubeconfig", "", "kubeconfig file; default $KUBECONFIG, then ~/.kube/config, then the pod's own account")
	f.StringVar(&a.context, "context", "", "kubeconfig context, instead of the one that fleet.yaml names or the current one")
	f.BoolVar(&a.allowExec, "allow-exec-auth", false, "let the kubeconfig start a program that logs in, as GKE's does")
}

// names returns what can follow a command.
func names(c *cobra.Command) []string {
	var out []string
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			out = append(out, sub.Name())
		}
	}
	slices.Sort(out)
	return out
}

// flagError names the flag that was perhaps meant.
func flagError(c *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return exit{exitUsage, fmt.Errorf("%w; see `%s --help`", err, c.CommandPath())}
	}
	var known []string
	c.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, f.Name) })
	name := unknown.GetSpecifiedName()
	hint := ""
	if near := yaml.DidYouMean(name, known); strings.HasPrefix(near, "; did") {
		hint = strings.Replace(near, `"`, `"--`, 1)
	}
	return usagef("unknown flag %s of `%s`%s; see `%s --help`", dashed(name), c.CommandPath(), hint, c.CommandPath())
}

func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

// choice is a flag that takes one of a few words.
type choice struct {
	value   string
	allowed []string
}

func (c *choice) String() string { return c.value }
func (c *choice) Type() string   { return strings.Join(c.allowed, "|") }

func (c *choice) Set(v string) error {
	if !slices.Contains(c.allowed, v) {
		return fmt.Errorf("allowed: %s", strings.Join(c.allowed, ", "))
	}
	c.value = v
	return nil
}

// arguments requires between least and most arguments, and says what they are.
func arguments(least, most int, what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return usagef("`%s` needs %s; usage: %s", c.CommandPath(), what, c.UseLine())
		case len(args) > most:
			return usagef("`%s` does not take %q; usage: %s", c.CommandPath(), args[most], c.UseLine())
		}
		return nil
	}
}
