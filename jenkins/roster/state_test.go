package roster_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"majordomo.dev/jenkins"
	"majordomo.dev/jenkins/pool"
	"majordomo.dev/jenkins/roster"
)

const poll = 5 * time.Second

func TestStateOfAnAgent(t *testing.T) {
	t.Parallel()
	const name = "agent-bbbbc"
	type change func(*roster.Pod, *jenkins.Computer)
	for _, c := range []struct {
		rule   string
		change change
		gone   bool // Jenkins does not know it
		want   roster.State
		reason string // what the reason has
	}{
		{"connected and without a build", func(*roster.Pod, *jenkins.Computer) {}, false, roster.Idle, ""},
		{"with a build", func(_ *roster.Pod, c *jenkins.Computer) { *c = busy(*c, "http://jenkins/job/x/1/") }, false, roster.Busy, ""},
		{"a build that is not shown", func(_ *roster.Pod, c *jenkins.Computer) { *c = busy(*c) }, false, roster.Busy, ""},
		{"the body of a pipeline on it", func(_ *roster.Pod, c *jenkins.Computer) { c.Idle = false }, false, roster.Busy, ""},
		{"more executors than the pool says", func(_ *roster.Pod, c *jenkins.Computer) { c.Executors = 8 }, false, roster.Idle, "8 executors, the pool says 1"},
		{"online in Jenkins, pod not ready", func(p *roster.Pod, _ *jenkins.Computer) { p.Ready = false }, false, roster.Idle, "not ready"},
		{"marked", func(p *roster.Pod, _ *jenkins.Computer) { *p = marked(*p) }, false, roster.Draining, ""},
		{"marked and busy", func(p *roster.Pod, c *jenkins.Computer) { *p, *c = marked(*p), busy(*c) }, false, roster.Draining, ""},
		{"being deleted", func(p *roster.Pod, _ *jenkins.Computer) { p.Deleting = true }, false, roster.Terminating, ""},
		{"evicted", func(p *roster.Pod, _ *jenkins.Computer) {
			p.Phase, p.Failure, p.Message = "Failed", "Evicted", "The node was low on resource: memory."
		}, true, roster.Failed, "Evicted: The node was low"},
		{"taken offline by a monitor", func(_ *roster.Pod, c *jenkins.Computer) {
			*c = parked(*c, "Disk space is too low. Only 0.1GB left on /home.")
			c.OfflineClass = "hudson.node_monitors.DiskSpaceMonitorDescriptor$DiskSpace"
		}, false, roster.Offline, "monitor of Jenkins took it offline: Disk space"},
		{"taken offline by a person", func(_ *roster.Pod, c *jenkins.Computer) { *c = parked(*c, "do not touch") }, false, roster.Offline, "a person took it offline: do not touch"},
		{"taken offline by a person, with its last build", func(_ *roster.Pod, c *jenkins.Computer) { *c = parked(busy(*c), "do not touch") }, false, roster.Offline, "a person"},
		{"parked by us, and not marked", func(_ *roster.Pod, c *jenkins.Computer) { *c = parked(*c, ours) }, false, roster.Offline, "brought back"},
		{"its connection is lost", func(_ *roster.Pod, c *jenkins.Computer) {
			*c = cut(*c, "java.nio.channels.ClosedChannelException\n\tat a.b.C")
		}, false, roster.Lost, "no connection to it: java.nio.channels.ClosedChannelException"},
		{"Jenkins does not know it any more", func(*roster.Pod, *jenkins.Computer) {}, true, roster.Lost, "Jenkins does not know it"},
		{"its container ends again and again", func(p *roster.Pod, _ *jenkins.Computer) { p.Waiting, p.Message = "CrashLoopBackOff", "back-off 5m0s" }, true, roster.Failed, "CrashLoopBackOff: back-off"},
		{"a sidecar crashes, the agent does not", func(p *roster.Pod, _ *jenkins.Computer) { p.Waiting = "CrashLoopBackOff" }, false, roster.Idle, ""},
	} {
		t.Run(c.rule, func(t *testing.T) {
			t.Parallel()
			s := watched(t, name)
			c.change(&s.pods[0], &s.nodes[0])
			if c.gone {
				s.nodes = nil
			}
			a := agent(t, s.after(poll), name)
			if a.State != c.want || !strings.Contains(a.Reason, c.reason) || strings.Contains(a.Reason, "\n") {
				t.Errorf("state %s, reason %q; want %s, and a reason of one line with %q", a.State, a.Reason, c.want, c.reason)
			}
		})
	}
}

