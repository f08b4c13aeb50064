package jenkinstest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Control is an HTTP API for what a test does by methods. All of it is below /sim/; what changes something is a POST.
//
//	POST /sim/enqueue?job=J&count=N&duration=30s   builds, which do not merge
//	POST /sim/finish?job=J&number=N | ?node=N      ends them; without parameters all that run
//	POST /sim/kill?node=N   /sim/disconnect?node=N   /sim/freeze?node=N   /sim/monitor?node=N   /sim/park?node=N&reason=R   /sim/unpark?node=N
//	POST /sim/excuse?agent=A                       its builds are not counted as lost
//	POST /sim/restart   /sim/crash   /sim/quiet?on=true&reason=R
//	POST /sim/hang?on=true                         accepts, and never answers
//	POST /sim/fault?kind=K&path=P&times=N          see Faults; path may be given again
//	POST /sim/heal?kind=K                          without a kind all faults
//	GET  /sim/stats   /sim/lost   /sim/nodes   /sim/waits   /sim/jobs
func (j *Jenkins) Control() http.Handler {
	mux := http.NewServeMux()
	post := func(name string, do func(*http.Request) (any, error)) {
		mux.HandleFunc("POST /sim/"+name, func(w http.ResponseWriter, r *http.Request) {
			v, err := do(r)
			reply(w, v, err)
		})
	}
	show := func(name string, value func() any) {
		mux.HandleFunc("GET /sim/"+name, func(w http.ResponseWriter, _ *http.Request) { reply(w, value(), nil) })
	}
	post("enqueue", j.controlEnqueue)
	post("finish", j.controlFinish)
	for name, do := range map[string]func(string) error{
		"kill": j.Kill, "disconnect": j.Disconnect, "freeze": j.Freeze, "monitor": j.Monitor, "unpark": j.Unpark,
	} {
		post(name, func(r *http.Request) (any, error) { return nil, do(r.FormValue("node")) })
	}
	post("park", func(r *http.Request) (any, error) { return nil, j.Park(r.FormValue("node"), r.FormValue("reason")) })
	post("excuse", func(r *http.Request) (any, error) { j.Excuse(r.FormValue("agent")); return nil, nil })
	post("restart", func(*http.Request) (any, error) { j.Restart(); return nil, nil })
	post("crash", func(*http.Request) (any, error) { j.Crash(); return nil, nil })
	post("quiet", j.controlQuiet)
	post("hang", j.controlHang)
	post("fault", j.controlFault)
	post("heal", func(r *http.Request) (any, error) { j.Heal(kinds(r)...); return nil, nil })
	show("stats", func() any { return j.Stats() })
	show("lost", func() any {
		return map[string][]LostBuild{"lost": append([]LostBuild{}, j.Lost()...), "excused": append([]LostBuild{}, j.ExcusedLosses()...)}
	})
	show("nodes", func() any { return append([]NodeState{}, j.Nodes()...) })
	show("waits", func() any { return append([]Wait{}, j.Waits()...) })
	show("jobs", func() any { return j.Jobs() })
	return mux
}

// Jobs are all jobs by name.
func (j *Jenkins) Jobs() map[string]Job {
	all := map[string]Job{}
	j.look(func(w *world) {
		for name, of := range w.jobs {
			all[name] = of.Job
		}
	})
	return all
}

func reply(w http.ResponseWriter, v any, err error) {
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		v = map[string]string{"error": err.Error()}
	}
	if v == nil {
		v = struct{}{}
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	_ = e.Encode(v) // a client that has gone
}

// number reads a parameter that may be missing.
func number(r *http.Request, name string, otherwise int) (int, error) {
	text := r.FormValue(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%s=%s: want a number, 0 or more", name, text)
	}
	return n, nil
}

func onOff(r *http.Request) (bool, error) {
	text := r.FormValue("on")
	if text == "" {
		return true, nil
	}
	on, err := strconv.ParseBool(text)
	if err != nil {
		return false, fmt.Errorf("on=%s: want true or false", text)
	}
	return on, nil
}

func (j *Jenkins) controlEnqueue(r *http.Request) (any, error) {
	count, err := number(r, "count", 1)
	if err != nil {
		return nil, err
	}
	o := Order{Job: r.FormValue("job"), Count: count}
	if text := r.FormValue("duration"); text != "" {
		if o.Duration, err = time.ParseDuration(text); err != nil {
			return nil, fmt.Errorf("duration=%s: want something like 30s or 5m", text)
		}
	}
	ids, err := j.Order(o)
	return map[string]any{"items": ids}, err
}

func (j *Jenkins) controlFinish(r *http.Request) (any, error) {
	job, node := r.FormValue("job"), r.FormValue("node")
	switch {
	case job != "":
		n, err := number(r, "number", 0)
		if err != nil {
			return nil, err
		}
		return map[string]int{"finished": 1}, j.FinishBuild(job, n)
	case node != "":
		return map[string]int{"finished": j.FinishOn(node)}, nil
	}
	return map[string]int{"finished": j.FinishAll()}, nil
}

func (j *Jenkins) controlQuiet(r *http.Request) (any, error) {
	on, err := onOff(r)
	if err == nil {
		j.QuietDown(on, r.FormValue("reason"))
	}
	return nil, err
}

func (j *Jenkins) controlHang(r *http.Request) (any, error) {
	on, err := onOff(r)
	switch {
	case err != nil:
	case on:
		j.Fault(Hang)
	default:
		j.Heal(Hang)
	}
	return nil, err
}

func (j *Jenkins) controlFault(r *http.Request) (any, error) {
	kind, err := ParseFault(r.FormValue("kind"))
	if err != nil {
		return nil, err
	}
	times, err := number(r, "times", 0)
	switch {
	case err != nil:
	case times > 0:
		j.FaultTimes(kind, times, r.Form["path"]...)
	default:
		j.Fault(kind, r.Form["path"]...)
	}
	return nil, err
}

// ParseFault finds a fault by its name.
func ParseFault(name string) (Fault, error) {
	var names []string
	for _, f := range Faults {
		if string(f) == name {
			return f, nil
		}
		names = append(names, string(f))
	}
	return "", fmt.Errorf("there is no fault %q: want one of %s", name, strings.Join(names, ", "))
}

func kinds(r *http.Request) []Fault {
	if r.FormValue("kind") == "" {
		return nil
	}
	var all []Fault
	for _, k := range r.Form["kind"] {
		all = append(all, Fault(k))
	}
	return all
}
