package drain_test

import (
	"strings"
	"testing"
	"time"

	"majordomo.dev/jenkins"
	"majordomo.dev/jenkins/drain"
	"majordomo.dev/jenkins/pool"
	"majordomo.dev/jenkins/roster"
)

// planned is what is planned for a scene.
type planned struct {
	rule string
	in   *sceneOf
	want string
}

const rs, sts = "ReplicaSet", "StatefulSet"

// plans runs the tests.
func plans(t *testing.T, tests ...planned) {
	t.Helper()
	for _, c := range tests {
		t.Run(c.rule, func(t *testing.T) {
			t.Parallel()
			p := drain.Compute(c.in.Input)
			if got := lines(p); got != c.want {
				t.Errorf("steps are %q, want %q\nwaits: %v", got, c.want, p.Waits)
			}
			for _, s := range p.Steps {
				if s.Reason == "" {
					t.Errorf("step %+v has no reason", s)
				}
			}
		})
	}
}

func TestPlanOfMoreAgents(t *testing.T) {
	t.Parallel()
	plans(t,
		planned{"nothing to do", fleetOf(rs, 3, 3), ""},
		planned{"more are wanted", fleetOf(rs, 3, 5), "scale 5"},
		planned{"no more than there may be", fleetOf(rs, 3, 50), "scale 10"},
		planned{"those that are to be made count", func() *sceneOf { s := fleetOf(rs, 3, 5); s.Target.Replicas = 5; return s }(), ""},
		planned{"marked ones do not count", fleetOf(rs, 3, 3).on("a", mark(drain.Update), park, working).outdated("a"), "scale 4; mark a update, working"},
		planned{"offline ones do not count", fleetOf(rs, 3, 3).on("a", func(a *roster.Agent) { a.State = roster.Offline }), "scale 4"},
		planned{"while Jenkins is not known agents may still start", fleetOf(rs, 3, 4).shut(drain.Fresh, "old"), "scale 4"},
		planned{"a suspended pool is left alone", func() *sceneOf {
			s := fleetOf(rs, 3, 5)
			s.Pool.Annotations[pool.Suspend] = "holidays"
			return s
		}(), ""},
	)
}

func TestPlanOfFewerAgents(t *testing.T) {
	t.Parallel()
	plans(t,
		planned{"the one that has been idle longest goes first", fleetOf(rs, 3, 2), "mark a surplus; park a"},
		planned{"one after another", fleetOf(rs, 4, 1).on("a", mark(drain.Surplus), park), ""},
		planned{"a tenth at a time", fleetOf(rs, 21, 1), "mark a surplus; park a; mark b surplus; park b; mark c surplus; park c"},
		planned{"an outdated one before", fleetOf(rs, 3, 2).outdated("c"), "mark c surplus; park c"},
		planned{"busy ones stay", fleetOf(rs, 3, 0).on("abc", working), ""},
		planned{"one that a pipeline waits for stays", fleetOf(rs, 2, 1).on("a", func(a *roster.Agent) { a.Resuming = true }), "mark b surplus; park b"},
		planned{"one of two nodes stays", fleetOf(rs, 1, 0).on("a", func(a *roster.Agent) { a.Twins = []string{"x"} }), ""},
		planned{"a person's offline agent stays", fleetOf(rs, 1, 0).on("a", func(a *roster.Agent) { a.State = roster.Offline }), ""},
		planned{"those that never ran first, all at once", fleetOf(rs, 5, 1).on("cde", unstarted), "mark c surplus; mark d surplus; mark e surplus; mark a surplus; park a"},
		planned{"one that runs and has not registered may have a build at any moment", fleetOf(rs, 2, 1).on("b", unregistered), "mark a surplus; park a"},
		planned{"nothing on old data", fleetOf(rs, 3, 1).shut(drain.Fresh, "old"), ""},
		planned{"nothing after a restart", fleetOf(rs, 3, 1).shut(drain.Calm, "restarted"), ""},
		planned{"nothing while the controller may be removing somebody", func() *sceneOf { s := fleetOf(rs, 3, 2); s.Target.Settled = false; return s }(), ""},
	)
}