func TestStateOfAnAgentThatHasNotRegistered(t *testing.T) {
	t.Parallel()
	never := jenkins.Computer{Name: "agent-nnnnn", Description: "pod ci/agent-nnnnn uid-agent-nnnnn", Offline: true, Idle: true, Executors: 1}
	for _, c := range []struct {
		rule   string
		change func(*roster.Pod)
		node   bool
		age    time.Duration
		want   roster.State
		reason string
	}{
		{"it is young", func(*roster.Pod) {}, false, time.Minute, roster.Starting, ""},
		{"its node is there, and was never connected", func(*roster.Pod) {}, true, time.Minute, roster.Starting, ""},
		{"it has not registered in time", func(*roster.Pod) {}, false, 11 * time.Minute, roster.Failed, "within 10m0s"},
		{"its node is there, and was not connected in time", func(*roster.Pod) {}, true, 11 * time.Minute, roster.Failed, "within 10m0s"},
		{"no node of the cluster takes it", func(p *roster.Pod) { p.Unschedulable = "0/3 nodes are available: Insufficient cpu." }, false, time.Hour, roster.Starting, "Insufficient cpu"},
		{"its image cannot be had", func(p *roster.Pod) { p.Waiting = "ImagePullBackOff" }, false, time.Minute, roster.Failed, "ImagePullBackOff"},
		{"a Secret is missing", func(p *roster.Pod) { p.Waiting, p.Message = "CreateContainerConfigError", `secret "x" not found` }, false, time.Minute, roster.Failed, `secret "x" not found`},
	} {
		t.Run(c.rule, func(t *testing.T) {
			t.Parallel()
			s := watched(t)
			s.pods = []roster.Pod{pending("agent-nnnnn", s.now)}
			c.change(&s.pods[0])
			if c.node {
				s.nodes = []jenkins.Computer{never}
			}
			var r roster.Roster
			for range c.age / (30 * time.Second) {
				r = s.after(30 * time.Second)
			}
			a := agent(t, r, "agent-nnnnn")
			if a.State != c.want || !strings.Contains(a.Reason, c.reason) {
				t.Errorf("state %s, reason %q; want %s, and %q in the reason", a.State, a.Reason, c.want, c.reason)
			}
		})
	}
}

func TestTimeInWhichJenkinsIsNotKnownDoesNotCountAgainstAgents(t *testing.T) {
	t.Parallel()
	s := watched(t)
	s.pods = []roster.Pod{pending("agent-nnnnn", s.now)}
	s.unknown = "JenkinsUnreachable: connection refused"
	for range 60 {
		if a := agent(t, s.after(30*time.Second), "agent-nnnnn"); a.State != roster.Starting {
			t.Fatalf("state %s while Jenkins is not known, want starting", a.State)
		}
	}
	s.unknown = ""
	if a := agent(t, s.after(poll), "agent-nnnnn"); a.State != roster.Starting {
		t.Errorf("state %s right after Jenkins is back, want starting", a.State)
	}
}

func TestWhatIsKnownStaysWhileJenkinsIsNot(t *testing.T) {
	t.Parallel()
	s := watched(t, "agent-bbbbc", "agent-ccccd")
	s.nodes[1] = busy(s.nodes[1], "http://jenkins/job/x/1/")
	want := s.after(poll)
	s.unknown, s.nodes = "JenkinsHung: no answer in time", nil
	got := s.after(time.Hour)
	if diff := cmp.Diff(states(want), states(got)); diff != "" {
		t.Errorf("agents differ (-known +unknown):\n%s", diff)
	}
	if got.Unknown != s.unknown {
		t.Errorf("unknown is %q, want %q", got.Unknown, s.unknown)
	}
	if !got.Agents[1].Since.Equal(want.Agents[1].Since) {
		t.Errorf("busy since %s, want %s as before", got.Agents[1].Since, want.Agents[1].Since)
	}
}

// computers reads the answer of a transcript.
func computers(t *testing.T, file string) []jenkins.Computer {
	t.Helper()
	data, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		Computer []struct {
			Class              string `json:"_class"`
			DisplayName        string
			Idle, Offline      bool
			TemporarilyOffline bool
			OfflineCauseReason string
			NumExecutors       int
			AbsoluteRemotePath *string
			AssignedLabels     []struct{ Name string }
			Executors          []struct {
				Idle              bool
				CurrentExecutable *struct{ URL string }
			}
		}
	}
	body := string(data)
	body = body[strings.Index(body, `{"_class":"hudson.model.ComputerSet"`):]
	if err := json.NewDecoder(strings.NewReader(body)).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	var out []jenkins.Computer
	for _, c := range answer.Computer {
		o := jenkins.Computer{
			Name: c.DisplayName, Class: c.Class, Idle: c.Idle, Offline: c.Offline, Parked: c.TemporarilyOffline, OfflineReason: c.OfflineCauseReason,
			Executors: c.NumExecutors, Connected: c.AbsoluteRemotePath != nil, BuiltIn: strings.HasSuffix(c.Class, "MasterComputer"),
		}
		for _, l := range c.AssignedLabels {
			o.Labels = append(o.Labels, l.Name)
		}
		for _, e := range c.Executors {
			if !e.Idle {
				o.Busy++
			}
			if e.CurrentExecutable != nil {
				o.Builds = append(o.Builds, jenkins.Build{URL: e.CurrentExecutable.URL})
			}
		}
		out = append(out, o)
	}
	return out
}

