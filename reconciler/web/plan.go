package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"majordomo.dev/reconciler/status"
	"majordomo.dev/reconciler/window"
)

// Plan is the answer of /api/v1/environments/{env}/plan: what a sync would do now. Secret values are masked.
type Plan struct {
	Environment string     `json:"environment"`
	At          time.Time  `json:"at"`
	Commit      string     `json:"commit"`
	Line        string     `json:"line"`  // all of it in a sentence
	Steps       []PlanStep `json:"steps"` // without the objects that are as Git says
}

// PlanStep is what would be done with one object, or is not, and why.
type PlanStep struct {
	Op     string      `json:"op"` // create, update, keep, prune or refuse
	Object string      `json:"object"`
	Reason string      `json:"reason"`
	Fields []PlanField `json:"fields,omitempty"`
	Text   string      `json:"text,omitempty"` // of an object that would be created: all of it, as YAML
}

// PlanField is one field that would change.
type PlanField struct {
	Path string          `json:"path"`
	From json.RawMessage `json:"from,omitempty"` // JSON
	To   json.RawMessage `json:"to,omitempty"`
	Text string          `json:"text,omitempty"` // of a longer text: the difference, in the unified form
}

// ErrNoEnvironment is what Options.Plan returns for an environment that there is not.
var ErrNoEnvironment = errors.New("no such environment")

// Limits of plans: a plan asks the cluster about every object.
const (
	planTimeout = 30 * time.Second
	planFresh   = 5 * time.Second // as long, one answers all who ask
	planPlaces  = 4               // environments at a time
)

// planner computes at most one plan of an environment at a time, and has all who ask meanwhile share it.
type planner struct {
	compute func(context.Context, string) (Plan, error)
	now     func() time.Time
	bye     <-chan struct{}

	mu   sync.Mutex
	runs map[string]*planRun
}

// planRun is a plan that is computed, or was a moment ago.
type planRun struct {
	done chan struct{} // closed when the others are set
	at   time.Time
	plan Plan
	err  error
}

var errPlanning = errors.New("plans of several other environments are being computed; try again in a few seconds")

// get returns a plan that is at most a few seconds old.
func (p *planner) get(ctx context.Context, env string) (Plan, error) {
	run, first, err := p.enter(env)
	if err != nil {
		return Plan{}, err
	}
	if first {
		p.run(ctx, env, run)
	}
	select {
	case <-run.done:
		return run.plan, run.err
	case <-ctx.Done():
		return Plan{}, context.Cause(ctx)
	}
}

// enter returns the run of an environment, and whether it is the caller's to do.
func (p *planner) enter(env string) (run *planRun, first bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	running := 0
	for name, r := range p.runs {
		select {
		case <-r.done:
			if p.now().Sub(r.at) >= planFresh || errors.Is(r.err, ErrNoEnvironment) {
				delete(p.runs, name)
			}
		default:
			running++
		}
	}
	if r := p.runs[env]; r != nil {
		return r, false, nil
	}
	if running >= planPlaces {
		return nil, false, errPlanning
	}
	run = &planRun{done: make(chan struct{})}
	p.runs[env] = run
	return run, true, nil
}

// run computes a plan. Others may wait for it: it goes on though who asked first has gone, but not when the process stops.
func (p *planner) run(ctx context.Context, env string, run *planRun) {
	ctx, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), planTimeout, fmt.Errorf("there was no answer within %s", planTimeout))
	defer cancel()
	go func() {
		select {
		case <-p.bye:
			cancel()
		case <-ctx.Done():
		}
	}()
	defer func() {
		p.mu.Lock()
		run.at = p.now()
		p.mu.Unlock()
		close(run.done)
	}()
	run.err = errors.New("majordomo itself failed; please report this") // unless it comes to an end
	run.plan, run.err = p.compute(ctx, env)
	if run.err != nil && ctx.Err() != nil {
		run.err = context.Cause(ctx)
	}
}

// planRoutes adds what shows plans.
func (h *Handler) planRoutes() {
	h.planner = &planner{compute: h.o.Plan, now: h.o.Now, bye: h.hub.bye, runs: map[string]*planRun{}}
	h.routes.handle(http.MethodGet, "/api/v1/environments/{env}/plan", h.plan)
}

func (h *Handler) plan(w http.ResponseWriter, r *http.Request) {
	env := r.PathValue("env")
	sees, err := h.sees(r.Context(), env)
	if err != nil {
		h.unknowable(w, r, err)
		return
	}
	var p Plan
	if err = ErrNoEnvironment; sees && h.there(env) {
		out := http.NewResponseController(w)
		_ = out.SetWriteDeadline(time.Now().Add(planTimeout + eventTimeout)) // in place of the server's; a recorder has none
		p, err = h.planner.get(r.Context(), env)
	}
	switch {
	case errors.Is(err, ErrNoEnvironment):
		decline(w, r, http.StatusNotFound, fmt.Sprintf("no environment %q", status.Clean(env, 100)))
	case err != nil:
		w.Header().Set("Retry-After", retryLater)
		decline(w, r, http.StatusServiceUnavailable, status.Clean(err.Error(), 1000))
	default:
		sendJSON(w, p)
	}
}

// there tells whether people can see an environment.
func (h *Handler) there(env string) bool {
	return slices.ContainsFunc(h.o.Window.State().Environments, func(e window.Environment) bool { return e.Name == env })
}
