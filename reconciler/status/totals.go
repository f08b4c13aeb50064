package status

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"majordomo.dev/reconciler/object"
	"majordomo.dev/reconciler/plan"
)

// ResultRefused is the result, in the history, of a commit that did not render.
const ResultRefused = "refused"

// lastSync returns this run's sync. One that had nothing to do leaves the sync before it, so that a second sync of a commit writes no status.
func lastSync(in Report, prev Environment) *Sync {
	if !in.Synced {
		return prev.LastSync
	}
	s := &Sync{Time: in.Started.UTC().Truncate(time.Second), Trigger: in.Trigger, Duration: took(in)}
	for _, r := range in.Results {
		switch {
		case r.Err != nil:
			s.Failed++
		case r.Took == "unchanged":
		case r.Step.Op == plan.Create:
			s.Created++
		case r.Step.Op == plan.Update:
			s.Updated++
		case r.Step.Op == plan.Prune && r.Took == "deleted":
			s.Pruned++
		}
	}
	idle := s.Created+s.Updated+s.Pruned+s.Failed == 0
	if was := prev.LastSync; idle && was != nil && was.Failed == 0 && in.Revision == prev.Revision {
		return was
	}
	return s
}

func took(in Report) Duration {
	return Duration(max(in.Finished.Sub(in.Started), 0).Round(time.Millisecond))
}

// history adds this run's sync, and a commit that was refused, unless the newest entry says the same and nothing was written.
func history(in Report, prev Environment, now time.Time) []Past {
	out := prev.History
	if in.Synced && in.Plan != nil {
		s := lastSync(in, prev)
		p := Past{Revision: in.Plan.Commit, Time: in.Started.UTC().Truncate(time.Second), Duration: took(in), Result: result(in)}
		if s != prev.LastSync {
			p.Changes = s.Created + s.Updated + s.Pruned
		}
		out = remember(out, p)
	}
	if in.Render != nil && in.Attempted != "" {
		out = remember(out, Past{Revision: in.Attempted, Time: now, Result: ResultRefused})
	}
	return out
}

func remember(past []Past, p Past) []Past {
	if len(past) > 0 && p.Changes == 0 && past[0].Revision == p.Revision && past[0].Result == p.Result {
		return past
	}
	past = append([]Past{p}, past...)
	return past[:min(len(past), MaxHistory)]
}

// result says how a sync went.
func result(in Report) string {
	switch {
	case in.Cluster != nil, in.Plan.Count(plan.Refuse) > 0,
		slices.ContainsFunc(in.Results, func(r plan.Result) bool { return r.Err != nil }):
		return ResultFailed
	case in.Plan.Hold != nil:
		return ResultHeld
	}
	return ResultSynced
}

// repairs counts the drift that this run's sync put right.
func repairs(in Report, e *Environment) {
	if !in.Synced {
		return
	}
	for _, r := range in.Results {
		if !r.Step.Drift || r.Err != nil || r.Took == "unchanged" {
			continue
		}
		e.Drift.Repairs++
		e.LastDrift = &Drift{
			Time: in.Finished.UTC().Truncate(time.Second), Object: r.Step.ID.String(),
			Fields: paths(r.Step.Changes), Manager: Clean(strings.Join(r.Step.By, ", "), maxText),
		}
		e.Recent = append([]Drift{*e.LastDrift}, e.Recent[:min(len(e.Recent), MaxRecent-1)]...)
	}
}

func paths(changes []object.Change) []string {
	var out []string
	for _, c := range changes[:min(len(changes), MaxFields)] {
		out = append(out, Clean(c.Path, maxText))
	}
	return out
}

// fights returns the fights in a fixed order, bounded.
func fights(list []Fight) []Fight {
	out := slices.Clone(list)
	slices.SortFunc(out, func(a, b Fight) int {
		return cmp.Or(strings.Compare(a.Object, b.Object), strings.Compare(a.Manager, b.Manager))
	})
	out = out[:min(len(out), MaxFights)]
	for i, f := range out {
		fields := slices.Clone(f.Fields[:min(len(f.Fields), MaxFields)])
		for k := range fields {
			fields[k] = Clean(fields[k], maxText)
		}
		out[i] = Fight{Object: Clean(f.Object, maxText), Manager: Clean(f.Manager, maxText), Fields: fields}
	}
	return out
}

// held returns the prune that waits for approval. Without a plan the one from before still waits.
func held(in Report, prev Environment) *Held {
	if in.Plan == nil {
		return prev.Held
	}
	h := in.Plan.Hold
	if h == nil {
		return nil
	}
	out := &Held{Hash: h.Hash, Reason: Clean(h.Reason, maxText)}
	for _, id := range h.IDs[:min(len(h.IDs), MaxListed)] {
		out.Objects = append(out.Objects, id.String())
	}
	return out
}

// objects counts what the environment has. What is unknown stays as it was.
func objects(in Report, prev Environment, h health) Objects {
	if in.Inventory == nil || !h.known {
		return prev.Objects
	}
	all, failed := map[object.ID]bool{}, map[object.ID]bool{}
	for id := range in.Inventory {
		all[id] = true
	}
	for _, f := range h.failed {
		failed[f.id] = true
	}
	for _, r := range in.Results {
		if r.Err != nil {
			all[r.Step.ID], failed[r.Step.ID] = true, true
		}
	}
	refused := prev.Objects.Refused
	extra := refused
	if in.Plan != nil {
		refused, extra = in.Plan.Count(plan.Refuse), 0
		for _, s := range in.Plan.Only(plan.Refuse) {
			all[s.ID] = true
		}
	}
	ready := 0
	for id := range h.ready {
		if !failed[id] {
			ready++
		}
	}
	return Objects{Total: len(all) + extra, Ready: ready, Failed: len(failed), Refused: refused}
}
