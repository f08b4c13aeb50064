package demand_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"majordomo.dev/jenkins"
	"majordomo.dev/jenkins/demand"
	"majordomo.dev/jenkins/pool"
	"majordomo.dev/jenkins/scale"
)

var start = time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)

// pipeline is an item of a pipeline's step.
func pipeline(id int64, why string) jenkins.Item {
	return jenkins.Item{ID: id, Since: start, BuildableSince: start.Add(time.Second), Why: why, Buildable: true, Task: jenkins.Task{Class: placeholder}}
}

// job is an item of a classic job.
func job(id int64, label, why string) jenkins.Item {
	it := pipeline(id, why)
	it.Task = jenkins.Task{Class: "hudson.model.FreeStyleProject", Name: "compile", URL: "http://jenkins/job/shop/job/compile/", Label: &label}
	return it
}

func node(name string, labels ...string) jenkins.Computer {
	return jenkins.Computer{Name: name, Labels: append(labels, name), Executors: 1, Connected: true}
}

func gone(c jenkins.Computer) jenkins.Computer {
	c.Offline, c.Connected = true, false
	return c
}

func parked(c jenkins.Computer) jenkins.Computer {
	c.Offline, c.Parked = true, true
	return c
}

var agents = []demand.Pool{
	{ID: "t/linux", Labels: []string{"linux"}, Agents: []string{"agent-linux-a", "agent-linux-b"}},
	{ID: "t/docker", Labels: []string{"linux", "docker"}, Agents: []string{"agent-docker-a"}},
	{ID: "t/windows", Labels: []string{"windows"}, Mode: pool.Exclusive},
}

func stuck(it jenkins.Item) jenkins.Item { it.Stuck = true; return it }

func class(it jenkins.Item, class string) jenkins.Item { it.Task.Class = class; return it }

func with(it jenkins.Item, change func(*jenkins.Item)) jenkins.Item { change(&it); return it }

const free = "Waiting for next available executor"

