package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"majordomo.dev/jenkins/pool"
	"majordomo.dev/jenkins/simulate"
	"majordomo.dev/jenkins/simulate/engine"
	"majordomo.dev/reconciler/yaml"
)

// simulatedPool is the pool whose policy is played.
type simulatedPool struct {
	name     string
	spec     pool.Spec
	priority float64
}

// policy reads the pool that the command line names, nil for none, and sets the options by it. Flags go before the file.
func (a *app) policy(o *simulate.Options, w whatIf) (*simulatedPool, error) {
	var own *simulatedPool
	if w.policy != "" {
		p, startup, err := a.policyFile(w.policy, w.pool)
		if err != nil {
			return nil, err
		}
		if startup != nil {
			o.Startup = *startup
		}
		own = &simulatedPool{name: p.Name, spec: p.Spec, priority: float64(p.Spec.Priority)}
		o.Spec = simulate.Spec{
			Executors: p.Spec.Executors, Min: p.Spec.Min, Max: p.Spec.Max, MaxStep: p.Spec.MaxStep,
			StartupTimeout: time.Duration(p.Spec.StartupTimeout),
		}
		for _, s := range p.Spec.Schedules {
			o.Spec.Schedules = append(o.Spec.Schedules, simulate.Schedule{Cron: s.Cron, Timezone: s.Timezone, Duration: time.Duration(s.Duration), Min: s.Min})
		}
	}
	if w.given("startup-median") {
		o.Startup.Median = w.median
	}
	if w.given("startup-p95") {
		o.Startup.P95 = w.p95
	}
	o.Startup.Shared = w.shared
	if err := o.Startup.Validate(); err != nil {
		return nil, exit{exitUsage, err}
	}
	return own, nil
}

// policyFile reads an AgentPool, or the spec of one, with the start-up times if the file has some.
func (a *app) policyFile(file, name string) (*pool.Pool, *engine.Startup, error) {
	data, err := readFile(file)
	if err != nil {
		return nil, nil, usagef("--policy: %w", err)
	}
	docs, err := yaml.OpenAll(file, data)
	if err != nil {
		return nil, nil, exit{exitUsage, err}
	}
	doc, err := chosen(docs, file, name)
	if err != nil {
		return nil, nil, exit{exitUsage, err}
	}
	p := policyDocument{file: doc}
	object := p.object(file)
	startup := p.startup(object)
	found := p.read(object)
	if err := yaml.Join(p.problems...); err != nil {
		return nil, nil, exit{exitUsage, err}
	}
	for _, warning := range p.warnings {
		a.warn("%v", warning)
	}
	return found, startup, nil
}

func readFile(file string) ([]byte, error) {
	const largest = 5 << 20
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > largest {
		return nil, fmt.Errorf("%s is no regular file of up to 5 MiB", file)
	}
	return os.ReadFile(filepath.Clean(file))
}

// chosen returns the document with the AgentPool of that name or, without a name, the only one there is. A document without a kind is a spec.
func chosen(docs []*yaml.File, file, name string) (*yaml.File, error) {
	var found []*yaml.File
	var names []string
	for _, d := range docs {
		object, ok := d.Value().(map[string]any)
		if kind := object["kind"]; !ok || kind != nil && kind != pool.Kind {
			continue
		}
		meta, _ := object["metadata"].(map[string]any)
		own, _ := meta["name"].(string)
		names = append(names, own)
		if name == "" || own == name {
			found = append(found, d)
		}
	}
	switch {
	case len(names) == 0:
		return nil, fmt.Errorf("%s: has no AgentPool, and no spec of one", file)
	case len(found) == 0:
		return nil, fmt.Errorf("%s: has no AgentPool %q%s", file, name, yaml.DidYouMean(name, names))
	case len(found) > 1 && name == "":
		return nil, fmt.Errorf("%s: has %d AgentPools; name one of them with --pool: %s", file, len(found), strings.Join(names, ", "))
	}
	return found[0], nil
}

