package world

import (
	"time"

	"majordomo.dev/reconciler/status"
	"majordomo.dev/reconciler/window"
)

// revised is a commit and how long ago it was made.
type revised struct {
	revision, author, subject string
	ago                       time.Duration
}

var commits = []revised{
	{"3f2c1ab09d7e4f5a8b6c1d2e3f405162738495a6", "Ada Okafor", "gke: keep 4 linux agents in the morning", 7 * time.Minute},
	{"b81d90e4c2a7f3561e0d9c8b7a69584736251403", "Jonas Lind", "agents: image 2026.03.2", 3*time.Hour + 12*time.Minute},
	{"77ac5210fe39d8b4a6c5e7f8091a2b3c4d5e6f70", "Mei Tanaka", "vagrant: smaller home volume", 26 * time.Hour},
	{"0c9e8d7f6a5b4c3d2e1f0a9b8c7d6e5f4a3b2c1d", "Ada Okafor", "master: Jenkins 2.555.1", 4*24*time.Hour + 3*time.Hour},
}

func (r revised) at(now time.Time) window.Commit {
	return window.Commit{
		Revision: r.revision, Author: r.author, Time: now.Add(-r.ago), Subject: r.subject, URL: "https://github.com/example/fleet/commit/" + r.revision,
	}
}

// normal is an ordinary day: two environments, four pools, a held prune, a drift, a fight, and a Jenkins that does not answer.
func normal(now time.Time) *World {
	w := start(now)
	w.State.Environments = []window.Environment{gke(now), vagrant(now)}
	ci, local := "https://jenkins.example.com", "http://192.168.56.10:30080"
	w.add(farm{environment: "gke", namespace: "jenkins-gke", name: "linux", target: "ReplicaSet/agent-linux", jenkins: ci, labels: []string{"linux", "docker"}, min: 4, max: 40, period: 95 * time.Minute, phase: 0.02, builds: 18, burst: 14, job: "service"})
	w.add(farm{environment: "gke", namespace: "jenkins-gke", name: "jvm", target: "ReplicationController/agent-jvm", jenkins: ci, labels: []string{"jvm", "maven"}, min: 0, max: 20, period: 140 * time.Minute, phase: 0.3, builds: 12, burst: 4, job: "backend"})
	w.add(farm{environment: "gke", namespace: "jenkins-gke", name: "arm", target: "Deployment/agent-arm", jenkins: ci, labels: []string{"arm64"}, min: 1, max: 6, period: 120 * time.Minute, phase: 0.21, builds: 11, job: "firmware"})
	w.add(farm{environment: "vagrant", namespace: "jenkins-vagrant", name: "linux", target: "ReplicaSet/agent-linux", jenkins: local, labels: []string{"linux", "docker"}, min: 1, max: 4, period: 80 * time.Minute, phase: 0.7, builds: 3, job: "smoke"})
	w.dress(now)
	w.State.Masters = []window.Master{
		{Environment: "gke", Namespace: "jenkins-gke", URL: ci, Up: true, Version: "2.555.1", LastRead: now.Add(-2 * time.Second)},
		{
			Environment: "vagrant", Namespace: "jenkins-vagrant", URL: local, Version: "2.555.1", LastRead: now.Add(-4 * time.Minute),
			Reason: "JenkinsHung: Jenkins took the request and did not answer within 15s; it may be overloaded or stuck (" + local + "/queue)",
		},
	}
	w.told(now)
	return w.done()
}

// dress gives the pools what is worth looking at: a limit, a rollout, labels that nobody serves, data that is old.
func (w *World) dress(now time.Time) {
	for i := range w.State.Pools {
		p := &w.State.Pools[i]
		switch p.Environment + " " + p.Name {
		case "gke linux":
			until := now.Add(81 * time.Minute)
			p.Floor = &window.Floor{Agents: 6, Until: &until, Reason: "release day"}
			p.Unmatched = []window.Unmatched{{Label: "windows && msbuild", Items: 2, Why: "There are no nodes with the label ‘windows&&msbuild’"}}
		case "gke jvm":
			p.Rollout = &window.Rollout{Phase: "Progressing", Updated: 3, Total: max(p.Desired, 4), Since: now.Add(-11 * time.Minute), Reason: "3 agents have the new template; busy ones finish their build first"}
		case "gke arm":
			p.State = window.Limited
		case "vagrant linux":
			p.State, p.Reason = window.Waiting, "Jenkins is not known well enough to act on: it took the request and did not answer within 15s"
			p.NotDown, p.NotUp = "the answer of Jenkins is 4m0s old", "the answer of Jenkins is 4m0s old"
			p.Checks[1] = window.Check{Type: "JenkinsReachable", Status: "False", Reason: "JenkinsHung", Message: p.Reason, Since: now.Add(-4 * time.Minute)}
		}
	}
}