func TestPlanOfRemovingByNumber(t *testing.T) {
	t.Parallel()
	plans(t,
		planned{"seen once is not enough", fleetOf(rs, 3, 2).on("a", mark(drain.Surplus), park, seen(1)), ""},
		planned{"seen twice, and a pipeline waits for it now", fleetOf(rs, 3, 2).on("a", mark(drain.Surplus), park, seen(2), func(a *roster.Agent) { a.Resuming, a.Pod.Cost = true, drain.CostWorking }), "unpark a"},
		planned{"seen twice goes", fleetOf(rs, 3, 2).on("a", mark(drain.Surplus), park, seen(2)), "scale 2 [a]; delete a"},
		planned{"a Deployment would make a new pod for one that is deleted", fleetOf("Deployment", 3, 2).on("a", mark(drain.Surplus), park, seen(2)), "scale 2 [a]"},
		planned{"two at once", fleetOf(rs, 4, 2).on("ab", mark(drain.Surplus), park, seen(2)), "scale 2 [a b]; delete a; delete b"},
		planned{"a marked one with a build does not hold up one without", fleetOf(rs, 3, 1).on("a", working, mark(drain.Recycled), park).on("b", mark(drain.Surplus), park, seen(2)), "scale 2 [b]; delete b"},
		planned{"its controller has not acted yet", func() *sceneOf {
			s := fleetOf(rs, 3, 2).on("a", mark(drain.Surplus), park, seen(2))
			s.Target.Settled = false
			return s
		}(), ""},
		planned{"its controller counts one more, and would remove one more", func() *sceneOf {
			s := fleetOf(rs, 3, 2).on("a", mark(drain.Surplus), park, seen(2))
			s.Target.Seen = 4
			return s
		}(), ""},
		planned{"the mark is too new for its controller", fleetOf(rs, 3, 2).on("a", mark(drain.Surplus), park, seen(2), func(a *roster.Agent) { a.Weighed = noon }), ""},
		planned{"another mark was taken away just now", fleetOf(rs, 3, 2).on("a", mark(drain.Surplus), park, seen(2)).on("b", func(a *roster.Agent) { a.Taken = noon }), ""},
		planned{"a pod that is not ready would go before it", fleetOf(rs, 3, 2).on("a", mark(drain.Surplus), park, seen(2)).on("b", func(a *roster.Agent) { a.Pod.Ready = false }), ""},
		planned{"one that is starting would go before it", fleetOf(rs, 3, 2).on("a", mark(drain.Surplus), park, seen(2)).on("b", unstarted), ""},
		planned{"two ReplicaSets share the pods", fleetOf("Deployment", 3, 2).on("a", mark(drain.Surplus), park, seen(2)).on("b", func(a *roster.Agent) { a.Pod.Owner = "other" }), ""},
		planned{"who never ran goes without being parked", fleetOf(rs, 3, 2).on("c", unstarted, mark(drain.Surplus)), "scale 2 [c]; delete c"},
		planned{"replicas that can long not be made are given up with it", func() *sceneOf {
			s := fleetOf(rs, 3, 2).on("a", mark(drain.Surplus), park, seen(2))
			s.Target.Replicas = 6
			return s
		}(), "scale 2 [a]; delete a"},
		planned{"replicas of which it is not known for how long are not", func() *sceneOf {
			s := fleetOf(rs, 3, 2).on("a", mark(drain.Surplus), park, seen(2))
			s.Target.Replicas, s.Stable = 6, time.Time{}
			return s
		}(), ""},
		planned{"replicas that are only just being made are not", func() *sceneOf {
			s := fleetOf(rs, 3, 2).on("a", mark(drain.Surplus), park, seen(2))
			s.Target.Replicas, s.Stable = 6, noon
			return s
		}(), ""},
		planned{"what the controller is slow to remove is deleted", func() *sceneOf {
			s := fleetOf(rs, 3, 2).on("a", mark(drain.Surplus), park, seen(2))
			s.Target.Replicas = 2
			return s
		}(), "delete a"},
	)
}

