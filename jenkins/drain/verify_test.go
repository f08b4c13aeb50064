package drain_test

import (
	"testing"

	"majordomo.dev/jenkins"
	"majordomo.dev/jenkins/drain"
	"majordomo.dev/jenkins/roster"
)

// liveOf is what is read right before the steps of a plan for this scene.
func liveOf(s *sceneOf) drain.Live {
	l := drain.Live{Target: s.Target}
	for _, a := range s.Agents {
		if a.Pod != nil {
			l.Pods = append(l.Pods, *a.Pod)
		}
		if a.Computer != nil {
			l.Computers = append(l.Computers, *a.Computer)
		}
	}
	return l
}

// looked is what the last look before the first step of its kind finds.
type looked struct {
	rule   string
	in     *sceneOf
	op     drain.Op
	change func(*drain.Live)
	want   string
}

// looks runs the tests.
func looks(t *testing.T, tests ...looked) {
	t.Helper()
	for _, c := range tests {
		t.Run(c.rule, func(t *testing.T) {
			t.Parallel()
			var step *drain.Step
			for _, s := range drain.Compute(c.in.Input).Steps {
				if s.Op == c.op && step == nil {
					step = &s
				}
			}
			if step == nil {
				t.Fatalf("the plan has no %s: %s", c.op, lines(drain.Compute(c.in.Input)))
			}
			if !step.Looks(c.in.Target) {
				t.Errorf("step %+v is done without a look", step)
			}
			l := liveOf(c.in)
			c.change(&l)
			if got := drain.Verify(*step, l); got != c.want {
				t.Errorf("Verify(%s) = %q, want %q", step.Op, got, c.want)
			}
		})
	}
}

func TestLookBeforeReplicasAreLowered(t *testing.T) {
	t.Parallel()
	ready := func() *sceneOf { return fleetOf(rs, 3, 2).on("a", mark(drain.Surplus), park, seen(2)) }
	looks(t,
		looked{"all is as it was", ready(), drain.Scale, func(*drain.Live) {}, ""},
		looked{"it has a build now", ready(), drain.Scale, func(l *drain.Live) { l.Computers[0].Idle = false }, "agent a has a build now"},
		looked{"it is not parked any more", ready(), drain.Scale, func(l *drain.Live) { l.Computers[0].Parked = false }, "agent a is not parked any more"},
		looked{"a person has parked it", ready(), drain.Scale, func(l *drain.Live) { l.Computers[0].OfflineReason = "do not touch" }, "agent a is not parked any more"},
		looked{"a second node is the pod, too", ready(), drain.Scale, func(l *drain.Live) {
			l.Computers = append(l.Computers, jenkins.Computer{Name: "a-0d6ec467", Idle: true, Connected: true})
		}, "agent a is not parked any more"},
		looked{"Jenkins does not know it now", ready(), drain.Scale, func(l *drain.Live) { l.Computers = l.Computers[1:] }, "agent a is not known to Jenkins now"},
		looked{"Jenkins cannot be read", ready(), drain.Scale, func(l *drain.Live) { l.Unknown = "JenkinsHung: no answer" }, "JenkinsHung: no answer"},
		looked{"its mark was taken away", ready(), drain.Scale, func(l *drain.Live) { l.Pods[0].Drain, l.Pods[0].Cost = "", 0 }, "agent a is not marked any more"},
		looked{"another has a lower cost", ready(), drain.Scale, func(l *drain.Live) { l.Pods[1].Cost = drain.CostIdle }, "ReplicaSet agent would stop agent b, too"},
		looked{"another is not ready", ready(), drain.Scale, func(l *drain.Live) { l.Pods[1].Ready = false }, "ReplicaSet agent would stop agent b, too"},
		looked{
			"there is a new pod", ready(), drain.Scale, func(l *drain.Live) {
				l.Pods = append(l.Pods, roster.Pod{Name: "n", Phase: "Pending", NeverRan: true, Owner: "target"})
			},
			"ReplicaSet agent would stop agent n, too",
		},
		looked{"its controller has not acted on its last change", ready(), drain.Scale, func(l *drain.Live) { l.Target.Settled = false }, "ReplicaSet agent has not acted on its last change yet"},
	)
}