func gke(now time.Time) window.Environment {
	commit := commits[0].at(now)
	held := []string{
		"Service jenkins-gke/jenkins-agents", "NetworkPolicy jenkins-gke/agents", "NetworkPolicy jenkins-gke/master", "ConfigMap jenkins-gke/casc",
		"ReplicationController jenkins-gke/agent-jvm", "PodDisruptionBudget jenkins-gke/master", "Role jenkins-gke/scaler", "RoleBinding jenkins-gke/scaler",
	}
	return window.Environment{
		Name: "gke", Cluster: "gke_example_europe-west3_ci", Path: "overlays/gke", State: window.Held,
		Reason:   "a prune of 8 objects waits for approval: more than prune.maxObjects, which is 5",
		Revision: commit.Revision, Commit: &commit, Next: now.Add(22 * time.Second),
		Objects: status.Objects{Total: 19, Ready: 18, Failed: 0, Refused: 1},
		Sync:    &status.Sync{Time: now.Add(-6*time.Minute - 52*time.Second), Trigger: status.Webhook, Duration: status.Duration(168 * time.Millisecond), Updated: 1},
		Repairs: 5, Drift: &status.Drift{Time: now.Add(-34 * time.Minute), Object: "Service jenkins-gke/jenkins", Fields: []string{".spec.ports[name=http].targetPort"}, Manager: "kubectl-edit"},
		Held: &status.Held{Hash: "5d3f8a0c91b2", Reason: "8 objects of 19 would be pruned, more than prune.maxObjects, which is 5", Objects: held},
		History: []status.Past{
			{Revision: commits[0].revision, Time: now.Add(-6*time.Minute - 52*time.Second), Duration: status.Duration(168 * time.Millisecond), Result: status.ResultHeld, Changes: 1},
			{Revision: commits[1].revision, Time: now.Add(-3*time.Hour - 11*time.Minute), Duration: status.Duration(412 * time.Millisecond), Result: status.ResultSynced, Changes: 3},
			{Revision: commits[3].revision, Time: now.Add(-4*24*time.Hour - 3*time.Hour), Duration: status.Duration(2 * time.Second), Result: status.ResultSynced, Changes: 19},
		},
		Checks: []status.Condition{
			{Type: status.Ready, Status: "False", Reason: "PruneHeld", Message: "a prune of 8 objects waits for approval", LastTransitionTime: now.Add(-6*time.Minute - 52*time.Second)},
		},
	}
}

func vagrant(now time.Time) window.Environment {
	commit := commits[0].at(now)
	return window.Environment{
		Name: "vagrant", Cluster: "vagrant", Path: "overlays/vagrant", State: window.Ready, Reason: "19 objects are as Git says",
		Revision: commit.Revision, Commit: &commit, Next: now.Add(22 * time.Second),
		Objects: status.Objects{Total: 19, Ready: 19},
		Sync:    &status.Sync{Time: now.Add(-26 * time.Hour), Trigger: status.Poll, Duration: status.Duration(603 * time.Millisecond), Updated: 2},
		Repairs: 41, Drift: &status.Drift{Time: now.Add(-50 * time.Second), Object: "ConfigMap jenkins-vagrant/casc", Fields: []string{".data.jenkins_yaml"}, Manager: "ansible"},
		Fights: []status.Fight{{Object: "ConfigMap jenkins-vagrant/casc", Manager: "ansible", Fields: []string{".data.jenkins_yaml"}}},
		History: []status.Past{
			{Revision: commits[2].revision, Time: now.Add(-26 * time.Hour), Duration: status.Duration(603 * time.Millisecond), Result: status.ResultSynced, Changes: 2},
		},
		Checks: []status.Condition{
			{Type: status.Ready, Status: "True", Reason: "Synced", Message: "19 objects are as Git says", LastTransitionTime: now.Add(-26 * time.Hour)},
		},
	}
}

// told is what happened besides the decisions about numbers of agents.
func (w *World) told(now time.Time) {
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	head, old := commits[0].revision, commits[1].revision
	w.note(window.Entry{At: ago(3*time.Hour + 11*time.Minute), Kind: window.Synced, Environment: "gke", Revision: old, Text: "3 objects changed to commit b81d90e in 412ms"})
	w.note(window.Entry{At: ago(3 * time.Hour), Kind: window.Rolled, Environment: "gke", Pool: "gke/jenkins-gke/jvm", Text: "a changed template: the first agent of it has registered and had a build"})
	w.note(window.Entry{At: ago(52 * time.Minute), Kind: window.Acted, Environment: "gke", Pool: "gke/jenkins-gke/linux", Actor: "mei@example.com", Text: "mei@example.com asked for 6 agents at least for 2h0m0s: release day"})
	w.note(window.Entry{At: ago(34 * time.Minute), Kind: window.Drifted, Environment: "gke", Actor: "kubectl-edit", Text: "Service jenkins-gke/jenkins: .spec.ports[name=http].targetPort, changed by kubectl-edit, is as in Git again"})
	w.note(window.Entry{At: ago(6*time.Minute + 52*time.Second), Kind: window.Synced, Environment: "gke", Revision: head, Text: "1 object changed to commit 3f2c1ab in 168ms"})
	w.note(window.Entry{At: ago(6*time.Minute + 51*time.Second), Kind: window.Hold, Environment: "gke", Revision: head, Bad: true, Text: "a prune of 8 objects waits for approval: more than prune.maxObjects, which is 5"})
	w.note(window.Entry{At: ago(4 * time.Minute), Kind: window.Jenkins, Environment: "vagrant", Bad: true, Text: "JenkinsHung: Jenkins took the request and did not answer within 15s; it may be overloaded or stuck"})
	w.note(window.Entry{At: ago(50 * time.Second), Kind: window.Drifted, Environment: "vagrant", Actor: "ansible", Bad: true, Text: "ConfigMap jenkins-vagrant/casc: ansible keeps changing .data.jenkins_yaml back; healing slows down"})
}
