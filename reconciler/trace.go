package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"majordomo.dev/jenkins"
	"majordomo.dev/jenkins/rest"
	"majordomo.dev/jenkins/simulate/trace"
)

func (a *app) traceCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "trace", Short: "Histories of builds, for majordomo simulate", GroupID: groupFleet,
		Long: `Write a history of builds: a CSV file that says when each build was submitted and how
long it ran. "majordomo simulate" plays the policy of agent pools against it.`,
		Example: `  majordomo trace export --jenkins https://jenkins.example --user me --token-file token -o builds.csv
  majordomo trace generate -o trace.csv
  majordomo simulate --trace builds.csv --peers                    what to do with it`,
		Args: cobra.ArbitraryArgs, Annotations: codes(),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("unknown command %q of `%s`; see `%s --help`", args[0], c.CommandPath(), c.CommandPath())
			}
			return c.Help()
		},
	}
	c.AddCommand(a.traceExportCommand(), a.traceGenerateCommand())
	return c
}

// source is the Jenkins that a history is read from.
type source struct {
	url, user, token, ca, label, file string
	since                             time.Duration
}

func (a *app) traceExportCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "export --jenkins URL", Short: "Write the build history of a Jenkins",
		Long: `Write the history of a Jenkins's builds. It only reads, one request after another, and
needs an account with the rights Overall/Read and Job/Read: what the account may not see
is not in the file.

Builds on the built-in node are left out, for no agent ran them. A pipeline counts as one
build for as long as it ran, since its history does not say how long each node was in use.
Jenkins tells how long a build waited only with the plugin metrics; without it, a build
counts as submitted when it began.`,
		Example: `  majordomo trace export --jenkins https://jenkins.example --user me --token-file token -o builds.csv
  majordomo trace export --jenkins https://jenkins.example/ci --user me --token-file token --since 168h -o - | gzip > week.csv.gz
  majordomo trace export --jenkins http://localhost:8080 --label linux -o linux.csv`,
		Args: arguments(0, 0, "no argument"), Annotations: codes("2 wrong usage"),
	}
	s := source{}
	f := c.Flags()
	f.StringVar(&s.url, "jenkins", "", "URL of Jenkins, with its path if it has one")
	f.StringVar(&s.user, "user", "", "account to read with; without one, as anybody")
	f.StringVar(&s.token, "token-file", "", "file with the account's API token")
	f.StringVar(&s.ca, "ca-file", "", "file with further certificate authorities, PEM")
	f.StringVar(&s.label, "label", "", "only builds of jobs whose label expression is this; pipelines have none")
	f.DurationVar(&s.since, "since", 720*time.Hour, "how far back")
	f.StringVarP(&s.file, "output", "o", "", "file to write; - is stdout")
	c.RunE = func(c *cobra.Command, _ []string) error {
		switch {
		case s.url == "":
			return usagef("--jenkins is missing: the URL of the Jenkins to read")
		case s.file == "":
			return usagef("-o is missing: the file to write, - for stdout")
		case s.since <= 0 || s.since > trace.MaxSpan:
			return usagef("--since %s; allowed is more than 0 and up to two years, %s", s.since, trace.MaxSpan)
		}
		client, err := a.reader(s)
		if err != nil {
			return err
		}
		defer client.Close()
		return a.into(s.file, func(w io.Writer) error { return a.export(c.Context(), client, s, w) })
	}
	return c
}

// reader returns a client of the Jenkins.
func (a *app) reader(s source) (*rest.Client, error) {
	o := rest.Options{URL: s.url, User: s.user, Version: build().Version}
	token, err := secretOf("token-file", s.token, a.told)
	if err != nil {
		return nil, err
	}
	if !token.IsZero() {
		o.Token = rest.NewSecret(token.Reveal())
	}
	if s.ca != "" {
		if o.CA, err = readFile(s.ca); err != nil {
			return nil, usagef("--ca-file: %w", err)
		}
	}
	client, err := rest.New(o)
	if err != nil {
		return nil, exit{exitUsage, err}
	}
	return client, nil
}

// exported counts what became of the builds of a Jenkins.
type exported struct {
	builds, pipelines, builtIn, elsewhere, unknown int
}

