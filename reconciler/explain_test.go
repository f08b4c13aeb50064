package main

import (
	"encoding/json"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"majordomo.dev/jenkins/pool"
)

func TestExplainTellsInputsTermsLimitsGatesAndWhatComesNext(t *testing.T) {
	f := newFarm(t)
	o := f.want(0, "explain", f.env+"/linux")
	has(t, o.stdout,
		"Pool "+f.env+"/linux   desired 6 → 8   (+2)   at ", "Z, ", "s ago\n",
		"  because   9 builds wait and 5 run: 14 agents, 2 more at a time\n",
		"  queue     9 builds wait for an agent of this pool, the oldest for 4m", "; 3 wait for something else; 2 are for other labels\n",
		"  supply    6 agents: 5 busy, 0 idle, 1 starting (", "s); besides, 2 draining\n",
		"  formula     demand  14  9 builds wait, 5 run\n",
		"            ▸ short   16  1.2 x short\n",
		"              no more by hold, spare, soon\n",
		"  limits      min      2\n",
		"              max     20\n",
		"              step     2  ← limits: 2 agents at a time\n",
		"  gates     ✔ active, fresh\n",
		"  next      at ", ": 2 more if the queue stays\n",
		"  rests on  priority balanced (10), start-up 54 s (assumed, 3 of 20 seen)\n",
		"  jenkins   2.568.3 at http://jenkins."+f.env+".svc answers majordomo\n",
		`  no pool   serves "windows", for which 4 builds wait: There are no nodes with the label ‘windows’redevil bell`+"\n",
		"Not scaled up further because: step 2: 2 agents at a time.\n",
		"Not scaled down because: 9 builds wait.\n",
	)
	lacks(t, o.stdout, "\x1b", "\u202e", "\x07", "\r")
	has(t, f.want(0, "explain", f.env+"/linux", "--color=always").stdout, "\x1b[36mqueue\x1b[0m", "\x1b[32m✔\x1b[0m")
	has(t, f.want(0, "explain", f.env+"/linux", "-o", "yaml").stdout, "kind: PoolExplanation\n", "notScaledDown: ")

	var doc explanation
	if err := json.Unmarshal([]byte(f.want(0, "explain", f.env+"/linux", "-o", "json").stdout), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.Name != "linux" || doc.Supply != 6 || doc.Status.Decision.To != 8 || doc.NotScaledUp != "step 2: 2 agents at a time" || doc.NotScaledDown == "" {
		t.Errorf("explain -o json: %+v", doc)
	}
}

func TestExplainSaysWhyThereAreNotFewerAgents(t *testing.T) {
	shut := &pool.Decision{Gates: []pool.Gate{{Name: "fresh", Reason: "the last answer of Jenkins is older than 10s"}, {Name: "calm", Open: true}, {Name: "odd"}}}
	calm := &pool.Decision{Reason: "an agent is kept for 2m more"}
	for name, c := range map[string]struct {
		pool agentPool
		want string
	}{
		"suspended":        {agentPool{Suspend: "volume", Status: pool.Status{Decision: shut, Idle: 1}}, "the pool is suspended: volume"},
		"never visited":    {agentPool{}, "majordomo has not visited it yet"},
		"no agents":        {agentPool{Status: pool.Status{Decision: shut}}, "there is no agent that could go"},
		"a gate is shut":   {agentPool{Status: pool.Status{Decision: shut, Idle: 3, Desired: 1}}, "the last answer of Jenkins is older than 10s; odd is shut"},
		"it is going down": {agentPool{Status: pool.Status{Decision: calm, Idle: 3, Desired: 1}}, ""},
		"at its min":       {agentPool{Spec: pool.Spec{Min: 2}, Status: pool.Status{Decision: calm, Idle: 2, Desired: 2, Min: 2, Max: 5}}, "its min is 2"},
		"by a schedule":    {agentPool{Spec: pool.Spec{Min: 1}, Status: pool.Status{Decision: calm, Idle: 2, Desired: 2, Min: 2, Max: 5}}, "its min is 2, by a schedule"},
		"by hand": {
			agentPool{Spec: pool.Spec{Min: 1}, Floor: &floor{Agents: 2, Reason: "release"}, Status: pool.Status{Decision: calm, Idle: 2, Desired: 2, Min: 2, Max: 5}},
			"its min is 2, set by hand (release)",
		},
		"kept": {agentPool{Spec: pool.Spec{Min: 1}, Status: pool.Status{Decision: calm, Idle: 2, Desired: 2, Min: 1, Max: 5}}, "an agent is kept for 2m more"},
	} {
		if got := c.pool.notDown(); got != c.want {
			t.Errorf("%s: notDown() = %q, want %q", name, got, c.want)
		}
	}
}

func TestExplainTellsWhatIsWrong(t *testing.T) {
	f := newFarm(t)
	f.status.Conditions[0] = pool.Condition{Type: pool.JenkinsReachable, Status: "False", Reason: "JenkinsHung", Message: "no answer within 10s", LastTransitionTime: time.Now()}
	f.status.Jenkins.Error = "JenkinsHung: no answer within 10s"
	f.status.Desired, f.status.Queued = 6, 0
	f.status.Decision.Gates[1] = pool.Gate{Name: "fresh", Reason: "the last answer of Jenkins is older than 10s"}
	f.status.Rollout = &pool.Progress{Template: "abc", Phase: "Progressing", Updated: 2, Total: 6, Reason: "one at a time"}
	f.write("linux")
	has(t, f.want(0, "explain", f.env+"/linux").stdout,
		"✔ active\n", "✗ fresh: the last answer of Jenkins is older than 10s\n", "jenkins   not known: JenkinsHung: no answer within 10s; read last ",
		"rollout   Progressing: 2 of 6 agents have the new template; one at a time\n",
		"Not scaled down because: the last answer of Jenkins is older than 10s.\n")
	has(t, f.want(0, "get", "pools", "-n", f.env).stdout, "no answer within 10s")

	old := time.Now().Add(-time.Hour)
	f.status.Jenkins.LastRead, f.status.Jenkins.Error = &old, ""
	f.write("linux")
	_, err := f.pools().Patch(t.Context(), "linux", types.MergePatchType, []byte(`{"status":{"jenkins":{"error":null}}}`), metav1.PatchOptions{}, "status")
	if err != nil {
		t.Fatal(err)
	}
	has(t, f.want(0, "explain", f.env+"/linux").stdout, "stale     all this was written 60m ago, and should be newer")
}

func TestExplainGoesBackInTime(t *testing.T) {
	f := newFarm(t)
	has(t, f.want(0, "explain", f.env+"/linux", "--at", "5m").stdout,
		"desired 6\n", "decided   ", "5m", " earlier: 4 → 6 (+2): 2 builds wait\n", "then      ", " later: 6 → 8 (+2): 9 builds wait\n")
	has(t, f.want(0, "explain", f.env+"/linux", "--at", "0s").stdout, "desired 8\n", "nothing changed since")
	then := time.Now().Add(-20 * time.Minute).UTC()
	has(t, f.want(0, "explain", f.env+"/linux", "--at", then.Format(time.RFC3339)).stdout, "desired 4\n")
	var doc explanation
	if err := json.Unmarshal([]byte(f.want(0, "explain", f.env+"/linux", "--at", "20m", "-o", "json").stdout), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.Past == nil || doc.Past.Desired != 4 || doc.Past.By.From != 5 || doc.Past.Then == nil || doc.Past.Then.To != 6 {
		t.Errorf("past %+v", doc.Past)
	}
	has(t, f.want(exitNotFound, "explain", f.env+"/linux", "--at", "3h").stderr, "goes back to ", "from 5 to 4 agents")
	for _, at := range []string{"soon", "25:00", "2999-01-01T00:00:00Z", "-"} {
		has(t, f.want(exitUsage, "explain", f.env+"/linux", "--at", at).stderr, "--at")
	}
	f.want(exitUsage, "explain", f.env+"/linux", "--at", "5m", "-w")
}

func TestATimeOfDayIsTheLastOne(t *testing.T) {
	now := time.Date(2026, 11, 21, 10, 41, 5, 0, time.UTC)
	a := &app{now: func() time.Time { return now }}
	for text, want := range map[string]string{
		"10:40": "2026-11-21T10:40:00Z", "10:41:05": "2026-11-21T10:41:05Z", "23:30": "2026-11-20T23:30:00Z", "20m": "2026-11-21T10:21:05Z",
		"-20m": "2026-11-21T10:21:05Z", "2026-11-21T11:00:00+02:00": "2026-11-21T09:00:00Z",
	} {
		got, err := a.pastTime(text)
		if err != nil || got.Format(time.RFC3339) != want {
			t.Errorf("pastTime(%q) = %v, %v, want %s", text, got, err, want)
		}
	}
}

func TestExplainIsWatched(t *testing.T) {
	f := newFarm(t)
	text := newLines(t, first(f.background("explain", f.env+"/linux", "-w")))
	docs := newLines(t, first(f.background("explain", f.env+"/linux", "-w", "-o", "json")))
	text.next("Pool ", "desired 6 → 8")
	docs.next(`"kind":"PoolExplanation"`, `"queued":9`)
	read := time.Now().UTC()
	f.status.Jenkins.LastRead = &read // alone it is no news
	f.write("linux")
	f.status.Decision.From, f.status.Decision.To, f.status.Desired, f.status.Queued = 8, 9, 9, 10
	f.write("linux")
	text.next("Pool ", "desired 8 → 9")
	docs.next(`"kind":"PoolExplanation"`, `"queued":10`)
}
