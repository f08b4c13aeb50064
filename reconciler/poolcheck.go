package main

import (
	"errors"
	"slices"
	"strings"

	"majordomo.dev/jenkins/pool"
	"majordomo.dev/reconciler/object"
)

// poolFindings returns what is wrong or doubtful with the AgentPools of an environment, and with what they scale.
func (c checked) poolFindings(r *repository) []finding {
	var (
		out     []finding
		pools   []*pool.Pool
		ids     = map[string]object.ID{}
		scalers []map[string]any
	)
	for _, id := range c.result.Objects.IDs() {
		switch o := c.result.Objects[id]; {
		case id.Kind == "HorizontalPodAutoscaler":
			scalers = append(scalers, o)
		case isPool(id):
			if p, err := pool.Parse(o); p != nil {
				ids[p.Key()], pools = id, append(pools, p)
				out = append(out, c.told(r, id, append(pool.UnknownFields(o), poolProblems(err)...))...)
			}
		}
	}
	conflicts := pool.Conflicts(pools)
	for _, p := range pools {
		id := ids[p.Key()]
		problems := append(p.Validate(), conflicts[p.Key()]...)
		problems = append(problems, p.CheckTarget(c.result.Objects[targetOf(id, p.Spec.Target)])...)
		problems = append(problems, p.CheckAutoscalers(scalers)...)
		out = append(out, c.told(r, id, slices.DeleteFunc(problems, func(q *pool.Problem) bool { return already(out, id, q.Field) }))...)
	}
	return out
}

func isPool(id object.ID) bool { return id.Group == pool.Group && id.Kind == pool.Kind }

// targetOf returns the id of what a pool scales.
func targetOf(p object.ID, t pool.Target) object.ID {
	return object.Object{"apiVersion": t.APIVersion, "kind": t.Kind, "metadata": map[string]any{"name": t.Name, "namespace": p.Namespace}}.ID()
}

// poolProblems returns the problems that an error joins.
func poolProblems(err error) (all []*pool.Problem) {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return nil
	}
	for _, e := range joined.Unwrap() {
		if p := (*pool.Problem)(nil); errors.As(e, &p) {
			all = append(all, p)
		}
	}
	return all
}

// already tells whether a field, or one above it, is among the findings: what follows from its absence need not be told.
func already(found []finding, id object.ID, field string) bool {
	return slices.ContainsFunc(found, func(f finding) bool {
		return f.id == id && (f.Field == "."+field || strings.HasPrefix("."+field, f.Field+".") || strings.HasPrefix(f.Field, "."+field+"."))
	})
}

// told makes findings of the problems of a pool.
func (c checked) told(r *repository, id object.ID, problems []*pool.Problem) (out []finding) {
	for _, p := range problems {
		severity := severityError
		if p.Warning {
			severity = severityWarning
		}
		out = append(out, c.about(r, id, severity, rulePool, p.Text).at(c, r, "."+p.Field, ""))
	}
	return out
}
