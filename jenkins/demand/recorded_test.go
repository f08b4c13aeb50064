package demand_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"majordomo.dev/jenkins"
	"majordomo.dev/jenkins/demand"
	"majordomo.dev/jenkins/pool"
)

// body is the JSON of a recorded answer.
func body(t testing.TB, number string, into any) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join("testdata", number+"-*.http"))
	if err != nil || len(names) != 1 {
		t.Fatalf("transcript %s: %v, %v", number, names, err)
	}
	data, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	_, answer, ok := bytes.Cut(data, []byte("### RESPONSE"))
	if i := bytes.LastIndexByte(answer, '\n'); ok {
		err = json.Unmarshal(answer[i+1:], into)
	}
	if err != nil || !ok {
		t.Fatalf("%s: %v", names[0], err)
	}
}

// labels are those of the jobs on the recorded Jenkins, for the answers that do not tell.
var labels = map[string]string{
	"linux-job": "linux", "docker-job": "linux && docker", "win-job": "windows", "or-job": "windows || (mac && arm64)", "neg-job": "linux && !docker",
	"node-job": "agent-1", "nolabel-job": "", "linux-conc": "linux", "linux-long": "linux", "quiet-job": "linux", "quick-job": "linux", "ghost-job": "nosuchlabel",
	"build": "linux",
}

type queue struct {
	Items []struct {
		Class          string `json:"_class"`
		ID             int64
		InQueueSince   int64
		BuildableStart int64 `json:"buildableStartMilliseconds"`
		Timestamp      int64
		Why            string
		Stuck, Blocked bool
		Buildable      *bool
		Pending        bool
		Task           struct {
			Class           string `json:"_class"`
			Name, URL       string
			LabelExpression *string
		}
	}
}

func at(millis int64) time.Time {
	if millis == 0 {
		return time.Time{}
	}
	return time.UnixMilli(millis).UTC()
}

// snapshot makes values of the answers of a Jenkins.
func snapshot(q queue, c computers) jenkins.Snapshot {
	return jenkins.Snapshot{Items: q.items(), Computers: c.list()}
}

// recorded is a snapshot of a recorded queue and computers; computers may be "".
func recorded(t testing.TB, queueOf, computersOf string) jenkins.Snapshot {
	t.Helper()
	var q queue
	var c computers
	body(t, queueOf, &q)
	if computersOf != "" {
		body(t, computersOf, &c)
	}
	s := snapshot(q, c)
	for i, it := range s.Items {
		if of, ok := labels[it.Task.Name]; ok && it.Task.Label == nil {
			s.Items[i].Task.Label = &of
		}
	}
	return s
}

func (q queue) items() (all []jenkins.Item) {
	for _, i := range q.Items {
		all = append(all, jenkins.Item{
			ID: i.ID, Class: i.Class, Since: at(i.InQueueSince), BuildableSince: at(i.BuildableStart), QuietUntil: at(i.Timestamp), Why: i.Why,
			Stuck: i.Stuck, Blocked: i.Blocked, Buildable: i.Buildable == nil || *i.Buildable, Pending: i.Pending,
			Task: jenkins.Task{Class: i.Task.Class, Name: i.Task.Name, URL: i.Task.URL, Label: i.Task.LabelExpression},
		})
	}
	return all
}

type computers struct {
	Computer []struct {
		Class              string `json:"_class"`
		DisplayName        string
		NumExecutors       int
		Offline            bool
		TemporarilyOffline bool
		AbsoluteRemotePath *string
		AssignedLabels     []struct{ Name string }
	}
}

func (c computers) list() (all []jenkins.Computer) {
	for _, c := range c.Computer {
		of := jenkins.Computer{
			Name: c.DisplayName, Class: c.Class, Executors: c.NumExecutors, Offline: c.Offline, Parked: c.TemporarilyOffline,
			Connected: !c.Offline || c.AbsoluteRemotePath != nil, BuiltIn: c.Class == "hudson.model.Hudson$MasterComputer",
		}
		for _, l := range c.AssignedLabels {
			of.Labels = append(of.Labels, l.Name)
		}
		all = append(all, of)
	}
	return all
}

