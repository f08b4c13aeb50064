package status

import (
	"fmt"
	"slices"
	"strings"

	"majordomo.dev/reconciler/object"
	"majordomo.dev/reconciler/plan"
)

// personal are the failures that no retry cures.
var personal = []string{AuthFailed, NotFastForward, InventoryDamaged, ApplyConflict, ApplyForbidden, Refused}

// inForce says what goes on to run while a newer commit cannot be had.
func (j *judge) inForce() string {
	if j.in.Revision == "" {
		return "; nothing is applied yet"
	}
	return "; commit " + short(j.in.Revision) + " stays in force"
}

func (j *judge) source() {
	if j.in.Source == nil {
		if _, known := j.prev.Condition(SourceReady); known || j.in.Attempted != "" {
			j.set(SourceReady, True, "Fetched", "the config repository answers")
		}
		return
	}
	reason := Reason(j.in.Source, FetchFailed)
	p := problem{reason: reason, message: j.in.Source.Error() + j.inForce() + j.retried()}
	p.stalled = slices.Contains(personal, reason) || j.lasting(SourceReady, False)
	j.set(SourceReady, False, p.reason, p.message)
	if p.stalled || j.in.Revision == "" {
		j.problems = append(j.problems, p)
	}
}

func (j *judge) rendered() {
	switch {
	case j.in.Render != nil:
		j.fail(Rendered, False, problem{
			reason: Reason(j.in.Render, RenderFailed), stalled: true,
			message: fmt.Sprintf("commit %s is refused: %v%s until a commit mends it", short(j.in.Attempted), j.in.Render, j.inForce()),
		})
	case j.in.Attempted != "":
		j.set(Rendered, True, "Rendered", fmt.Sprintf("commit %s renders", short(j.in.Attempted)))
	default:
		j.recall(Rendered)
	}
}

// applied says whether all that Git wants was sent.
func (j *judge) applied() {
	if err := j.in.Cluster; err != nil {
		p := problem{reason: Reason(err, ClusterUnreachable), message: err.Error() + j.retried()}
		p.stalled = slices.Contains(personal, p.reason) || j.lasting(Applied, Unknown)
		j.fail(Applied, Unknown, p)
		return
	}
	if j.in.Plan == nil {
		j.pending = "waits for its first sync"
		if j.prev.Is(Applied) {
			j.pending = ""
		}
		j.recall(Applied)
		return
	}
	failed, refused := failures(j.in.Results, plan.Create, plan.Update), j.in.Plan.Only(plan.Refuse)
	switch {
	case len(failed) > 0:
		p := problem{reason: Reason(failed[0].Err, ApplyFailed)}
		p.message = fmt.Sprintf("%d of %d objects could not be applied: %s%s%s", len(failed), j.wanted(), cause(failed[0]), more(len(failed)), j.retried())
		p.stalled = slices.Contains(personal, p.reason) || j.lasting(Applied, False)
		j.fail(Applied, False, p)
	case len(refused) > 0:
		j.fail(Applied, False, problem{reason: Refused, stalled: true, message: fmt.Sprintf("%d of %d objects are refused: %s: %s%s",
			len(refused), j.wanted(), refused[0].ID, refused[0].Reason, more(len(refused)))})
	case j.unsent() > 0 && !j.in.Suspended:
		j.pending = fmt.Sprintf("%d of %d objects are still to be applied", j.unsent(), j.wanted())
		j.set(Applied, Unknown, Progressing, j.pending)
	case j.unsent() > 0:
		j.set(Applied, Unknown, Suspended, fmt.Sprintf("%d of %d objects differ from Git", j.unsent(), j.wanted()))
	default:
		j.set(Applied, True, "Applied", fmt.Sprintf("all %d objects are as commit %s has them", j.wanted(), short(j.in.Plan.Commit)))
	}
}

// recall goes by what was known before, where this run found nothing new.
func (j *judge) recall(kind string) {
	c, ok := j.prev.Condition(kind)
	if !ok {
		return
	}
	j.list = append(j.list, c)
	switch c.Status {
	case False:
		j.problems = append(j.problems, problem{reason: c.Reason, message: c.Message, stalled: j.prev.Is(Stalled)})
	case Unknown:
		j.pending = c.Message
	}
}

// wanted is the number of objects that Git has.
func (j *judge) wanted() int {
	return j.in.Plan.Count(plan.Create) + j.in.Plan.Count(plan.Update) + j.in.Plan.Count(plan.Keep) + j.in.Plan.Count(plan.Refuse) - len(j.left())
}

// left returns the objects that Git no longer has and that are kept, those first that are kept for now.
func (j *judge) left() []plan.Step {
	var now, ever []plan.Step
	for _, s := range j.in.Plan.Only(plan.Keep) {
		switch {
		case s.Left && s.Passing:
			now = append(now, s)
		case s.Left:
			ever = append(ever, s)
		}
	}
	return append(now, ever...)
}

// unsent is the number of creates and updates of the plan that have no result.
func (j *judge) unsent() int {
	sent := 0
	for _, r := range j.in.Results {
		if r.Step.Op == plan.Create || r.Step.Op == plan.Update {
			sent++
		}
	}
	return max(j.in.Plan.Count(plan.Create)+j.in.Plan.Count(plan.Update)-sent, 0)
}