// policyDocument is the document that a pool is read from.
type policyDocument struct {
	file     *yaml.File
	bare     bool // it is the spec alone
	problems []error
	warnings []error
}

// object returns the document as an AgentPool. What a simulation does not need is made up where only the spec is there.
func (p *policyDocument) object(file string) map[string]any {
	doc, _ := p.file.Value().(map[string]any) // chosen takes only maps
	if doc["kind"] != nil {
		return doc
	}
	p.bare = true
	spec := map[string]any{
		"scaleTargetRef": map[string]any{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "agents"},
		"jenkins":        map[string]any{"url": "https://jenkins.example", "credentials": map[string]any{"name": "jenkins"}},
		"labels":         []any{"agents"},
	}
	maps.Copy(spec, doc)
	name := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	return map[string]any{"apiVersion": pool.Group + "/" + pool.Version, "kind": pool.Kind, "metadata": map[string]any{"name": name}, "spec": spec}
}

// startup takes what only a simulation knows out of a spec: how long agents take to start.
func (p *policyDocument) startup(object map[string]any) *engine.Startup {
	spec, _ := object["spec"].(map[string]any)
	if !p.bare || spec["startup"] == nil {
		return nil
	}
	defer delete(spec, "startup")
	of, ok := spec["startup"].(map[string]any)
	if !ok {
		p.fail("startup", "want the fields median and p95, such as {median: 45s, p95: 2m}")
		return nil
	}
	out := simulate.Defaults().Startup
	known := []string{"median", "p95"}
	for i, into := range []*time.Duration{&out.Median, &out.P95} {
		if of[known[i]] == nil {
			p.fail("startup", "has no %s; want median and p95, such as {median: 45s, p95: 2m}", known[i])
			continue
		}
		d, err := pool.ParseDuration(fmt.Sprint(of[known[i]]))
		if err != nil {
			p.fail("startup."+known[i], "%v", err)
		}
		*into = time.Duration(d)
	}
	for _, key := range slices.Sorted(maps.Keys(of)) {
		if !slices.Contains(known, key) {
			p.fail("startup."+key, "unknown field%s", yaml.DidYouMean(key, known))
		}
	}
	return &out
}

// read reads the pool, and gathers what is wrong with it.
func (p *policyDocument) read(object map[string]any) *pool.Pool {
	found, err := pool.Parse(object)
	var all []*pool.Problem
	if found == nil {
		p.problems = append(p.problems, err)
		return nil
	}
	for _, e := range unjoin(err) {
		var one *pool.Problem
		if errors.As(e, &one) {
			all = append(all, one)
		} else {
			p.problems = append(p.problems, e)
		}
	}
	all = append(all, pool.UnknownFields(object)...)
	if len(all) == 0 {
		all = found.Validate()
	}
	for _, one := range all {
		if one.Warning {
			p.warnings = append(p.warnings, p.at(one))
		} else {
			p.problems = append(p.problems, p.at(one))
		}
	}
	return found
}

func unjoin(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	if err == nil {
		return nil
	}
	return []error{err}
}

func (p *policyDocument) fail(field, format string, args ...any) {
	p.problems = append(p.problems, p.at(&pool.Problem{Field: field, Text: fmt.Sprintf(format, args...)}))
}

var fieldStep = regexp.MustCompile(`[^.\[\]]+`)

// at puts file and line to a problem.
func (p *policyDocument) at(one *pool.Problem) error {
	field := one.Field
	if p.bare {
		field = strings.TrimPrefix(field, "spec.")
	}
	var path []any
	for _, step := range fieldStep.FindAllString(field, -1) {
		if i, err := strconv.Atoi(step); err == nil {
			path = append(path, i)
		} else {
			path = append(path, step)
		}
	}
	return p.file.Errorf(path, "%s", one.Text)
}
