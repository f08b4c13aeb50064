package rollout_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"majordomo.dev/jenkins"
	"majordomo.dev/jenkins/drain"
	"majordomo.dev/jenkins/pool"
	"majordomo.dev/jenkins/rollout"
	"majordomo.dev/jenkins/roster"
)

var start = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)

// fleet is a pool whose agents do as the rollout wishes: those that are wished away are marked, and gone and replaced when a test says so.
type fleet struct {
	now    time.Time
	pool   pool.Pool
	target drain.Target
	agents []roster.Agent
	state  rollout.State
	out    rollout.Outcome
	serial int
}

// deployed is a fleet whose template t1 was rolled out long ago.
func deployed(agents int, spec pool.Rollout) *fleet {
	f := &fleet{now: start, pool: pool.Pool{Spec: pool.Spec{Rollout: spec}}, target: drain.Target{Kind: "ReplicaSet", Name: "agent", Template: "t1"}}
	for range agents {
		f.start()
	}
	f.register()
	f.next(time.Minute)
	return f
}

// start adds an agent as the target makes it now.
func (f *fleet) start() {
	f.serial++
	name := fmt.Sprint("a", f.serial)
	f.agents = append(f.agents, roster.Agent{Name: name, State: roster.Starting, Since: f.now, Pod: &roster.Pod{
		Name: name, UID: "uid-" + name, Created: f.now, Phase: "Pending", NeverRan: true, Template: f.target.Template,
	}})
}

// register lets all agents come up that are starting.
func (f *fleet) register() {
	for i := range f.agents {
		if a := &f.agents[i]; a.State == roster.Starting {
			a.State, a.Since, a.Registered, a.Pod.NeverRan, a.Pod.Phase = roster.Idle, f.now, f.now, false, "Running"
			a.Computer = &jenkins.Computer{Name: a.Name, Idle: true, Connected: true}
		}
	}
}

// agent returns the agent of a name.
func (f *fleet) agent(name string) *roster.Agent {
	for i := range f.agents {
		if f.agents[i].Name == name {
			return &f.agents[i]
		}
	}
	panic("no agent " + name)
}

func (f *fleet) busy(names ...string) {
	for _, n := range names {
		a := f.agent(n)
		a.State, a.Since, a.Computer.Idle, a.Computer.Busy = roster.Busy, f.now, false, 1
		a.Builds++
	}
}

// next asks for the next step, after a while.
func (f *fleet) next(after time.Duration) string {
	f.now = f.now.Add(after)
	f.out, f.state = rollout.Next(f.state, rollout.Input{Now: f.now, Pool: &f.pool, Target: f.target, Agents: f.agents})
	var out []string
	for _, w := range f.out.Wishes {
		s := w.Agent
		if w.Busy {
			s += " busy or not"
		}
		if w.Dead {
			s += " dead"
		}
		out = append(out, s)
	}
	return strings.Join(out, ", ")
}

// obey marks who is wished away.
func (f *fleet) obey() {
	for _, w := range f.out.Wishes {
		a := f.agent(w.Agent)
		a.State, a.Pod.Drain = roster.Draining, string(w.Cause)+": "+w.Reason
	}
}

// replace lets marked agents go that have no build, and fresh ones start.
func (f *fleet) replace() {
	var left []roster.Agent
	gone := 0
	for _, a := range f.agents {
		if a.Pod.Drain != "" && (a.Computer == nil || a.Computer.Idle) {
			gone++
			continue
		}
		left = append(left, a)
	}
	f.agents = left
	for range gone {
		f.start()
	}
}

func (f *fleet) phase() string { return f.out.Progress.Phase }