func TestPlanOfReplacing(t *testing.T) {
	t.Parallel()
	plans(t,
		planned{"an outdated one is replaced where all are wanted", fleetOf(rs, 3, 3).on("a", mark(drain.Update), park, seen(2)).outdated("a"), "delete a"},
		planned{"no other is started while it is about to be replaced", fleetOf(rs, 3, 3).on("a", mark(drain.Update), park, seen(1)).outdated("a"), ""},
		planned{"it is not replaced where it is not wanted", fleetOf(rs, 3, 2).on("a", mark(drain.Update), park, seen(2)).outdated("a"), "scale 2 [a]; delete a"},
		planned{"at the most that there may be it is replaced, too", func() *sceneOf {
			s := fleetOf(rs, 3, 3).on("a", mark(drain.Heal), park, seen(2))
			s.Max = 3
			return s
		}(), "delete a"},
		planned{"not on old data", fleetOf(rs, 3, 3).on("a", mark(drain.Update), park, seen(2)).outdated("a").shut(drain.Fresh, "old"), "scale 4"},
		planned{"one that Jenkins has long not known", fleetOf(rs, 3, 3).on("a", unregistered, mark(drain.Heal), seen(2)), "delete a"},
		planned{"a pod that has ended is cleared away", fleetOf(rs, 3, 2).on("a", func(a *roster.Agent) {
			a.State, a.Pod.Phase, a.Computer = roster.Failed, "Failed", nil
		}).wish("a", drain.Heal, dead).replicas(2), "delete a"},
		planned{"one that never ran and is wished away is replaced", fleetOf(rs, 3, 3).on("a", unstarted).wish("a", drain.Update, dead), "delete a"},
		planned{"or goes for good where it is not wanted", fleetOf(rs, 3, 2).on("a", unstarted, func(a *roster.Agent) { a.State = roster.Failed }).wish("a", drain.Heal, dead), "mark a heal"},
		planned{"a node that waits for the place of another gets it", fleetOf(rs, 3, 2).on("a", mark(drain.Update), park, seen(2)).outdated("a").
			on("b", unstarted, func(a *roster.Agent) { a.Pod.Unschedulable = "0/3" }), "delete a"},
	)
}

func TestPlanOfWishes(t *testing.T) {
	t.Parallel()
	plans(t,
		planned{"one is marked once it is idle", fleetOf(rs, 2, 2).on("a", working).wish("a", drain.Update, nil).wish("b", drain.Heal, nil), "mark b heal; park b"},
		planned{"or with its build, if that is said", fleetOf(rs, 1, 1).on("a", working).wish("a", drain.Recycled, func(w *drain.Wish) { w.Busy = true }), "mark a recycle, working; park a"},
		planned{"the most urgent cause counts", fleetOf(rs, 1, 1).wish("a", drain.Update, nil).wish("a", drain.Heal, nil), "mark a heal; park a"},
		planned{"who goes by wish is no surplus besides", fleetOf(rs, 3, 2).wish("c", drain.Heal, nil), "mark c heal; park c"},
		planned{"an agent that is not there", fleetOf(rs, 1, 1).wish("x", drain.Heal, nil), ""},
		planned{"a person's mark gets its cost, and its node is parked", fleetOf(rs, 1, 0).on("a", mark(drain.Manual), func(a *roster.Agent) { a.Pod.Cost = 0 }), "mark a manual; park a"},
		planned{"who got a build after all costs more", fleetOf(rs, 1, 0).on("a", mark(drain.Surplus), park, working), "mark a surplus, working"},
		planned{"a lost park is made again", fleetOf(rs, 1, 0).on("a", mark(drain.Surplus)), "park a"},
		planned{"not while a pipeline waits for it", fleetOf(rs, 1, 0).on("a", mark(drain.Surplus), func(a *roster.Agent) { a.Resuming, a.Pod.Cost = true, drain.CostWorking }), ""},
		planned{"a ghost is forgotten", fleetOf(rs, 1, 1).ghost(false).wish("ghost", drain.Heal, dead), "forget ghost"},
		planned{"not with a build", fleetOf(rs, 1, 1).ghost(true).wish("ghost", drain.Heal, dead), ""},
		planned{"not on old data", fleetOf(rs, 1, 1).ghost(false).wish("ghost", drain.Heal, dead).shut(drain.Fresh, "old"), ""},
	)
}