func TestLookBeforeAnAgentIsDeleted(t *testing.T) {
	t.Parallel()
	ready := func() *sceneOf { return fleetOf(rs, 3, 2).on("a", mark(drain.Surplus), park, seen(2)) }
	looks(t,
		looked{"it may be deleted", ready(), drain.Delete, func(*drain.Live) {}, ""},
		looked{"it is gone", ready(), drain.Delete, func(l *drain.Live) { l.Pods = l.Pods[1:] }, "it is gone already"},
		looked{"it is going", ready(), drain.Delete, func(l *drain.Live) { l.Pods[0].Deleting = true }, "it is gone already"},
		looked{"another pod has its name", ready(), drain.Delete, func(l *drain.Live) { l.Pods[0].UID = "new" }, "it is gone already"},
		looked{"a build slipped in", ready(), drain.Delete, func(l *drain.Live) { l.Computers[0].Busy = 1 }, "agent a has a build now"},
		looked{"somebody took the mark away", ready(), drain.Delete, func(l *drain.Live) { l.Pods[0].Drain = "" }, "agent a is not marked any more"},
	)
}

func TestLookBeforeAnAgentIsDeletedThatJenkinsDoesNotKnow(t *testing.T) {
	t.Parallel()
	unknown := func() *sceneOf { return fleetOf(rs, 3, 3).on("a", unregistered, mark(drain.Heal), seen(2)) }
	looks(t,
		looked{"Jenkins still does not know it", unknown(), drain.Delete, func(*drain.Live) {}, ""},
		looked{"it has registered at last", unknown(), drain.Delete, func(l *drain.Live) { l.Computers = append(l.Computers, jenkins.Computer{Name: "a"}) }, "agent a has registered with Jenkins"},
		looked{
			"by another name", unknown(), drain.Delete, func(l *drain.Live) {
				l.Computers = append(l.Computers, jenkins.Computer{Name: "x", Description: "pod ci/a uid-a"})
			},
			"agent a has registered with Jenkins",
		},
		looked{"it is not wished away any more", unknown(), drain.Delete, func(l *drain.Live) { l.Pods[0].Drain = "" }, "agent a is not marked any more"},
	)
}

func TestLookBeforeAnAgentIsDeletedThatNeverRan(t *testing.T) {
	t.Parallel()
	looks(t,
		looked{"who never ran may go", fleetOf(rs, 1, 1).on("a", unstarted).wish("a", drain.Update, dead), drain.Delete, func(*drain.Live) {}, ""},
		looked{"it runs now, and is marked", fleetOf(rs, 2, 1).on("b", unstarted, mark(drain.Surplus)), drain.Scale, func(l *drain.Live) { l.Pods[1].NeverRan = false }, "agent b is not known to Jenkins now"},
		looked{"it runs now, and is marked", fleetOf(rs, 2, 1).on("b", unstarted, mark(drain.Surplus)), drain.Delete, func(l *drain.Live) { l.Pods[1].NeverRan = false }, "agent b is not known to Jenkins now"},
		looked{"it runs now, and is not", fleetOf(rs, 1, 1).on("a", unstarted).wish("a", drain.Update, dead), drain.Delete, func(l *drain.Live) { l.Pods[0].NeverRan = false }, "agent a is not marked any more"},
		looked{
			"it has registered, the pod is not shown to run yet", fleetOf(rs, 1, 1).on("a", unstarted).wish("a", drain.Update, dead), drain.Delete,
			func(l *drain.Live) {
				l.Computers = append(l.Computers, jenkins.Computer{Name: "a", Connected: true, Idle: true})
			}, "agent a is not parked any more",
		},
	)
}