func want(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

func TestAChangedTemplateReachesIdleAgentsFirstAFewAtATime(t *testing.T) {
	t.Parallel()
	f := deployed(4, pool.Rollout{MaxUnavailable: 2})
	want(t, "before", f.next(time.Minute)+f.phase(), "Complete")
	f.target.Template = "t2"
	f.busy("a1", "a3")
	want(t, "idle ones", f.next(time.Minute), "a2, a4")
	want(t, "until they are marked", f.next(time.Second), "a2, a4")
	f.obey()
	want(t, "while they go", f.next(time.Minute), "")
	f.replace()
	want(t, "while the new ones start", f.next(time.Minute), "")
	if !strings.Contains(f.out.Progress.Reason, "a new one has to register first") {
		t.Errorf("reason is %q", f.out.Progress.Reason)
	}
	f.register()
	want(t, "only busy ones remain", f.next(time.Minute), "a1 busy or not, a3 busy or not")
	f.obey()
	f.replace() // they have builds: nobody goes
	want(t, "while they finish", f.next(time.Hour), "")
	for _, n := range []string{"a1", "a3"} {
		f.agent(n).Computer.Idle = true
	}
	f.replace()
	f.next(time.Minute)
	want(t, "in the end", f.phase(), "Complete")
	if p := f.out.Progress; p.Updated != 4 || p.Total != 4 {
		t.Errorf("%d of %d agents are updated, want 4 of 4", p.Updated, p.Total)
	}
}

func TestStepsOfARolloutAreApart(t *testing.T) {
	t.Parallel()
	f := deployed(3, pool.Rollout{UpdatePeriod: pool.Duration(time.Minute)})
	f.target.Template = "t2"
	f.next(time.Minute)
	f.obey()
	f.next(time.Second)
	f.replace()
	f.register()
	want(t, "right after the first", f.next(time.Second), "")
	if !f.out.Next.Equal(f.now.Add(time.Minute)) {
		t.Errorf("next step at %s, want %s", f.out.Next, f.now.Add(time.Minute))
	}
	want(t, "a minute later", f.next(time.Minute), "a2")
}

func TestWhoNeverRanIsReplacedAtOnce(t *testing.T) {
	t.Parallel()
	f := deployed(1, pool.Rollout{})
	f.start()
	f.start()
	f.target.Template = "t2"
	want(t, "wishes", f.next(time.Minute), "a2 dead, a3 dead, a1")
}

func TestNoOtherIsWishedAwayForARollout(t *testing.T) {
	t.Parallel()
	f := deployed(5, pool.Rollout{MaxUnavailable: 5})
	f.target.Template = "t2"
	f.agent("a1").Resuming = true
	f.agent("a2").State, f.agent("a2").Pod.Drain = roster.Draining, "manual: node work"
	f.agent("a3").State = roster.Offline
	f.agent("a4").State, f.agent("a4").Pod.Deleting = roster.Terminating, true
	want(t, "wishes", f.next(time.Minute), "a5")
}

func TestAnotherTemplateTakesTheRolloutOver(t *testing.T) {
	t.Parallel()
	f := deployed(2, pool.Rollout{})
	f.target.Template = "t2"
	f.next(time.Minute)
	f.obey()
	f.next(time.Second)
	f.replace()
	f.register()
	f.next(time.Minute)
	f.target.Template = "t3"
	f.next(time.Second)
	if p := f.out.Progress; p.Template != "t3" || p.Updated != 0 || p.Total != 2 {
		t.Errorf("progress is %+v, want t3 at 0 of 2", p)
	}
}

func TestAControllerThatRollsByItselfBlocksAndSaysWhy(t *testing.T) {
	t.Parallel()
	f := deployed(2, pool.Rollout{Canary: 1})
	f.target.Kind, f.target.Rolls, f.target.Template = "Deployment", true, "t2"
	f.pool.Spec.Rollout.Canary = 0
	want(t, "wishes", f.next(time.Minute), "")
	want(t, "phase", f.phase(), rollout.Blocked)
	if !strings.Contains(f.out.Progress.Reason, "Deployment agent replaces its pods by itself") {
		t.Errorf("reason is %q", f.out.Progress.Reason)
	}
}

func TestNewAgentsThatDoNotComeUpStopTheRollout(t *testing.T) {
	t.Parallel()
	f := deployed(3, pool.Rollout{})
	f.target.Template = "t2"
	f.next(time.Minute)
	f.obey()
	f.next(time.Second)
	f.replace()
	f.next(time.Second)
	bad := &f.agents[len(f.agents)-1]
	bad.State, bad.Reason, bad.Pod.Waiting = roster.Failed, "ImagePullBackOff: no such image", "ImagePullBackOff"
	for range 10 {
		want(t, "wishes", f.next(time.Minute), "")
	}
	if p := f.out.Progress; !strings.Contains(p.Reason, "no such image") || !strings.Contains(p.Reason, "2 agents have an older template") {
		t.Errorf("reason is %q", p.Reason)
	}
}

func TestNewAgentsThatAreReplacedSinceTheyDoNotComeUpStopTheRollout(t *testing.T) {
	t.Parallel()
	f := deployed(3, pool.Rollout{MaxUnavailable: 1})
	f.target.Template, f.target.Replicas = "t2", 3
	want(t, "the first", f.next(time.Minute), "a1")
	f.obey()
	f.next(time.Second)
	f.replace()
	f.agent("a4").State = roster.Failed
	want(t, "while it does not come up", f.next(time.Minute), "")
	a := f.agent("a4")
	a.State, a.Pod.Drain = roster.Draining, "heal: ImagePullBackOff"
	want(t, "while it is replaced", f.next(time.Minute), "")
	f.agents = f.agents[:2]
	want(t, "while nobody is there in its place", f.next(time.Minute), "")
	f.start()
	want(t, "while its successor starts", f.next(time.Second), "")
	f.register()
	want(t, "once that has come up", f.next(time.Minute), "a2")
}

func TestATemplateThatMajordomoDoesNotApplyIsNotRolledOut(t *testing.T) {
	t.Parallel()
	f := deployed(2, pool.Rollout{})
	f.target.Template = ""
	want(t, "wishes", f.next(time.Minute), "")
	if f.out.Progress != nil {
		t.Errorf("progress is %+v, want none", f.out.Progress)
	}
}

func TestStateIsKeptAsJSON(t *testing.T) {
	t.Parallel()
	f := deployed(4, pool.Rollout{Canary: 2})
	f.target.Template = "t2"
	for range 6 {
		data, err := json.Marshal(f.state)
		if err != nil {
			t.Fatal(err)
		}
		var kept rollout.State
		if err := json.Unmarshal(data, &kept); err != nil {
			t.Fatal(err)
		}
		in := rollout.Input{Now: f.now.Add(time.Minute), Pool: &f.pool, Target: f.target, Agents: f.agents}
		wantOut, wantState := rollout.Next(f.state, in)
		gotOut, gotState := rollout.Next(kept, in)
		if diff := cmp.Diff(wantOut, gotOut) + cmp.Diff(wantState, gotState); diff != "" {
			t.Fatalf("the next process decides otherwise:\n%s", diff)
		}
		f.next(time.Minute)
		f.obey()
		f.next(time.Second)
		f.replace()
		f.register()
	}
}

func TestEveryoneGoesWithThePool(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		rule   string
		change func(*pool.Pool)
		reason string
	}{
		{"it is deleted", func(p *pool.Pool) { p.Deleting = true }, "the AgentPool is being deleted"},
		{"it is drained", func(p *pool.Pool) { p.Annotations = map[string]string{pool.DrainPool: "cluster upgrade"} }, "the pool is drained: cluster upgrade"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			t.Parallel()
			f := deployed(2, pool.Rollout{})
			f.busy("a1")
			c.change(&f.pool)
			want(t, "wishes", f.next(time.Minute), "a1 busy or not, a2 busy or not")
			for _, w := range f.out.Wishes {
				if w.Cause != drain.Abandon || w.Reason != c.reason {
					t.Errorf("wish %+v, want abandon: %s", w, c.reason)
				}
			}
		})
	}
}

func TestAFreshAgentAfterSoManyBuilds(t *testing.T) {
	t.Parallel()
	f := deployed(3, pool.Rollout{})
	f.pool.Spec.Recycle = &pool.Recycle{Builds: 2}
	f.busy("a1", "a2")
	want(t, "after the first build", f.next(time.Minute), "")
	f.busy("a1")
	want(t, "with the second", f.next(time.Minute), "a1 busy or not")
	f.obey()
	want(t, "once marked", f.next(time.Minute), "")
}

func TestOldAgentsGoOnceTheyAreIdleAFewAtATime(t *testing.T) {
	t.Parallel()
	f := deployed(4, pool.Rollout{MaxUnavailable: 2})
	f.pool.Spec.Recycle = &pool.Recycle{Age: pool.Duration(24 * time.Hour)}
	f.busy("a1")
	want(t, "young", f.next(23*time.Hour), "")
	want(t, "old", f.next(2*time.Hour), "a2, a3")
	f.obey()
	want(t, "while two go", f.next(time.Minute), "")
}