// pipelines is the same snapshot as it would be if all jobs were pipelines.
func pipelines(s jenkins.Snapshot) jenkins.Snapshot {
	s.Items = slices.Clone(s.Items)
	for i := range s.Items {
		s.Items[i].Task = jenkins.Task{Class: placeholder}
	}
	return s
}

const placeholder = "org.jenkinsci.plugins.workflow.support.steps.ExecutorStepExecution$PlaceholderTask"

var threePools = []demand.Pool{
	{ID: "t/linux", Labels: []string{"linux"}},
	{ID: "t/docker", Labels: []string{"linux", "docker"}},
	{ID: "t/windows", Labels: []string{"windows"}, Mode: pool.Exclusive},
}

// told puts a demand into a few lines: the items of each pool, blocked and soon ones, what nobody serves, what is waited for.
func told(d demand.Demand) []string {
	var lines []string
	for id, n := range d.Pools {
		line := strings.TrimPrefix(id, "t/")
		var items []int64
		for _, it := range n.Items {
			items = append(items, it.ID)
		}
		slices.Sort(items)
		if len(items) > 0 {
			line += fmt.Sprint(" ", items)
		}
		if n.Blocked > 0 {
			line += fmt.Sprint(" blocked ", n.Blocked)
		}
		for _, s := range n.Soon {
			line += fmt.Sprint(" soon ", s.Builds)
		}
		if line != strings.TrimPrefix(id, "t/") {
			lines = append(lines, line)
		}
	}
	for _, u := range d.Unmatched {
		lines = append(lines, fmt.Sprintf("unmatched %s %d", u.Label, u.Items))
	}
	for n := range d.Waited {
		lines = append(lines, "waited "+n)
	}
	if d.Unknown != "" {
		lines = append(lines, "unknown")
	}
	slices.Sort(lines)
	return lines
}