func TestPlanOfBringingBack(t *testing.T) {
	t.Parallel()
	plans(t,
		planned{"surplus is taken back before others start", fleetOf(rs, 3, 4).on("ab", mark(drain.Surplus), park), "unmark b; unpark b; unmark a; unpark a; scale 4"},
		planned{"the one that was marked last first", fleetOf(rs, 3, 2).on("ab", mark(drain.Surplus), park), "unmark b; unpark b"},
		planned{"one that never ran, too", fleetOf(rs, 3, 3).on("c", unstarted, mark(drain.Surplus)), "unmark c"},
		planned{"not while it may be being removed", func() *sceneOf {
			s := fleetOf(rs, 3, 3).on("a", mark(drain.Surplus), park)
			s.Target.Settled = false
			return s
		}(), ""},
		planned{"not one that is updated or drained by hand", fleetOf(rs, 2, 2).on("a", mark(drain.Update), park, working).outdated("a").on("b", mark(drain.Manual), park), "scale 3; mark a update, working"},
		planned{"a mark for an update that is none any more", fleetOf(rs, 1, 1).on("a", mark(drain.Update), park), "unmark a; unpark a"},
		planned{"a pool that is not drained any more", fleetOf(rs, 1, 1).on("a", mark(drain.Abandon), park), "unmark a; unpark a"},
		planned{"a pool that still is", fleetOf(rs, 1, 0).on("a", mark(drain.Abandon), park).wish("a", drain.Abandon, nil), ""},
		planned{"a node without a mark is brought back", fleetOf(rs, 1, 1).on("a", park), "unpark a"},
		planned{"a node that a pipeline waits for, too", fleetOf(rs, 1, 0).on("a", mark(drain.Surplus), park, func(a *roster.Agent) { a.Resuming, a.Pod.Cost = true, drain.CostWorking }).shut(drain.Resumed, "waits"), "unpark a"},
		planned{"a cost without a mark is taken away", fleetOf(rs, 1, 1).on("a", func(a *roster.Agent) { a.Pod.Cost = drain.CostIdle }), "unmark a"},
		planned{"nothing is brought back on old data", fleetOf(rs, 3, 3).on("a", park).on("b", mark(drain.Surplus), park).shut(drain.Fresh, "old"), "scale 4"},
	)
}

func TestPlanOfANumberSetByHand(t *testing.T) {
	t.Parallel()
	plans(t,
		planned{"replicas set too low are raised first", fleetOf(rs, 3, 3).replicas(1), "scale 3 [a b c]"},
		planned{"and to what its controller counts", func() *sceneOf { s := fleetOf(rs, 3, 3).replicas(1); s.Target.Seen = 4; return s }(), "scale 4 [a b c]"},
		planned{"and on old data as well", fleetOf(rs, 3, 3).replicas(1).shut(drain.Fresh, "old"), "scale 3 [a b c]"},
		planned{"replicas set too high: what is made is too many", fleetOf(rs, 4, 2), "mark a surplus; park a"},
	)
}

func TestPlanOfAStatefulSet(t *testing.T) {
	t.Parallel()
	plans(t,
		planned{"of a StatefulSet the highest ordinal goes", fleetOf(sts, 3, 2), "mark c surplus; park c"},
		planned{"with its build, if an idle one takes its place", fleetOf(sts, 3, 2).on("c", working), "mark c surplus, working; park c"},
		planned{"not if all have builds", fleetOf(sts, 3, 2).on("abc", working), ""},
		planned{"one at a time", fleetOf(sts, 4, 1).on("d", mark(drain.Surplus), park), ""},
		planned{"that never ran all at once, and one more", fleetOf(sts, 5, 1).on("de", unstarted), "mark e surplus; mark d surplus; mark c surplus; park c"},
		planned{"it goes by number", fleetOf(sts, 3, 2).on("c", mark(drain.Surplus), park, seen(2)), "scale 2 [c]; delete c"},
		planned{"one in the middle is replaced", fleetOf(sts, 3, 2).on("a", mark(drain.Update), park, seen(2)).outdated("a"), "delete a"},
		planned{"a mark that is not on the highest is taken back", fleetOf(sts, 3, 2).on("a", mark(drain.Surplus), park), "unmark a; unpark a"},
		planned{"a pod that has ended is the StatefulSet's own affair", fleetOf(sts, 2, 2).on("b", func(a *roster.Agent) {
			a.State, a.Pod.Phase, a.Computer = roster.Failed, "Failed", nil
		}).wish("b", drain.Heal, dead), ""},
		planned{"ordinals may begin anywhere", func() *sceneOf {
			s := fleetOf(sts, 3, 2).on("abc", func(a *roster.Agent) { a.Pod.Ordinal += 5 }).on("c", mark(drain.Surplus), park, seen(2))
			s.Target.Start = 5
			return s
		}(), "scale 2 [c]; delete c"},
	)
}

