package observability

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql/parser"

	"majordomo.dev/jenkins/heal"
	"majordomo.dev/jenkins/pool"
	"majordomo.dev/jenkins/roster"
	"majordomo.dev/reconciler/status"
)

// asked is one query: where it is, and the labels that are shown of its series.
type asked struct{ where, expr, shown string }

// queries returns all queries of alerts and dashboard.
func queries(t *testing.T) []asked {
	t.Helper()
	var all []asked
	for name, r := range rules(t) {
		all = append(all, asked{"alert " + name, r.Expr, fmt.Sprint(r.Annotations)})
	}
	var board struct {
		Templating struct {
			List []struct{ Name, Type, Definition string }
		}
		Panels []struct {
			Title   string
			Targets []struct{ Expr, LegendFormat string }
		}
	}
	if err := json.Unmarshal(read(t, "dashboard.json"), &board); err != nil {
		t.Fatal(err)
	}
	for _, v := range board.Templating.List {
		if m := values.FindStringSubmatch(v.Definition); v.Type == "query" && m != nil {
			all = append(all, asked{"variable " + v.Name, m[1], "{{" + m[2] + "}}"})
		}
	}
	for _, p := range board.Panels {
		for _, q := range p.Targets {
			all = append(all, asked{"panel " + p.Title, q.Expr, q.LegendFormat})
		}
	}
	return all
}

var (
	values = regexp.MustCompile(`^label_values\((.*), (\w+)\)$`)
	shown  = regexp.MustCompile(`\$labels\.(\w+)|\{\{(\w+)\}\}`)
)

// parse reads PromQL as Grafana would send it.
func (a asked) parse(t *testing.T) parser.Expr {
	t.Helper()
	e, err := language().ParseExpr(strings.ReplaceAll(a.expr, "$__rate_interval", "5m"))
	if err != nil {
		t.Fatalf("%s: %s: %v", a.where, a.expr, err)
	}
	return e
}

// selectors returns the series that an expression selects.
func selectors(e parser.Expr) []*parser.VectorSelector {
	var found []*parser.VectorSelector
	parser.Inspect(e, func(n parser.Node, _ []parser.Node) error {
		if s, ok := n.(*parser.VectorSelector); ok {
			found = append(found, s)
		}
		return nil
	})
	return found
}

func TestQueriesAskForWhatIsServed(t *testing.T) {
	all := served(t)
	// has says what of the labels the series under a node do not have.
	has := func(where string, n parser.Expr, names ...string) {
		for _, s := range selectors(n) {
			_, have, _ := all.metric(s.Name)
			for _, name := range names {
				if !slices.Contains(have, name) && !slices.Contains(target, name) {
					t.Errorf("%s: %s has no label %q; it has %q", where, s.Name, name, have)
				}
			}
		}
	}
	for _, q := range queries(t) {
		e := q.parse(t)
		for _, s := range selectors(e) {
			if _, _, ok := all.metric(s.Name); !ok {
				t.Errorf("%s: metric %s is not served", q.where, s.Name)
			}
			for _, m := range s.LabelMatchers {
				if m.Name != model.MetricNameLabel {
					has(q.where, s, m.Name)
				}
			}
		}
		parser.Inspect(e, func(n parser.Node, _ []parser.Node) error {
			switch n := n.(type) {
			case *parser.AggregateExpr:
				has(q.where, n.Expr, n.Grouping...)
			case *parser.BinaryExpr:
				if n.VectorMatching != nil {
					has(q.where, n, n.VectorMatching.MatchingLabels...)
				}
			}
			return nil
		})
		for _, m := range shown.FindAllStringSubmatch(q.shown, -1) {
			has(q.where, e, m[1]+m[2])
		}
	}
}

// words are what labels may say, in the words of the product.
var words = map[string][]string{
	"majordomo_env_condition type":         {status.Ready, status.Stalled, status.Suspended},
	"majordomo_env_condition status":       {status.True, status.False, status.Unknown},
	"majordomo_pool_condition type":        {pool.Ready, pool.ScalingActive, pool.ScalingLimited, pool.JenkinsReachable},
	"majordomo_pool_condition status":      {pool.True, pool.False, pool.Unknown},
	"majordomo_pool_condition reason":      {pool.AtMax, pool.Blocked, pool.Suspended, pool.Emptying},
	"majordomo_pool_findings rule":         {string(heal.Image), string(heal.Setup), string(heal.Crash), string(heal.Place), string(heal.Unregistered)},
	"majordomo_pool_agents state":          {string(roster.Busy), string(roster.Idle), string(roster.Starting), string(roster.Draining), string(roster.Offline)},
	"majordomo_source_fetch_total result":  {"failed"},
	"majordomo_notifications_total result": {"failed", "dropped"}, // reconciler/notify holds itself to both
	"majordomo_spans_total result":         {"sent"},
}

func TestQueriesUseTheWordsOfTheProduct(t *testing.T) {
	for _, q := range queries(t) {
		for _, s := range selectors(q.parse(t)) {
			for _, m := range s.LabelMatchers {
				if m.Name == model.MetricNameLabel || strings.HasPrefix(m.Value, "$") {
					continue
				}
				for _, v := range strings.Split(m.Value, "|") {
					if known := words[s.Name+" "+m.Name]; !slices.Contains(known, v) {
						t.Errorf("%s: %s{%s}: %q is none of %q", q.where, s.Name, m, v, known)
					}
				}
			}
		}
	}
}

// unshown are the metrics of majordomo that no panel or alert shows, each with its reason.
var unshown = map[string]string{}

func TestEveryMetricHasItsPanel(t *testing.T) {
	all, used := served(t), map[string]bool{}
	for _, q := range queries(t) {
		if !strings.HasPrefix(q.where, "panel") {
			continue
		}
		for _, s := range selectors(q.parse(t)) {
			base, _, _ := all.metric(s.Name)
			used[base] = true
		}
	}
	for name := range all {
		own := strings.HasPrefix(name, "majordomo_") || strings.HasPrefix(name, "rest_client_")
		if own && !used[name] && unshown[name] == "" {
			t.Errorf("%s is served, and no panel shows it", name)
		}
		if used[name] && unshown[name] != "" {
			t.Errorf("%s has a panel, and is listed as having none", name)
		}
	}
}