var (
	a      = node("agent-linux-a", "linux", "swarm")
	b      = node("agent-linux-b", "linux", "swarm")
	d      = node("agent-docker-a", "linux", "docker", "swarm")
	static = node("build-1", "mac")

	single = map[string]struct {
		item  jenkins.Item
		nodes []jenkins.Computer
		want  []string
	}{
		"a label that nobody has yet":                {pipeline(1, "There are no nodes with the label ‘docker’"), nil, []string{"docker [1]"}},
		"an expression":                              {pipeline(1, "There are no nodes with the label ‘linux&&!docker’"), nil, []string{"linux [1]"}},
		"all its nodes are offline":                  {pipeline(1, "All nodes of label ‘linux’ are offline"), nil, []string{"linux [1]"}},
		"all its nodes are busy":                     {pipeline(1, free+" on ‘linux’"), []jenkins.Computer{a, b}, []string{"linux [1]"}},
		"old Jenkins has no quotes":                  {pipeline(1, free+" on linux"), []jenkins.Computer{a, b}, []string{"linux [1]"}},
		"old Jenkins has no quotes, of one node":     {pipeline(1, "agent-linux-a is offline"), []jenkins.Computer{gone(a)}, []string{"linux [1]"}},
		"plain quotes":                               {pipeline(1, "There are no nodes with the label 'docker'"), nil, []string{"docker [1]"}},
		"the one node of a label is busy":            {pipeline(1, free+" on ‘agent-docker-a’"), []jenkins.Computer{a, d}, []string{"docker [1]"}},
		"the one node of a label is parked":          {pipeline(1, "‘agent-docker-a’ is offline"), []jenkins.Computer{a, parked(d)}, []string{"docker [1]"}},
		"a node of another controller":               {pipeline(1, free+" on ‘build-1’"), []jenkins.Computer{static}, nil},
		"a node of another controller, offline":      {pipeline(1, "‘build-1’ is offline"), []jenkins.Computer{gone(static)}, []string{"unmatched build-1 1"}},
		"a label that only an agent of others has":   {pipeline(1, "All nodes of label ‘mac’ are offline"), []jenkins.Computer{gone(static)}, []string{"unmatched mac 1"}},
		"a label that an online agent of others has": {job(1, "mac", free+" on ‘mac’"), []jenkins.Computer{static, node("build-2", "mac")}, nil},
		"the label of all agents":                    {pipeline(1, "There are no nodes with the label ‘swarm’"), nil, []string{"linux [1]"}},
		"a pipeline without a label":                 {pipeline(1, free), []jenkins.Computer{a}, []string{"linux [1]"}},
		"one that waits long without a label":        {stuck(pipeline(1, free)), []jenkins.Computer{a}, []string{"linux [1]"}},
		"a hidden label":                             {stuck(pipeline(1, free)), []jenkins.Computer{{Name: "built-in", BuiltIn: true}}, []string{"unmatched (not told) 1"}},
		"a hidden label beside the ghost of a node":  {stuck(pipeline(1, free)), []jenkins.Computer{{Name: "agent-linux-a", Offline: true}}, []string{"unmatched (not told) 1"}},
		"a job without a label":                      {stuck(job(1, "", free)), nil, []string{"linux [1]"}},
		"a job whose label is null":                  {class(pipeline(1, free), "hudson.model.FreeStyleProject"), nil, []string{"linux [1]"}},
		"a part of a matrix, whose label is hidden": {
			class(stuck(job(1, "", free)), "hudson.matrix.MatrixConfiguration"), nil, []string{"unmatched (not told) 1"},
		},
		"only exclusive agents are free":         {pipeline(1, "‘x’ is reserved for jobs with matching label expression; ‘y’ is offline"), nil, []string{"linux [1]"}},
		"another language":                       {pipeline(1, "等待下一个可用的执行器"), nil, []string{"unmatched (not told) 1"}},
		"another language, and a job that tells": {job(1, "docker", "等待下一个可用的执行器"), nil, []string{"docker [1]"}},
		"a list":                                 {pipeline(1, "‘a’ is offline; ‘b’ doesn’t have label ‘docker’; ‘c’ is not accepting tasks"), nil, []string{"docker [1]"}},
		"a long list":                            {pipeline(1, "‘a’ is offline (3 times); ‘b’ doesn't have label ‘windows’ (12 times); ... and 7 more"), nil, []string{"windows [1]"}},
		"a list that names nodes only":           {pipeline(1, "‘agent-docker-a’ is not accepting tasks; ‘x’ is offline; ... and 2 more"), []jenkins.Computer{d}, []string{"docker [1]"}},
		"who runs it may not use the agents":     {job(1, "linux", "‘alice’ lacks permission to run on ‘agent-linux-a’"), []jenkins.Computer{a}, []string{"unmatched linux 1"}},
		"a pipeline bound to its agent":          {pipeline(1, "Must run on agent-linux-a not agent-linux-b; ‘x’ is offline"), []jenkins.Computer{a, b}, []string{"waited agent-linux-a"}},
		"a pipeline that resumes on an agent that is not back": {
			pipeline(1, "There are no nodes with the label ‘agent-linux-a’"), nil, []string{"waited agent-linux-a"},
		},
		"a pipeline that resumes on a node with a hash": {
			pipeline(1, "There are no nodes with the label ‘agent-linux-a-0d9f31ab’"), nil, []string{"waited agent-linux-a", "waited agent-linux-a-0d9f31ab"},
		},
		"a pipeline that resumes on an agent of nobody": {
			pipeline(1, "There are no nodes with the label ‘agent-linux-z’"), nil, []string{"unmatched agent-linux-z 1"},
		},
		"one of two alike is named, and not connected": {pipeline(1, "‘agent-linux-a’ is offline"), []jenkins.Computer{gone(a), b}, []string{"waited agent-linux-a"}},
		"one of two alike is named, and parked":        {pipeline(1, "‘agent-linux-a’ is offline"), []jenkins.Computer{parked(a), b}, []string{"linux [1]", "waited agent-linux-a"}},
		"a job of one agent":                           {job(1, "agent-linux-a", free+" on ‘agent-linux-a’"), []jenkins.Computer{a}, []string{"waited agent-linux-a"}},
		"a parameter replaces the label":               {job(1, "linux", "There are no nodes with the label ‘windows’"), nil, []string{"windows [1]"}},
		"a parameter names a node":                     {job(1, "windows", free+" on ‘agent-linux-a’"), []jenkins.Computer{a}, []string{"waited agent-linux-a"}},
		"the one node has the label of the job":        {job(1, "linux && !docker", "‘agent-linux-a’ is offline"), []jenkins.Computer{gone(a), d}, []string{"linux [1]"}},
		"the one node has just gone":                   {job(1, "windows", "‘agent-windows-a’ is offline"), nil, []string{"windows [1]"}},
		"quotes around all of a label":                 {job(1, `"linux && docker"`, free), nil, []string{"docker [1]"}},
		"a label like a node of Jenkins":               {pipeline(1, free+" on ‘linux’"), []jenkins.Computer{node("linux", "mac")}, []string{"linux [1]"}},
		"nothing required goes to normal agents first": {pipeline(1, free+" on ‘!docker’"), nil, []string{"linux [1]"}},
		"unless none will do":                          {pipeline(1, free+" on ‘!linux’"), nil, []string{"windows [1]"}},
		"a pending item":                               {with(job(1, "linux", free), func(it *jenkins.Item) { it.Pending = true }), nil, nil},
		"a blocked item":                               {with(job(1, "linux", "Build #1 is already in progress (ETA: N/A)"), func(it *jenkins.Item) { it.Buildable, it.Blocked = false, true }), nil, []string{"linux blocked 1"}},
		"a blocked pipeline":                           {with(pipeline(1, "Blocked by x"), func(it *jenkins.Item) { it.Buildable, it.Blocked = false, true }), nil, nil},
		"an item in its quiet period":                  {with(job(1, "linux", "In the quiet period. Expires in 4.8 sec"), func(it *jenkins.Item) { it.Buildable, it.QuietUntil = false, start }), nil, []string{"linux soon 1"}},
		"the body of a pipeline":                       {class(pipeline(1, free), "org.jenkinsci.plugins.workflow.job.WorkflowJob"), []jenkins.Computer{a}, nil},
		"Jenkins shuts down":                           {pipeline(1, "Jenkins is about to shut down"), nil, []string{"unknown"}},
		"Jenkins shuts down, and the job tells":        {job(1, "docker", "Jenkins is about to shut down"), nil, []string{"docker [1]"}},
	}
)