// export writes what the Jenkins tells.
func (a *app) export(ctx context.Context, client *rest.Client, s source, out io.Writer) error {
	a.step("read the builds of the last %s from %s", s.since, client)
	w := trace.NewWriter(out)
	var n exported
	err := client.Builds(ctx, a.now().Add(-s.since), func(b rest.Past) error {
		if !n.count(b, s.label) {
			return nil
		}
		const often = 5000
		if n.builds%often == 0 {
			a.step("%d builds", n.builds)
		}
		r := trace.Record{Submit: b.Started, Duration: b.Took, Job: b.Job}
		if !b.Queued.IsZero() && b.Queued.Before(b.Started) {
			r.Submit = b.Queued
		}
		if b.Label != nil {
			r.Label = *b.Label
		}
		return w.Write(r)
	})
	if err != nil {
		return refused(err)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if n.builds == 0 {
		return exit{exitFailure, fmt.Errorf("no builds: %s ran none on agents in the last %s%s that the account may see", client, s.since, n.left())}
	}
	n.tell(a)
	return nil
}

// pipeline is the class of a pipeline's runs.
const pipeline = "org.jenkinsci.plugins.workflow.job.WorkflowRun"

// count tells whether a build belongs into the file, and remembers what is to be said about it.
func (n *exported) count(b rest.Past, label string) bool {
	own := b.Class == pipeline
	switch {
	case label != "" && (b.Label == nil || *b.Label != label):
		n.elsewhere++
		return false
	case !own && b.Node == "":
		n.builtIn++
		return false
	case own:
		n.pipelines++
	}
	if b.Queued.IsZero() {
		n.unknown++
	}
	n.builds++
	return true
}

func (n *exported) left() string {
	if n.elsewhere == 0 {
		return ""
	}
	return fmt.Sprintf(" (of other labels or pipelines: %d)", n.elsewhere)
}

// tell says what somebody who uses the file should know.
func (n *exported) tell(a *app) {
	if n.pipelines > 0 {
		a.warn("pipelines among the builds: %d; each counts as one build for as long as it ran", n.pipelines)
	}
	if n.unknown > 0 {
		a.warn("builds of which Jenkins does not tell how long they waited: %d; they count as submitted when they began (its plugin metrics would tell)", n.unknown)
	}
	if n.builtIn > 0 {
		a.step("left out, on the built-in node: %d", n.builtIn)
	}
	if n.elsewhere > 0 {
		a.step("left out, of other labels or pipelines: %d", n.elsewhere)
	}
	a.done("builds written: %d", n.builds)
}

// refused gives errors about the account their exit code.
func refused(err error) error {
	var fault *jenkins.Fault
	if errors.As(err, &fault) && (fault.Reason == jenkins.AuthLost || fault.Reason == jenkins.InsufficientPermission) {
		return exit{exitAuth, err}
	}
	return err
}

// into has a file written, which is there only once all of it is. The name - is stdout.
func (a *app) into(file string, write func(io.Writer) error) error {
	if file == "-" {
		return write(a.out)
	}
	f, err := os.CreateTemp(filepath.Dir(file), "."+filepath.Base(file)+"-*")
	if err != nil {
		return usagef("-o: %w", err)
	}
	defer os.Remove(f.Name()) //nolint:errcheck // it has another name by then, or is of no use
	if err := errors.Join(write(f), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), file)
}

func (a *app) traceGenerateCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "generate", Short: "Make up a history of builds",
		Long: `Make up the builds of a firm with twenty repositories: pushes by the hour of the day, each
with jobs that depend on each other, waves of pushes, and jobs that run by the clock.
About 2,900 builds on a working day, 1,000 at weekends. The same seed gives the same file.`,
		Example: `  majordomo trace generate -o trace.csv
  majordomo trace generate --builds 3000 --seed 7 -o - | majordomo simulate --trace -
  majordomo trace generate --builds 3000 -o - | gzip > trace.csv.gz`,
		Args: arguments(0, 0, "no argument"), Annotations: codes("2 wrong usage"),
	}
	builds := c.Flags().Int("builds", 50_000, "how many")
	seed := c.Flags().Uint64("seed", 1, "what chance depends on")
	file := c.Flags().StringP("output", "o", "", "file to write; - is stdout")
	c.RunE = func(*cobra.Command, []string) error {
		switch {
		case *file == "":
			return usagef("-o is missing: the file to write, - for stdout")
		case *builds < 1 || *builds > trace.MaxBuilds:
			return usagef("--builds %d; allowed are 1 to %d", *builds, trace.MaxBuilds)
		}
		return a.into(*file, func(out io.Writer) error {
			w, t := trace.NewWriter(out), trace.Diurnal(*seed, *builds)
			for _, b := range t.Builds {
				if err := w.Write(trace.Record{Submit: t.Start.Add(b.Submit), Duration: b.Duration, Known: b.Known, Job: t.Jobs[b.Job]}); err != nil {
					return err
				}
			}
			return w.Flush()
		})
	}
	return c
}
