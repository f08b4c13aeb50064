package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"majordomo.dev/reconciler/window"
)

// fewest is how many linux agents gke keeps at least: what is above is there for a queue.
const fewest = 4

// theWindow looks at the dashboard, over which all of this was to be seen, for what the demo did.
func theWindow() step {
	return step{
		title: "The window",
		does:  "open the dashboard and look for what happened here",
		expects: "the page, and the API behind it, tell of the commits, the repairs, the queue, the agents and their numbers, each with " +
			"its reason; the page tells it without a script, too",
		play: func(ctx context.Context, d *demo) error {
			entries, err := d.timeline(ctx)
			if err != nil {
				return err
			}
			for _, want := range []struct {
				what string
				is   func(window.Entry) bool
			}{
				{"the first commit", func(e window.Entry) bool { return e.Kind == window.Synced && e.Revision == d.first }},
				{"the change by hand", func(e window.Entry) bool { return e.Kind == window.Drifted && strings.Contains(e.Text, "kubectl-edit") }},
				{"the queue", func(e window.Entry) bool {
					return e.Kind == window.Scaled && e.Pool == "gke/jenkins-gke/linux" && e.From >= fewest && e.To > e.From
				}},
				{"the evening", func(e window.Entry) bool {
					return e.Kind == window.Scaled && e.Pool == "gke/jenkins-gke/jvm" && e.To < e.From
				}},
				{"Jenkins that was away", func(e window.Entry) bool { return e.Kind == window.Jenkins && e.Bad }},
			} {
				i := slices.IndexFunc(entries, want.is)
				if i < 0 {
					return unexpected("of %d entries, none tells of %s", len(entries), want.what)
				}
				d.out.tell("%s: %s", want.what, entries[i].Text)
			}
			if err := d.grown(ctx); err != nil {
				return err
			}
			return d.withoutScript(ctx)
		},
	}
}

// timeline asks for all that happened, in order.
func (d *demo) timeline(ctx context.Context) ([]window.Entry, error) {
	var all []window.Entry
	for before := ""; ; {
		var page struct {
			Items []window.Entry `json:"items"`
			More  bool           `json:"more"`
		}
		if err := d.ask(ctx, "/api/v1/timeline?limit=200"+before, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		if !page.More || len(page.Items) == 0 {
			slices.Reverse(all)
			return all, nil
		}
		before = fmt.Sprintf("&before=%d", page.Items[len(page.Items)-1].ID)
	}
}

// grown checks that the chart of the pool shows the agents that the queue brought. The queue itself is over before the next look.
func (d *demo) grown(ctx context.Context) error {
	var s window.Series
	if err := d.ask(ctx, "/api/v1/history?pool="+url.QueryEscape("gke/jenkins-gke/linux"), &s); err != nil {
		return err
	}
	if len(s.At) == 0 || slices.Max(s.Desired) <= fewest {
		return unexpected("the chart of gke's linux agents has %d moments, and shows no queue that brought agents: %+v", len(s.At), s)
	}
	d.out.measured(fmt.Sprintf("gke's linux agents in %d looks, one each ten seconds", len(s.At)), fmt.Sprintf("up to %d wanted, %d busy; %.2f hours of agents",
		slices.Max(s.Desired), slices.Max(s.Busy), s.Cost.Hours))
	return nil
}

// withoutScript reads the page as a browser without a script does, and compares it to the state.
func (d *demo) withoutScript(ctx context.Context) error {
	var state window.State
	if err := d.ask(ctx, "/api/v1/state", &state); err != nil {
		return err
	}
	page, err := d.fetch(ctx, "/")
	if err != nil {
		return err
	}
	for _, e := range state.Environments {
		if !strings.Contains(page, e.Name) || !strings.Contains(page, short(e.Revision)) {
			return unexpected("the page without a script does not tell of %s at %s", e.Name, short(e.Revision))
		}
	}
	for _, p := range state.Pools {
		if p.Decision == nil || p.Decision.Reason == "" {
			return unexpected("nothing says why %s has %d agents", p.Key(), p.Desired)
		}
		if !strings.Contains(page, p.Name) {
			return unexpected("the page without a script does not tell of the pool %s", p.Key())
		}
	}
	d.out.measured("the page without a script", fmt.Sprintf("%d environments, %d pools in %d KB", len(state.Environments), len(state.Pools), (len(page)+1023)/1024))
	return nil
}

// ask gets an answer of the API.
func (d *demo) ask(ctx context.Context, path string, into any) error {
	text, err := d.fetch(ctx, path)
	if err == nil {
		err = json.Unmarshal([]byte(text), into)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// fetch gets what the dashboard has under a path.
func (d *demo) fetch(ctx context.Context, path string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.dashboard+path, nil)
	if err != nil {
		return "", err
	}
	client := &http.Client{Timeout: 10 * time.Second}
	res, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 16<<20))
	if err == nil && res.StatusCode != http.StatusOK {
		err = unexpected("%s was answered with %s: %s", path, res.Status, text)
	}
	return string(text), err
}