func dead(w *drain.Wish) { w.Dead = true }

// outdated makes agents of an older template.
func (s *sceneOf) outdated(names string) *sceneOf {
	return s.on(names, func(a *roster.Agent) { a.Pod.Template = "t0" })
}

func (s *sceneOf) replicas(n int) *sceneOf {
	s.Target.Replicas, s.Target.Seen = n, n
	return s
}

// ghost adds a node without a pod.
func (s *sceneOf) ghost(busy bool) *sceneOf {
	s.Agents = append(s.Agents, roster.Agent{Name: "ghost", State: roster.Ghost, Computer: &jenkins.Computer{Name: "ghost", Offline: true, Idle: !busy}})
	return s
}

func TestWhatAMarkedAgentWaitsFor(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		rule string
		in   *sceneOf
		want string
	}{
		{"its build", fleetOf(rs, 2, 1).on("a", mark(drain.Surplus), park, working), "it finishes deploy #12 first"},
		{"a gate", fleetOf(rs, 2, 1).on("a", mark(drain.Surplus), park).shut(drain.Calm, "Jenkins has restarted"), "Jenkins has restarted"},
		{"to be parked", fleetOf(rs, 2, 1).on("a", mark(drain.Surplus)), "it is being taken offline in Jenkins"},
		{"the second look", fleetOf(rs, 2, 1).on("a", mark(drain.Surplus), park, seen(1)), "it has to be seen without a build twice, 2s apart"},
		{"a pipeline", fleetOf(rs, 2, 1).on("a", mark(drain.Surplus), func(a *roster.Agent) { a.Resuming = true }), "a pipeline waits for it to go on there"},
		{"its twin", fleetOf(rs, 2, 1).on("a", mark(drain.Surplus), park, func(a *roster.Agent) { a.Twins = []string{"x"} }), "node x says that it is this agent, too, and is connected or has a build"},
		{"its controller", func() *sceneOf {
			s := fleetOf(rs, 2, 1).on("a", mark(drain.Surplus), park, seen(2))
			s.Target.Settled = false
			return s
		}(), "ReplicaSet agent has not acted on its last change yet"},
		{
			"another that would go first", fleetOf(rs, 2, 1).on("a", mark(drain.Surplus), park, seen(2)).on("b", func(a *roster.Agent) { a.Pod.Ready = false }),
			"ReplicaSet agent would stop agent b, which is idle, first",
		},
	} {
		t.Run(c.rule, func(t *testing.T) {
			t.Parallel()
			p := drain.Compute(c.in.Input)
			if got := p.Waits["a"]; got != c.want {
				t.Errorf("waits for %q, want %q", got, c.want)
			}
			status := pool.Status{Agents: []pool.Agent{{Name: "a", Reason: "surplus: why not"}, {Name: "b", Reason: "fine"}}}
			p.Explain(&status)
			if want := "surplus: why not; " + c.want; status.Agents[0].Reason != want || status.Agents[1].Reason != "fine" {
				t.Errorf("status says %q and %q, want %q and nothing more of b", status.Agents[0].Reason, status.Agents[1].Reason, want)
			}
		})
	}
}

func TestAReasonSaysHowManyAreWanted(t *testing.T) {
	t.Parallel()
	p := drain.Compute(fleetOf("ReplicaSet", 3, 2).Input)
	if want := "the pool wants 2 of its 3 agents, and this one has been idle longest"; p.Steps[0].Reason != want {
		t.Errorf("reason is %q, want %q", p.Steps[0].Reason, want)
	}
	p = drain.Compute(fleetOf("ReplicaSet", 3, 3).replicas(1).Input)
	if !strings.Contains(p.Steps[0].Reason, "replicas were set to 1, below the number of its pods, 3") {
		t.Errorf("reason is %q, want it to say that somebody set the replicas", p.Steps[0].Reason)
	}
	if p := drain.Compute(fleetOf("ReplicaSet", 3, 2).on("a", mark(drain.Surplus), park).Input); !p.Next.Equal(noon.Add(roster.Look)) {
		t.Errorf("next plan at %s, want %s later", p.Next, roster.Look)
	}
	if p := drain.Compute(fleetOf("ReplicaSet", 3, 3).Input); !p.Next.Equal(time.Time{}) {
		t.Errorf("next plan at %s though there is nothing to wait for", p.Next)
	}
}