func TestLookBeforeAnAgentIsBroughtBack(t *testing.T) {
	t.Parallel()
	surplus := func() *sceneOf { return fleetOf(rs, 3, 4).on("a", mark(drain.Surplus), park) }
	looks(t,
		looked{"it may serve again", surplus(), drain.Unmark, func(*drain.Live) {}, ""},
		looked{"it is being removed", surplus(), drain.Unmark, func(l *drain.Live) { l.Target.Replicas = 2 }, "ReplicaSet agent may be removing it"},
		looked{"it may be being removed", surplus(), drain.Unmark, func(l *drain.Live) { l.Target.Settled = false }, "ReplicaSet agent may be removing it"},
		looked{"it is gone", surplus(), drain.Unmark, func(l *drain.Live) { l.Pods = nil }, "it is gone already"},
		looked{"a person drains it now", surplus(), drain.Unmark, func(l *drain.Live) { l.Pods[0].Drain = "manual: node work" }, "agent a is marked for another reason now"},
		looked{"its node may come back", fleetOf(rs, 1, 1).on("a", park), drain.Unpark, func(*drain.Live) {}, ""},
		looked{"it is marked after all", fleetOf(rs, 1, 1).on("a", park), drain.Unpark, func(l *drain.Live) { l.Pods[0].Drain = "heal: disk" }, "agent a is marked now"},
	)
}

func TestLookBeforeANodeIsForgotten(t *testing.T) {
	t.Parallel()
	looks(t,
		looked{"a ghost may be forgotten", fleetOf(rs, 1, 1).ghost(false).wish("ghost", drain.Heal, dead), drain.Forget, func(*drain.Live) {}, ""},
		looked{"it is connected", fleetOf(rs, 1, 1).ghost(false).wish("ghost", drain.Heal, dead), drain.Forget, func(l *drain.Live) { l.Computers[1].Connected = true }, "node ghost is connected or has a build"},
		looked{"it has a build", fleetOf(rs, 1, 1).ghost(false).wish("ghost", drain.Heal, dead), drain.Forget, func(l *drain.Live) { l.Computers[1].Busy = 1 }, "node ghost is connected or has a build"},
		looked{"it is forgotten", fleetOf(rs, 1, 1).ghost(false).wish("ghost", drain.Heal, dead), drain.Forget, func(l *drain.Live) { l.Computers = nil }, "it is gone already"},
	)
}

func TestLookBeforeAgentsAreKept(t *testing.T) {
	t.Parallel()
	looks(t,
		looked{"agents are kept whether Jenkins can be read or not", fleetOf(rs, 3, 3).replicas(1), drain.Scale, func(l *drain.Live) { l.Unknown, l.Computers = "JenkinsHung: no answer", nil }, ""},
		looked{"those that were to be kept are gone", fleetOf(rs, 3, 3).replicas(1), drain.Scale, func(l *drain.Live) { l.Pods = nil }, "the agents that were to be kept are gone"},
	)
}

func TestWhatNeedsNoLook(t *testing.T) {
	t.Parallel()
	for _, s := range []drain.Step{{Op: drain.Mark}, {Op: drain.Park}, {Op: drain.Scale, Replicas: 4}} {
		if s.Looks(drain.Target{Replicas: 3}) {
			t.Errorf("step %+v looks", s)
		}
		if why := drain.Verify(s, drain.Live{Target: drain.Target{Replicas: 3}}); why != "" {
			t.Errorf("Verify(%+v) = %q, want nothing against it", s, why)
		}
	}
}

func TestMarksCanBeRead(t *testing.T) {
	t.Parallel()
	for annotation, want := range map[string]drain.Step{
		"surplus: 3 are enough": {Cause: drain.Surplus, Reason: "3 are enough"},
		"manual: node: work":    {Cause: drain.Manual, Reason: "node: work"},
		"node work, ask me":     {Cause: drain.Manual, Reason: "node work, ask me"},
		"because: I say so":     {Cause: drain.Manual, Reason: "because: I say so"},
		"":                      {Cause: drain.Manual},
		(drain.Step{Cause: drain.Heal, Reason: "lost"}).Annotation(): {Cause: drain.Heal, Reason: "lost"},
	} {
		if cause, reason := drain.Parse(annotation); cause != want.Cause || reason != want.Reason {
			t.Errorf("Parse(%q) = %s, %q; want %s, %q", annotation, cause, reason, want.Cause, want.Reason)
		}
	}
	p := agentPool("ReplicaSet")
	if got, want := drain.Message(p, drain.Step{Cause: drain.Heal, Reason: "lost"}), "majordomo: drain ci/linux: heal: lost"; got != want {
		t.Errorf("Message = %q, want %q", got, want)
	}
	if !roster.Ours(jenkins.Computer{Parked: true, OfflineReason: drain.Message(p, drain.Step{})}) {
		t.Error("a node that is parked with our message is not known as ours")
	}
}
