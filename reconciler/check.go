package main

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"majordomo.dev/reconciler/config"
)

// checkup is what `majordomo check -o json` prints.
type checkup struct {
	APIVersion string      `json:"apiVersion"`
	Kind       string      `json:"kind"`
	Passed     bool        `json:"passed"`
	Checks     []checkLine `json:"checks"`
}

// checkLine is one thing that majordomo needs, and whether it is there.
type checkLine struct {
	Name    string `json:"name"`
	Subject string `json:"subject,omitempty"` // environment or context
	Passed  bool   `json:"passed"`
	Message string `json:"message"`
}

// mostSkew is how far the clocks of this machine and a cluster may be apart: the lease and certificates go by them.
const mostSkew = 5 * time.Second

func (a *app) checkCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "check", Short: "Check that everything is there which a sync needs", GroupID: groupLook,
		Long: `Check, before the first sync or when one fails: that the config repository can be read
and renders, that each cluster answers, knows majordomo's kinds and has about the same
time, and that each environment's identity has every right that its overlay needs, and
that its pools of agents need. With --notify, that a notification of fleet.yaml arrives: one
test message is sent, and clusters are not looked at.`,
		Example: `  majordomo check                                        the directory around you
  majordomo check --repo https://git.example/fleet.git   as the loop would read it
  majordomo check --notify team-chat --notify-secrets-dir secrets   send a test message
  majordomo check -o json | jq '.checks[] | select(.passed|not)'`,
		Args: arguments(0, 0, "no argument"), Annotations: codes("1 something is missing"),
	}
	w := whereFlags(c, "notify-secrets-dir", "notify-hosts", "dashboard-url")
	notification := c.Flags().String("notify", "", "send a test message to the notification of this name")
	o := outputFlag(c, asTable, asJSON, asYAML)
	c.RunE = func(c *cobra.Command, _ []string) error {
		k := &checks{app: a}
		k.run(c.Context(), w, *notification)
		if c.Context().Err() != nil {
			return context.Cause(c.Context())
		}
		doc := checkup{APIVersion: apiVersion, Kind: "Checkup", Passed: k.passed(), Checks: k.lines}
		if o.form != asTable {
			if err := a.data(o, doc); err != nil {
				return err
			}
		} else {
			k.print()
		}
		if !doc.Passed {
			return exit{code: exitFailure}
		}
		return nil
	}
	return c
}

// checks collects what was looked at.
type checks struct {
	*app
	lines []checkLine
}

func (k *checks) note(name, subject string, err error, well string) bool {
	l := checkLine{Name: name, Subject: subject, Passed: err == nil, Message: well}
	if err != nil {
		l.Message = oneLine(err.Error())
	}
	k.lines = append(k.lines, l)
	return err == nil
}

func (k *checks) passed() bool {
	for _, l := range k.lines {
		if !l.Passed {
			return false
		}
	}
	return true
}

func (k *checks) print() {
	for _, l := range k.lines {
		mark := k.stdout.paint(green, "✔")
		if !l.Passed {
			mark = k.stdout.paint(red, "✗")
		}
		name := l.Name
		if l.Subject != "" {
			name += " " + l.Subject
		}
		k.printf("%s %s: %s\n", mark, oneLine(name), oneLine(l.Message))
	}
}

// run goes from the repository to the clusters to the environments. What rests on something that is missing is not looked at.
func (k *checks) run(ctx context.Context, w where, notification string) {
	r, err := w.open(ctx, k.app)
	if !k.note("repository", "", err, at(r)) {
		return
	}
	defer r.close()
	fleet, err := r.fleet()
	if !k.note(config.FleetFile, "", err, fmt.Sprintf("%d environments", len(fleet.Environments))) {
		return
	}
	k.notified(ctx, w, r, fleet.Notifications, notification)
	if notification != "" {
		return
	}
	clusters := map[string]*rest.Config{}
	for _, env := range fleet.Environments {
		where := cmp.Or(k.context, env.Context)
		if _, seen := clusters[where]; !seen {
			clusters[where] = k.cluster(ctx, where)
		}
		res, err := r.render(ctx, env.Path)
		if !k.note("render", env.Name, err, fmt.Sprintf("%d objects", len(res.Objects))) || clusters[where] == nil {
			continue
		}
		want := desired(env, res.Objects)
		k.rights(ctx, clusters[where], env, want)
		k.poolRights(ctx, clusters[where], env, want)
	}
}

func at(r *repository) string {
	if r == nil {
		return ""
	}
	return r.at
}

// cluster looks at one cluster, and returns nil where it does not answer.
func (k *checks) cluster(ctx context.Context, context string) *rest.Config {
	subject := cmp.Or(context, "current")
	cfg, err := k.kube().connect(context)
	if err != nil {
		k.note("cluster", subject, err, "")
		return nil
	}
	version, skew, err := k.ask(ctx, cfg)
	if !k.note("cluster", subject, err, "Kubernetes "+version) {
		return nil
	}
	err = nil
	if skew > mostSkew || skew < -mostSkew {
		err = fmt.Errorf("the clock of this machine is %s apart from the cluster's; more than %s breaks the lease and certificates", skew.Round(time.Second), mostSkew)
	}
	k.note("clock", subject, err, "in step with the cluster")
	k.note("kinds", subject, installed(ctx, cfg), "Environment and AgentPool are installed")
	return cfg
}

// ask asks the API server for its version, and compares the clocks by the head of the answer.
func (k *checks) ask(ctx context.Context, cfg *rest.Config) (version string, skew time.Duration, err error) {
	var date string
	c := rest.CopyConfig(cfg)
	c.Timeout = callTimeout
	c.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return tripper(func(r *http.Request) (*http.Response, error) {
			res, err := next.RoundTrip(r)
			if err == nil {
				date = res.Header.Get("Date")
			}
			return res, err
		})
	})
	v, err := serverVersion(ctx, c)
	if err != nil {
		return "", 0, err
	}
	if there, err := http.ParseTime(date); err == nil {
		skew = k.now().Sub(there)
	}
	return v, skew, nil
}

type tripper func(*http.Request) (*http.Response, error)

// RoundTrip does one request.
func (t tripper) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }

// installed says which of majordomo's kinds the cluster lacks.
func installed(ctx context.Context, cfg *rest.Config) error {
	definitions, own, err := ownKinds(cfg)
	if err != nil {
		return err
	}
	for _, crd := range own {
		live, err := definitions.Get(ctx, crd.GetName(), metav1.GetOptions{})
		switch {
		case apierrors.IsNotFound(err):
			return fmt.Errorf("%s is missing; `majordomo run` installs it where it may, `kubectl apply -k manifests/crds` otherwise", crd.GetName())
		case err != nil:
			return err
		case !serves(live):
			return fmt.Errorf("%s is there but not established; see `kubectl describe crd %s`", crd.GetName(), crd.GetName())
		}
	}
	return nil
}
