package loop

import (
	"slices"
	"strings"
	"time"

	"majordomo.dev/reconciler/object"
	"majordomo.dev/reconciler/plan"
	"majordomo.dev/reconciler/status"
)

// Two writers that keep changing an object back and forth are in a fight: more than fightRepairs repairs within fightWindow. Repairs
// then come at growing distances, until the object has been left in peace for fightPeace.
const (
	fightRepairs = 5
	fightWindow  = time.Minute
	fightPeace   = 10 * time.Minute
	fightFirst   = 10 * time.Second
	fightLongest = 5 * time.Minute
)

// fights remembers repairs by object.
type fights map[object.ID]*fight

type fight struct {
	repairs []time.Time // the latest, at most fightRepairs+1
	rounds  int         // repairs since the fight began, 0 while there is none
	by      []string
	fields  []string
}

// until returns when the object may be repaired again, zero for now.
func (f *fight) until() time.Time {
	if f == nil || f.rounds == 0 {
		return time.Time{}
	}
	wait := fightFirst
	for range f.rounds - 1 {
		if wait *= 2; wait >= fightLongest {
			wait = fightLongest
			break
		}
	}
	return f.repairs[len(f.repairs)-1].Add(wait)
}

// hold turns repairs of objects that are fought over into steps that wait, and returns when the first of them is due.
func (fs fights) hold(p *plan.Plan, now time.Time) (next time.Time) {
	for i, s := range p.Steps {
		until := fs[s.ID].until()
		if !s.Drift || !until.After(now) {
			continue
		}
		p.Steps[i].Op = plan.Keep
		p.Steps[i].Drift = false
		p.Steps[i].Reason = "fought over with " + others(s.By) + "; repaired again at " + until.UTC().Format(time.TimeOnly) + "Z"
		if next.IsZero() || until.Before(next) {
			next = until
		}
	}
	return next
}

func others(by []string) string {
	if len(by) == 0 {
		return "another writer"
	}
	return strings.Join(by, ", ")
}

// note takes in a repair.
func (fs fights) note(s plan.Step, now time.Time) {
	f := fs[s.ID]
	if f == nil || now.Sub(f.repairs[len(f.repairs)-1]) > fightPeace {
		f = &fight{}
		fs[s.ID] = f
	}
	f.repairs = append(f.repairs, now)
	if len(f.repairs) > fightRepairs+1 {
		f.repairs = f.repairs[1:]
	}
	f.by, f.fields = s.By, nil
	for _, c := range s.Changes {
		f.fields = append(f.fields, c.Path)
	}
	if f.rounds > 0 || len(f.repairs) > fightRepairs && now.Sub(f.repairs[0]) <= fightWindow {
		f.rounds++
	}
}

// end returns when the first of the fights that are on will be over, if nobody goes on with it; zero if there is none.
func (fs fights) end(now time.Time) time.Time {
	var first time.Time
	for _, f := range fs {
		over := f.repairs[len(f.repairs)-1].Add(fightPeace + time.Second)
		if f.rounds > 0 && over.After(now) && (first.IsZero() || over.Before(first)) {
			first = over
		}
	}
	return first
}

// list returns the fights that are on, and forgets what has been quiet.
func (fs fights) list(now time.Time) []status.Fight {
	var out []status.Fight
	for id, f := range fs {
		if now.Sub(f.repairs[len(f.repairs)-1]) > fightPeace {
			delete(fs, id)
			continue
		}
		if f.rounds > 0 {
			out = append(out, status.Fight{Object: id.String(), Manager: others(f.by), Fields: f.fields})
		}
	}
	slices.SortFunc(out, func(a, b status.Fight) int { return strings.Compare(a.Object, b.Object) })
	return out
}
