package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	core "k8s.io/client-go/kubernetes/typed/core/v1"

	"majordomo.dev/reconciler/cluster"
	"majordomo.dev/reconciler/object"
)

// mostLogs is how many pods are read at once; the newest count.
const mostLogs = 50

// logQuery is what a person wants to read.
type logQuery struct {
	tail       int // lines of each pod, below 0 for all
	since      time.Duration
	follow     bool
	noMaster   bool
	timestamps bool
}

func (a *app) logsCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "logs POOL|AGENT", Short: "Show what the agents of a pool and its master log, merged by time", GroupID: groupFleet,
		Long: `Show the logs of all agents of a pool and of the Jenkins that it serves, merged by time,
each line with the pod that it is from. With an agent's name, only that one's.

With -f it goes on, and takes in new agents as they come.`,
		Example: `  majordomo logs gke/linux
  majordomo logs gke/linux -f --since 10m
  majordomo logs agent-linux-x7k2p --tail -1 -t
  majordomo logs gke/linux --no-master -f`,
		Args: arguments(1, 1, "a pool or an agent"), Annotations: codes(),
	}
	s := scopeFlags(c)
	c.ValidArgsFunction = a.completeAgent(s)
	var q logQuery
	c.Flags().BoolVarP(&q.follow, "follow", "f", false, "go on until interrupted, with agents that come later, too")
	c.Flags().DurationVar(&q.since, "since", 0, "only lines that are younger, such as 10m")
	c.Flags().IntVar(&q.tail, "tail", 100, "the last lines of each pod; -1 for all")
	c.Flags().BoolVar(&q.noMaster, "no-master", false, "leave the master out")
	c.Flags().BoolVarP(&q.timestamps, "timestamps", "t", false, "with the time of each line")
	c.RunE = func(c *cobra.Command, args []string) error {
		if q.since < 0 {
			return usagef("--since %s: allowed are durations above 0, such as 90s or 10m", q.since)
		}
		t, err := a.agentOrPool(c.Context(), s, args[0])
		if err != nil {
			return err
		}
		l, err := a.newLogs(c.Context(), t, q)
		if err != nil {
			return err
		}
		return l.run(c.Context())
	}
	return c
}

// podSet is one kind of pods whose logs are read: those of a selector, or the one of a name.
type podSet struct {
	namespace string
	only      metav1.ListOptions
}

// logs reads the logs of pods.
type logs struct {
	*app
	logQuery
	site    *fleetSite
	api     core.CoreV1Interface
	sets    []podSet
	started time.Time
	wide    int // of the longest name of a pod so far
}

func (a *app) newLogs(ctx context.Context, t draining, q logQuery) (*logs, error) {
	api, err := core.NewForConfig(t.site.config)
	if err != nil {
		return nil, err
	}
	l := &logs{app: a, logQuery: q, site: t.site, api: api, started: a.now()}
	if t.pod != nil {
		l.sets = []podSet{{t.Namespace, cluster.Named(t.pod.ID().Name)}}
		return l, nil
	}
	selector, err := t.site.selector(ctx, t.agentPool)
	if err != nil {
		return nil, err
	}
	l.sets = []podSet{{t.Namespace, metav1.ListOptions{LabelSelector: selector}}}
	if q.noMaster {
		return l, nil
	}
	master, err := t.site.master(ctx, t.agentPool)
	if err != nil {
		a.warn("the logs of the master are left out: %v; --no-master leaves them out quietly", err)
		return l, nil
	}
	l.sets = append(l.sets, master)
	return l, nil
}

// master returns which pods are the Jenkins of a pool: those of the Service that its URL names.
func (s *fleetSite) master(ctx context.Context, p agentPool) (podSet, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	link, err := url.Parse(p.Spec.Jenkins.URL)
	if err != nil || link.Hostname() == "" {
		return podSet{}, fmt.Errorf("%q is no URL", p.Spec.Jenkins.URL)
	}
	name, rest, _ := strings.Cut(link.Hostname(), ".")
	namespace, domain, _ := strings.Cut(rest, ".")
	namespace = cmp.Or(namespace, p.Namespace)
	if domain != "" && domain != "svc" && !strings.HasPrefix(domain, "svc.") {
		return podSet{}, fmt.Errorf("%s is no Service of this cluster", link.Hostname())
	}
	u, err := s.objects.Resource(resource("", "v1", "services")).Namespace(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return podSet{}, err
	}
	labels, _ := object.Object(u.Object).Get(object.Pointer{"spec", "selector"})
	selector, err := equals(labels)
	if err != nil {
		return podSet{}, fmt.Errorf("service %s/%s: %w", namespace, name, err)
	}
	return podSet{namespace, metav1.ListOptions{LabelSelector: selector}}, nil
}

// equals makes a selector of labels.
func equals(labels any) (string, error) {
	wanted, _ := labels.(map[string]any)
	var parts []string
	for key, value := range wanted {
		parts = append(parts, fmt.Sprintf("%s=%v", key, value))
	}
	if len(parts) == 0 {
		return "", errors.New("it selects no pods by label")
	}
	slices.Sort(parts)
	return strings.Join(parts, ","), nil
}

// run shows what has been logged, and with -f what will be.
func (l *logs) run(ctx context.Context) error {
	var pods []object.Object
	for _, set := range l.sets {
		some, err := l.pods(ctx, set)
		if err != nil {
			return err
		}
		pods = append(pods, some...)
	}
	if len(pods) > mostLogs {
		slices.SortFunc(pods, func(a, b object.Object) int { return strings.Compare(created(b), created(a)) })
		l.warn("%d pods; these are the logs of the newest %d. Name an agent to read its own", len(pods), mostLogs)
		pods = pods[:mostLogs]
	}
	if len(pods) == 0 && !l.follow {
		l.warn("there are no pods")
		return nil
	}
	last, err := l.history(ctx, pods)
	if err != nil || !l.follow {
		return err
	}
	return l.goOn(ctx, last)
}

func created(o object.Object) string {
	v, _ := o.Get(object.Pointer{"metadata", "creationTimestamp"})
	text, _ := v.(string)
	return text
}

func (l *logs) pods(ctx context.Context, set podSet) ([]object.Object, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	list, err := l.site.pods(set.namespace).List(ctx, set.only)
	if err != nil {
		return nil, fmt.Errorf("list the pods: %w", err)
	}
	var out []object.Object
	for _, u := range list.Items {
		out = append(out, u.Object)
	}
	return out, nil
}

// show prints a line: the pod in a colour of its own, then what it logged, made safe.
func (l *logs) show(e logLine) {
	if e.note {
		l.warn("%s", e.text)
		return
	}
	palette := []style{cyan, green, yellow, magenta, blue, red}
	sum := 0
	for _, b := range []byte(e.pod) {
		sum = sum*31 + int(b)
	}
	name := oneLine(e.pod)
	l.wide = max(l.wide, len(name))
	at := ""
	if l.timestamps {
		at = l.stdout.paint(dim, e.at.UTC().Format("2006-01-02T15:04:05.000Z")) + " "
	}
	l.printf("%s%s %s\n", at, l.stdout.paint(palette[(sum&0xffff)%len(palette)], name)+strings.Repeat(" ", l.wide-len(name)), safe(e.text))
}