func TestOneItem(t *testing.T) {
	for name, tt := range single {
		t.Run(name, func(t *testing.T) {
			got := told(demand.Of(jenkins.Snapshot{Items: []jenkins.Item{tt.item}, Computers: tt.nodes}, agents))
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("%+v (-want +got):\n%s", tt.item, diff)
			}
		})
	}
}

func TestAPoolHasWhatWaitsForIt(t *testing.T) {
	early, late := job(7, "linux", "Waiting for next available executor on ‘linux’"), job(3, "linux", "\x1b[31mWaiting\nfor next available executor on ‘linux’")
	late.BuildableSince = start.Add(time.Minute)
	quiet := func(id int64, end time.Duration) jenkins.Item {
		it := job(id, "linux", "In the quiet period. Expires in 4.8 sec")
		it.Buildable, it.QuietUntil = false, start.Add(end)
		return it
	}
	part := pipeline(9, "There are no nodes with the label ‘windows’")
	part.Task.Name, part.Task.URL = "part of shop/main #12", "job/shop/job/main/12/"
	s := jenkins.Snapshot{Items: []jenkins.Item{
		late, early, early, quiet(1, 5*time.Second), quiet(2, 20*time.Second), quiet(4, 20*time.Second+time.Millisecond), part, job(8, "ghost", "x"),
	}}
	d := demand.Of(s, agents)
	want := demand.Need{
		Queued: 2, Oldest: start.Add(time.Second), Elsewhere: 2,
		Soon: []scale.Soon{
			{At: start.Add(5 * time.Second), Builds: 1, Reason: "the quiet period of shop/compile ends"},
			{At: start.Add(20 * time.Second), Builds: 2, Reason: "the quiet period of 2 builds ends"},
		},
		Items: []demand.Item{
			{ID: 7, Job: "shop/compile", Label: "linux", Since: start.Add(time.Second), Why: "Waiting for next available executor on ‘linux’"},
			{ID: 3, Job: "shop/compile", Label: "linux", Since: start.Add(time.Minute), Why: "[31mWaitingfor next available executor on ‘linux’"},
		},
		Jobs: []demand.Job{{Item: 3, Name: "shop/compile", At: start, Since: start.Add(time.Minute)}, {Item: 7, Name: "shop/compile", At: start, Since: start.Add(time.Second)}},
	}
	if diff := cmp.Diff(want, d.Pools["t/linux"]); diff != "" {
		t.Errorf("linux (-want +got):\n%s", diff)
	}
	if got := d.Pools["t/windows"].Items; len(got) != 1 || got[0].Job != "shop/main" || got[0].Label != "windows" {
		t.Errorf("windows: %+v", got)
	}
	if diff := cmp.Diff(demand.Need{Elsewhere: 4}, d.Pools["t/docker"]); diff != "" {
		t.Errorf("docker (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]pool.Unmatched{{Label: "ghost", Items: 1, Why: "x"}}, d.Unmatched); diff != "" || d.Missed != 1 {
		t.Errorf("unmatched, %d of them (-want +got):\n%s", d.Missed, diff)
	}
}

func TestThereIsAdviceWhereItHelps(t *testing.T) {
	hidden := pipeline(1, "Waiting for next available executor")
	hidden.Stuck = true
	d := demand.Of(jenkins.Snapshot{Items: []jenkins.Item{hidden}}, agents[:1])
	if len(d.Unmatched) != 1 || !strings.Contains(d.Unmatched[0].Why, "Waiting for next available executor. Jenkins has no node at all") ||
		!strings.Contains(d.Unmatched[0].Why, "majordomo-sentinel") || d.Pools["t/linux"].Queued != 0 {
		t.Errorf("a hidden label: %+v", d)
	}
	d = demand.Of(jenkins.Snapshot{Items: []jenkins.Item{job(1, "", "Waiting for next available executor")}}, agents[2:])
	if len(d.Unmatched) != 1 || d.Unmatched[0].Label != demand.NoLabel || !strings.Contains(d.Unmatched[0].Why, "mode: normal") {
		t.Errorf("a build without a label, and no pool for it: %+v", d)
	}
}

func TestWhileJenkinsShutsDownTheDemandIsNotKnown(t *testing.T) {
	if d := demand.Of(jenkins.Snapshot{QuietingDown: true}, agents); d.Unknown == "" {
		t.Error("an empty queue of a Jenkins that shuts down is told as known")
	}
	if d := demand.Of(jenkins.Snapshot{}, agents); d.Unknown != "" || len(d.Pools) != len(agents) {
		t.Errorf("an empty queue: %+v", d)
	}
}

func TestALongQueueIsToldInBounds(t *testing.T) {
	var items []jenkins.Item
	for i := range int64(5000) {
		label := "linux"
		if i%2 == 0 {
			label = fmt.Sprintf("ghost-%d-%s", i, strings.Repeat("x", 300))
		}
		items = append(items, job(i+1, label, strings.Repeat("‘y’", 1000)))
	}
	d := demand.Of(jenkins.Snapshot{Items: items}, agents)
	linux := d.Pools["t/linux"]
	if linux.Queued != 2500 || len(linux.Items) != demand.MaxItems || len(linux.Jobs) != 2500 || len(d.Unmatched) != pool.MaxUnmatched || d.Missed != 2500 {
		t.Errorf("%d queued, %d told, %d jobs, %d unmatched of %d", linux.Queued, len(linux.Items), len(linux.Jobs), len(d.Unmatched), d.Missed)
	}
	if n := len([]rune(d.Unmatched[0].Why)); n > 201 {
		t.Errorf("Jenkins's words have %d characters", n)
	}
	if n := len([]rune(d.Unmatched[0].Label)); n > 201 {
		t.Errorf("a label has %d characters", n)
	}
}

// big is a queue of n items with many labels, and 1,000 agents.
func big(n int) (jenkins.Snapshot, []demand.Pool) {
	var pools []demand.Pool
	for i := range 50 {
		pools = append(pools, demand.Pool{ID: fmt.Sprintf("t/p%d", i), Labels: []string{fmt.Sprintf("l%d", i), "linux"}})
	}
	var s jenkins.Snapshot
	for i := range 1000 {
		name := fmt.Sprintf("agent-%d", i)
		pools[i%50].Agents = append(pools[i%50].Agents, name)
		s.Computers = append(s.Computers, node(name, slices.Clone(pools[i%50].Labels)...))
	}
	for i := range n {
		l := i % 60
		if i%2 == 0 {
			s.Items = append(s.Items, pipeline(int64(i+1), fmt.Sprintf("Waiting for next available executor on ‘linux&&l%d’", l)))
			continue
		}
		s.Items = append(s.Items, job(int64(i+1), fmt.Sprintf("linux && l%d", l), fmt.Sprintf("Waiting for next available executor on ‘linux&&l%d’", l)))
	}
	return s, pools
}

func BenchmarkOf(b *testing.B) {
	s, pools := big(10_000)
	for b.Loop() {
		demand.Of(s, pools)
	}
}