func failures(results []plan.Result, ops ...plan.Op) []plan.Result {
	var out []plan.Result
	for _, r := range results {
		if r.Err != nil && slices.Contains(ops, r.Step.Op) {
			out = append(out, r)
		}
	}
	slices.SortStableFunc(out, func(a, b plan.Result) int { return a.Step.ID.Compare(b.Step.ID) })
	return out
}

// cause is the error of a step with the name of its object, and without any secret that the object has.
func cause(r plan.Result) string {
	text := object.RedactText(r.Err.Error(), r.Step.Payload.Object, r.Live)
	if id := r.Step.ID.String(); !strings.Contains(text, id) {
		return id + ": " + text
	}
	return text
}

func more(n int) string {
	if n > 1 {
		return fmt.Sprintf("; and %d more", n-1)
	}
	return ""
}

// pruned says whether what Git no longer has is gone.
func (j *judge) pruned(e Environment) {
	if j.in.Plan == nil {
		j.recall(Pruned)
		j.recall(PruneHeld)
		return
	}
	failed := failures(j.in.Results, plan.Prune)
	switch {
	case len(failed) > 0:
		j.fail(Pruned, False, problem{
			reason: Reason(failed[0].Err, PruneFailed), stalled: j.lasting(Pruned, False),
			message: fmt.Sprintf("%d objects could not be deleted: %s%s%s", len(failed), cause(failed[0]), more(len(failed)), j.retried()),
		})
	case e.Held != nil:
		j.fail(Pruned, False, problem{reason: PruneGuard, message: e.Held.Reason, stalled: true})
		j.set(PruneHeld, True, PruneGuard, e.Held.Reason)
	case j.leaving() > 0:
		j.set(Pruned, Unknown, Progressing, fmt.Sprintf("%d objects that Git no longer has are still to go", j.leaving()))
	default:
		j.kept()
	}
}

// kept says what Git no longer has and stays, for now or for good.
func (j *judge) kept() {
	left := j.left()
	if len(left) == 0 {
		j.set(Pruned, True, Pruned, "nothing is left that Git no longer has")
		return
	}
	message := fmt.Sprintf("%s: %s%s", left[0].ID, left[0].Reason, more(len(left)))
	if !left[0].Passing {
		j.set(Pruned, True, Pruned, message)
		return
	}
	j.set(Pruned, Unknown, Progressing, message)
	if j.pending == "" {
		j.pending = message
	}
}

// leaving counts the planned deletions that are not confirmed.
func (j *judge) leaving() int {
	gone := 0
	for _, r := range j.in.Results {
		if r.Step.Op == plan.Prune && r.Err == nil && r.Took == "deleted" {
			gone++
		}
	}
	return max(j.in.Plan.Count(plan.Prune)-gone, 0)
}

func (j *judge) healthy(e Environment, h health) {
	if !h.known {
		j.recall(Healthy)
		return
	}
	patience := j.in.Patience
	if patience == 0 {
		patience = DefaultPatience
	}
	counted := fmt.Sprintf("%d of %d objects are ready", e.Objects.Ready, e.Objects.Total)
	switch {
	case len(h.failed) > 0:
		j.fail(Healthy, False, problem{reason: HealthFailed, stalled: true, message: counted + "; " + h.failed[0].String() + more(len(h.failed))})
	case len(h.waiting) > 0 && j.overdue(patience, e.LastSync):
		j.fail(Healthy, False, problem{
			reason: HealthTimeout, stalled: true,
			message: fmt.Sprintf("%s after more than %s; %s%s", counted, brief(patience), h.waiting[0], more(len(h.waiting))),
		})
	case len(h.waiting) > 0:
		message := counted + "; " + h.waiting[0].String() + more(len(h.waiting))
		j.set(Healthy, Unknown, Progressing, message)
		if j.pending == "" {
			j.pending = message
		}
	default:
		j.set(Healthy, True, Healthy, "all objects that are applied are ready")
	}
}

func (j *judge) drift() {
	const repair = "; healing waits longer each time until one of the two gives in"
	if n := len(j.in.Fights); n > 0 {
		f := fights(j.in.Fights)[0]
		j.fail(DriftDetected, True, problem{
			reason: DriftLoop, stalled: true,
			message: f.Sentence() + more(n) + repair,
		})
		return
	}
	if j.in.Plan == nil {
		j.recall(DriftDetected)
		return
	}
	healed := map[object.ID]bool{}
	for _, r := range j.in.Results {
		healed[r.Step.ID] = r.Err == nil
	}
	for _, s := range j.in.Plan.Steps {
		if s.Drift && !healed[s.ID] {
			j.set(DriftDetected, True, "Drifted", fmt.Sprintf("%s: %s", s.ID, s.Reason))
			return
		}
	}
}

func orSomebody(manager string) string {
	if manager == "" {
		return "another writer"
	}
	return manager
}

func inFields(fields []string) string {
	if len(fields) == 0 {
		return ""
	}
	return " (" + strings.Join(fields, ", ") + ")"
}

func (j *judge) suspended() {
	if !j.in.Suspended {
		return
	}
	why := ""
	if j.in.SuspendReason != "" {
		why = ": " + j.in.SuspendReason
	}
	j.set(Suspended, True, Suspended, fmt.Sprintf("left alone%s; `majordomo resume %s` goes on", why, j.in.Name))
}