var recordings = map[string]struct {
	queue, computers string
	jobs             []string // as classic jobs, whose label Jenkins tells
	pipelines        []string // of the same labels, of which only the sentence tells; nil for as jobs
}{
	"no node at all hides the labels of pipelines, but stuck tells that there is one": {
		"065", "",
		[]string{"docker [4]", "linux [1 2 3 8 10]", "unmatched agent-1 1", "unmatched nosuchlabel 1", "windows [5 7]"},
		[]string{"linux [10]", "unmatched (not told) 9"},
	},
	"a pipeline where there is no node": {"303", "", []string{"unmatched (not told) 1"}, nil},
	"a node that never connects brings the labels back": {
		"487", "", []string{"docker [326]"}, []string{"docker [326]"},
	},
	"one node, offline, is named for its label": {
		"105", "099",
		[]string{"docker [4]", "linux [1 2 3 8 10]", "unmatched nosuchlabel 1", "waited agent-1", "windows [5 7]"},
		[]string{"docker [1 2 3 4 9]", "linux [8 10]", "unmatched nosuchlabel 1", "windows [5 7]"},
	},
	"more nodes, all offline": {
		"107", "110",
		[]string{"docker [4]", "linux [1 2 3 8 10]", "unmatched nosuchlabel 1", "waited agent-1", "windows [5 7]"},
		[]string{"docker [4 9]", "linux [1 2 3 8 10]", "unmatched nosuchlabel 1", "windows [5 7]"},
	},
	"a list of refusals, right after a connect": {
		"111", "110",
		[]string{"docker [4]", "linux [1 2 3 8 10]", "unmatched nosuchlabel 1", "waited agent-1", "windows [5 7]"},
		[]string{"docker [4]", "linux [1 2 3 8 10]", "unmatched nosuchlabel 1", "waited agent-1", "windows [5 7]"},
	},
	"busy nodes": {
		"116", "112",
		[]string{"docker [4]", "linux [1 3 8 10]", "unmatched nosuchlabel 1", "waited agent-1", "windows [5 7]"},
		[]string{"docker [4 9]", "linux [1 3 8 10]", "unmatched nosuchlabel 1", "windows [5 7]"},
	},
	"quiet and blocked items count for later": {
		"148", "147",
		[]string{"docker [15]", "linux [14 16] blocked 1 soon 1", "unmatched nosuchlabel 1"},
		[]string{"docker [15]", "linux [14 16]", "unmatched nosuchlabel 1"},
	},
	"a Jenkins that shuts down hides all labels": {
		"157", "159", []string{"docker [15]", "linux [14 16] blocked 1 soon 1", "unmatched nosuchlabel 1"}, []string{"unknown"},
	},
	"a parked busy node": {
		"165", "164", []string{"docker [15]", "linux [14 16 20] blocked 1 soon 1", "unmatched nosuchlabel 1"}, nil,
	},
	"a pending item is none": {"267", "", []string{"linux [50 51 52 53 54 55 56 57 58 59 60 61 62 63 64 65]"}, nil},
	"pipelines of many labels": {
		"312", "314", []string{"docker [11 17 20 22 24]", "linux [16 19]", "unmatched nosuchlabel 1", "windows [23]"}, nil,
	},
	"pipelines of many labels, asked for by tree": {
		"313", "314", []string{"docker [11 17 20 22 24]", "linux [16 19]", "unmatched nosuchlabel 1", "windows [23]"}, nil,
	},
	"an agent was killed": {"330", "314", []string{"linux [19 30]", "unmatched nosuchlabel 1", "windows [23]"}, nil},
	"a node was deleted while a pipeline ran on it": {
		"336", "339", []string{"linux [19 30]", "unmatched nosuchlabel 1", "windows [23]"}, nil,
	},
	"an expression that two offline nodes have": {"488", "", []string{"docker [326]"}, []string{"docker [326]"}},
	"an expression that two busy nodes have":    {"489", "", []string{"docker [329 330 331]"}, []string{"docker [329 330 331]"}},
	"strange labels": {
		"490", "",
		[]string{
			"docker [329 330 331]", "linux [334]", `unmatched "label with space" 1`, `unmatched "linux &&" 1`,
			`unmatched "linux &lt;-&gt; docker" 1`, `unmatched "linux -&gt; docker" 1`, "unmatched a/b 1", "unmatched arm-64_x.y:1 1", "unmatched größe 1",
		},
		[]string{
			"docker [329 330 331]", "linux [334]", `unmatched "label with space" 1`, `unmatched "linux &&" 1`,
			`unmatched "linux &lt;-&gt; docker" 1`, `unmatched "linux -&gt; docker" 1`, "unmatched a/b 1", "unmatched arm-64_x.y:1 1", "unmatched größe 1",
		},
	},
	"labels that are not to be had": {
		"503", "", []string{"docker [742]", "linux [744]", "windows [743]"}, []string{"docker [742]", "linux [744]", "windows [743]"},
	},
	"pipelines that tell their job": {
		"506", "314", []string{"docker [38 49 50 52]", "linux [44]", "unmatched nolabel1 1", "unmatched nosuchlabel 1", "windows [51]"}, nil,
	},
}

func TestRecordedQueues(t *testing.T) {
	for name, tt := range recordings {
		t.Run(name, func(t *testing.T) {
			s := recorded(t, tt.queue, tt.computers)
			if diff := cmp.Diff(tt.jobs, told(demand.Of(s, threePools))); diff != "" {
				t.Errorf("jobs (-want +got):\n%s", diff)
			}
			if tt.pipelines == nil {
				return
			}
			if diff := cmp.Diff(tt.pipelines, told(demand.Of(pipelines(s), threePools))); diff != "" {
				t.Errorf("pipelines (-want +got):\n%s", diff)
			}
		})
	}
}
