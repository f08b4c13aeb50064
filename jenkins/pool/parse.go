package pool

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Defaults.
const (
	defaultUpdatePeriod   = Duration(10 * time.Second)
	defaultStartupTimeout = Duration(10 * time.Minute)
)

// Problem is what is wrong, or doubtful, with a pool.
type Problem struct {
	Field   string // "spec.schedules[1].cron"
	Text    string // what is wrong, why, and what is allowed
	Warning bool   // doubtful only: the pool works
}

// Error gives "FIELD: TEXT".
func (p *Problem) Error() string { return p.Field + ": " + p.Text }

// Key is NAMESPACE/NAME.
func (p *Pool) Key() string { return p.Namespace + "/" + p.Name }

// Parse reads an AgentPool as the API server or a file has it, with defaults for what it leaves out. Fields that it does not know are
// none of its business; see UnknownFields.
//
// The error joins a *Problem for each field that is missing or not of its kind. The pool then has all others, so that what is wrong can
// be told in its status; it is nil only if the object is no AgentPool. Whether the values make sense is for Validate.
func Parse(object map[string]any) (*Pool, error) {
	if kind, _ := object["kind"].(string); kind != Kind {
		return nil, fmt.Errorf("kind is %q, want %s", kind, Kind)
	}
	r := &reader{}
	meta := r.sub(object, "", "metadata", true)
	p := &Pool{
		Namespace: meta.text("namespace"), Name: meta.required("name"), UID: meta.text("uid"), Version: meta.text("resourceVersion"),
		Generation: int64(meta.number("generation", 0)), Deleting: meta.text("deletionTimestamp") != "", Annotations: meta.texts("annotations"),
	}
	p.Spec = spec(r.sub(object, "", "spec", true))
	if data, err := json.Marshal(object["status"]); err == nil {
		if json.Unmarshal(data, &p.Status) != nil {
			p.Status = Status{} // of another version: it is written anew
		}
	}
	return p, errors.Join(r.problems...)
}

// UnknownFields returns a problem for each field of the object's spec that no AgentPool has.
func UnknownFields(object map[string]any) []*Problem {
	r := &reader{strict: true}
	spec(r.sub(object, "", "spec", false))
	var all []*Problem
	for _, err := range r.problems {
		if p := (*Problem)(nil); errors.As(err, &p) && strings.HasPrefix(p.Text, unknown) {
			all = append(all, p)
		}
	}
	return all
}

func spec(f fields) Spec {
	f.only("scaleTargetRef", "jenkins", "labels", "mode", "executors", "min", "max", "maxStep", "priority", "schedules", "recycle", "rollout",
		"replicas", "startupTimeout")
	s := Spec{
		Labels: f.list("labels"), Mode: f.textOr("mode", Normal), Executors: f.number("executors", 1),
		Min: f.number("min", 0), Max: f.requiredNumber("max"), MaxStep: f.number("maxStep", 0), Priority: f.priority("priority"),
		StartupTimeout: f.duration("startupTimeout", defaultStartupTimeout),
		Rollout:        Rollout{MaxUnavailable: 1, UpdatePeriod: defaultUpdatePeriod},
	}
	t := f.sub("scaleTargetRef", true)
	t.only("apiVersion", "kind", "name")
	s.Target = Target{APIVersion: t.required("apiVersion"), Kind: t.required("kind"), Name: t.required("name")}
	j := f.sub("jenkins", true)
	j.only("url", "credentials", "ca")
	s.Jenkins = Jenkins{URL: j.required("url"), Credentials: Reference{j.reference("credentials", true)}, CA: Reference{j.reference("ca", false)}}
	for _, e := range f.elements("schedules") {
		e.only("cron", "timezone", "duration", "min")
		s.Schedules = append(s.Schedules, Schedule{
			Cron: e.required("cron"), Timezone: e.textOr("timezone", "UTC"), Duration: e.duration("duration", 0), Min: e.requiredNumber("min"),
		})
	}
	if f.has("recycle") {
		y := f.sub("recycle", false)
		y.only("builds", "age")
		s.Recycle = &Recycle{Builds: y.number("builds", 0), Age: y.duration("age", 0)}
	}
	if f.has("rollout") {
		o := f.sub("rollout", false)
		o.only("maxUnavailable", "updatePeriod", "canary")
		s.Rollout = Rollout{
			MaxUnavailable: o.number("maxUnavailable", 1), UpdatePeriod: o.duration("updatePeriod", defaultUpdatePeriod), Canary: o.number("canary", 0),
		}
	}
	if f.has("replicas") {
		n := f.number("replicas", 0)
		s.Replicas = &n
	}
	return s
}