func TestWhatARealJenkinsAnswered(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		rule, file string
		pods       []string
		want       string
		running    int
	}{
		{"parked while it has a build", "164-computer-tempoffline-busy-tree.http", []string{"agent-1", "agent-2", "agent-3"}, "agent-1=offline agent-2=busy agent-3=busy", 3},
		{"the step of a pipeline holds an executor", "315-pl-computer-running.http", []string{"pa-1", "pw-1"}, "pa-1=busy pw-1=starting", 1},
		{"a node that was deleted under its pipeline is a ghost with a build", "339-pl-delete-busy-computers.http", nil, "pa-1=ghost", 1},
		{"nodes of others are nobody's business", "472-perm-scaler-computer.http", nil, "", 0},
	} {
		t.Run(c.rule, func(t *testing.T) {
			t.Parallel()
			s := watched(t)
			s.pool.Spec.Target.Kind = "StatefulSet"
			s.pool.Spec.Executors = 2
			for _, name := range c.pods {
				s.pods = append(s.pods, running(name))
			}
			s.nodes = computers(t, c.file)
			if c.pods == nil && c.want != "" { // its pod was there, and is gone
				s.pods = []roster.Pod{running("pa-1")}
				s.nodes = []jenkins.Computer{{Name: "pa-1", Connected: true, Idle: true}}
				s.after(poll)
				s.pods, s.nodes = nil, computers(t, c.file)
			}
			r := s.after(poll)
			running := 0
			for _, a := range r.Agents {
				running += a.Running
			}
			if got := states(r); got != c.want || running != c.running {
				t.Errorf("agents are %s with %d builds, want %s with %d", got, running, c.want, c.running)
			}
		})
	}
}

func TestSupplyAndStatusCountTheSame(t *testing.T) {
	t.Parallel()
	s := watched(t, "agent-bbbbb", "agent-ccccc", "agent-ddddd", "agent-fffff", "agent-ggggg")
	s.nodes[1] = busy(s.nodes[1], "http://jenkins/job/x/1/")
	s.pods[2], s.nodes[2] = marked(s.pods[2]), parked(busy(s.nodes[2], "http://jenkins/job/y/2/"), ours)
	s.nodes[3] = parked(s.nodes[3], "do not touch")
	s.pods[4].Deleting = true
	s.pods = append(s.pods, pending("agent-hhhhh", s.now.Add(-time.Minute)))
	r := s.after(poll)
	got, want := r.Supply(), roster.Supply{Idle: 1, Busy: 1, Running: 1, Starting: []time.Duration{time.Minute + poll}, Draining: 1, Offline: 1}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Supply differs (-want +got):\n%s", diff)
	}
	var status pool.Status
	r.Status(&status)
	numbers := []int{status.Replicas, status.Idle, status.Busy, status.Starting, status.Draining, status.Offline, len(status.Agents)}
	if diff := cmp.Diff([]int{5, 1, 1, 1, 1, 1, 6}, numbers); diff != "" {
		t.Errorf("replicas, idle, busy, starting, draining, offline, agents differ (-want +got):\n%s", diff)
	}
	if a := status.Agents[2]; a.Build != "http://jenkins/job/y/2/" || a.Reason != "surplus: enough" {
		t.Errorf("draining agent is told as %+v, want its build and why it goes", a)
	}
}

func TestStatusListsNoMoreAgentsThanFit(t *testing.T) {
	t.Parallel()
	s := watched(t)
	for i := range pool.MaxAgents + 20 {
		name := "agent-" + strings.Repeat("b", 3) + string("bcdfghjklmnpqrstvwxz2456789"[i/27]) + string("bcdfghjklmnpqrstvwxz2456789"[i%27])
		s.pods = append(s.pods, running(name))
		s.nodes = append(s.nodes, online(name))
	}
	last := len(s.nodes) - 1
	s.nodes[last] = parked(s.nodes[last], "do not touch")
	var status pool.Status
	s.after(poll).Status(&status)
	if len(status.Agents) != pool.MaxAgents || status.AgentsOmitted != 20 {
		t.Errorf("%d agents are listed and %d omitted, want %d and 20", len(status.Agents), status.AgentsOmitted, pool.MaxAgents)
	}
	if a := status.Agents[len(status.Agents)-1]; a.Name != s.pods[last].Name {
		t.Errorf("the last one listed is %s, want %s, which is offline and matters more than idle ones", a.Name, s.pods[last].Name)
	}
}
