// Command majordomo-jenkins is a simulated Jenkins: it answers as the real one does, and makes agents of the pods of a cluster.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"majordomo.dev/jenkins/jenkinstest"
)

const usage = `majordomo-jenkins is a Jenkins without builds that do anything: it has a queue, nodes and users, and answers as
the real one does. Pods with the label majordomo.dev/pool are its agents, as soon as they are ready.

    majordomo-jenkins --listen 127.0.0.1:8080 --kubeconfig ~/.kube/config --namespaces jenkins
    curl -X POST 'http://127.0.0.1:8080/sim/enqueue?job=linux&count=10&duration=30s'
    curl http://127.0.0.1:8080/sim/stats

Users: scaler with the API token %s has the rights that Majordomo needs; admin with the
password adminpw may do anything. The control API below /sim/ asks for nobody's name: listen where only you are.

Flags:
%s`

type options struct {
	listen, kubeconfig, context, jobs, url, version string
	namespaces                                      []string
	agentDelay, assign                              time.Duration
	seed                                            uint64
	follow, open                                    bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "majordomo-jenkins:", err)
		os.Exit(1)
	}
}

func flags(o *options) *pflag.FlagSet {
	f := pflag.NewFlagSet("majordomo-jenkins", pflag.ContinueOnError)
	f.StringVar(&o.listen, "listen", "127.0.0.1:8080", "where to listen")
	f.StringVar(&o.url, "url", "", "the URL of Jenkins in answers; where it listens by default")
	f.StringVar(&o.version, "version", "2.263.4", "the version that it says it is")
	f.StringVar(&o.kubeconfig, "kubeconfig", "", "file with the cluster whose pods are agents; the usual places by default")
	f.StringVar(&o.context, "context", "", "context in the kubeconfig; the current one by default")
	f.StringSliceVar(&o.namespaces, "namespaces", nil, "namespaces whose pods are agents; all by default")
	f.BoolVar(&o.follow, "follow", true, "make agents of pods; without it there are none")
	f.DurationVar(&o.agentDelay, "agent-delay", 2*time.Second, "from a pod that is ready to its node")
	f.DurationVar(&o.assign, "assign-delay", 20*time.Millisecond, "from the choice of an executor to the start of the build")
	f.StringVar(&o.jobs, "jobs", "", "YAML file with jobs; a set of examples by default")
	f.Uint64Var(&o.seed, "seed", 1, "decides what chance decides")
	f.BoolVar(&o.open, "open", false, "no security: anybody may do anything")
	f.SortFlags = false
	return f
}

func run(ctx context.Context, args []string, out io.Writer) error {
	var o options
	f := flags(&o)
	j := jenkinstest.New(jenkinstest.Options{})
	_, token := j.Credentials("scaler")
	f.Usage = func() { fmt.Fprintf(out, usage, token, f.FlagUsages()) }
	switch err := f.Parse(args); {
	case err == pflag.ErrHelp: //nolint:errorlint // it is never wrapped
		return nil
	case err != nil:
		return err
	case f.NArg() > 0:
		return fmt.Errorf("%q is unexpected: there are only flags", f.Arg(0))
	}
	jobs, err := readJobs(o.jobs)
	if err != nil {
		return err
	}
	j = jenkinstest.New(jenkinstest.Options{Seed: o.seed, Version: o.version, URL: o.url, Assign: o.assign, Open: o.open})
	j.AddJob(jobs...)
	var cfg *rest.Config
	if o.follow {
		if cfg, err = o.cluster(); err != nil {
			return err
		}
	}
	url, err := j.Listen(o.listen, j.Control()) //nolint:contextcheck // it listens until Close
	if err != nil {
		return err
	}
	defer j.Close()
	fmt.Fprintf(out, "listening on %s, %d jobs\n", url, len(jobs))
	if cfg == nil {
		<-ctx.Done()
		return nil
	}
	return j.Follow(ctx, cfg, jenkinstest.FollowOptions{
		Namespaces: o.namespaces, Delay: o.agentDelay, Log: func(err error) { fmt.Fprintln(out, err) },
	})
}

// cluster is the one that the flags name, or the usual kubeconfig, or the one that this runs in.
func (o options) cluster() (*rest.Config, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = o.kubeconfig
	cfg, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{CurrentContext: o.context}).ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("which cluster: %w; --follow=false does without one", err)
	}
	return cfg, nil
}
