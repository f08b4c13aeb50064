package jenkinstest

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

func fromMillis(n int64) time.Duration { return time.Duration(n) * time.Millisecond }

// own is the pod of the project's own manifests: the patch of all agents with the variables of one pool.
func own(t *testing.T) *corev1.Pod {
	t.Helper()
	text, err := os.ReadFile("../../manifests/agents/patch-swarm-client.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var set struct {
		Spec struct {
			Template corev1.PodTemplateSpec `json:"template"`
		} `json:"spec"`
	}
	if err := yaml.Unmarshal(text, &set); err != nil {
		t.Fatal(err)
	}
	p := &corev1.Pod{ObjectMeta: set.Spec.Template.ObjectMeta, Spec: set.Spec.Template.Spec}
	p.Namespace, p.Name, p.UID, p.Status.PodIP = "jenkins", "agent-linux-x7", "11-22", "10.1.2.3"
	c := &p.Spec.Containers[0]
	c.Env = append(c.Env, corev1.EnvVar{Name: "AGENT_LABELS", Value: "linux docker"}, corev1.EnvVar{Name: "AGENT_MODE", Value: "exclusive"})
	return p
}

func TestTheProjectsOwnAgentsAreUnderstood(t *testing.T) {
	a, err := readPod(own(t))
	if err != nil {
		t.Fatal(err)
	}
	want := "Swarm agent from 10.1.2.3: pod jenkins/agent-linux-x7 11-22"
	if a.spec.Name != "agent-linux-x7" || a.spec.Description != want || !slices.Equal(a.spec.Labels, []string{"linux", "docker"}) || !a.spec.Exclusive ||
		a.spec.Executors != 1 || a.modest {
		t.Errorf("agent = %+v, want its pod's name, %q, linux docker, exclusive, 1 executor", a, want)
	}
}

func TestAnAgentWithoutDisableClientsUniqueIDHasAHash(t *testing.T) {
	p := own(t)
	c := &p.Spec.Containers[0]
	c.Args = slices.DeleteFunc(c.Args, func(a string) bool { return a == "-disableClientsUniqueId" || a == "-deleteExistingClients" })
	a, err := readPod(p)
	if err != nil || !strings.HasPrefix(a.spec.Name, "agent-linux-x7-") || len(a.spec.Name) != len("agent-linux-x7-00000000") || !a.modest {
		t.Errorf("agent = %+v, %v", a, err)
	}
}

func TestMisbehaviourIsRead(t *testing.T) {
	for text, want := range map[string]podAgent{
		"":                  {},
		"never":             {never: true},
		"10s":               {delay: 10 * time.Second},
		"2s, disconnect=5s": {delay: 2 * time.Second, trouble: []trouble{{"disconnect", 5 * time.Second}}},
		"monitor,freeze=1m": {trouble: []trouble{{"monitor", time.Second}, {"freeze", time.Minute}}},
		"suffix":            {spec: Node{Name: suffix("")}},
		"disconnect=x":      {never: true}, // refused
		"perhaps":           {never: true},
	} {
		var a podAgent
		err := a.misbehave(text)
		switch refused := text == "disconnect=x" || text == "perhaps"; {
		case refused && err == nil:
			t.Errorf("%q was taken", text)
		case refused:
		case err != nil:
			t.Errorf("%q: %v", text, err)
		case a.never != want.never || a.delay != want.delay || a.spec.Name != want.spec.Name || !slices.Equal(a.trouble, want.trouble):
			t.Errorf("%q is %+v, want %+v", text, a, want)
		}
	}
}

// podOfTest makes an agent of a pod at once.
func podOfTest(t *testing.T, j *Jenkins, uid string) *agent {
	t.Helper()
	p := own(t)
	p.UID = "pod-" + p.UID
	of, err := readPod(p)
	if err != nil {
		t.Fatal(err)
	}
	of.ref.uid = uid
	return j.employ(of, 0)
}

func TestAnAgentWhoseNodeWasDeletedComesBackWhileItsPodLives(t *testing.T) {
	clock := NewClock(time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC))
	j := New(Options{Now: clock.Now})
	a := podOfTest(t, j, "1")
	if err := j.RemoveNode("agent-linux-x7"); err != nil {
		t.Fatal(err)
	}
	clock.Advance(6 * time.Second)
	if n, _ := j.Node("agent-linux-x7"); !n.Online || n.Pod != "jenkins/agent-linux-x7" {
		t.Errorf("node = %+v, want it back", n)
	}
	j.do(func(w *world) { w.endAgent(a, "its pod was deleted") })
	clock.Advance(time.Hour)
	if n, ok := j.Node("agent-linux-x7"); ok {
		t.Errorf("node = %+v, want none after its pod", n)
	}
}

func TestAPipelineDoesNotResumeInAnotherPodOfTheSameName(t *testing.T) {
	clock := NewClock(time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC))
	j := New(Options{Now: clock.Now})
	j.AddJob(Job{Name: "pipe", Pipeline: true, Label: "linux", Duration: time.Minute})
	first := podOfTest(t, j, "1")
	j.Enqueue("pipe", 1)
	j.do(func(w *world) { w.endAgent(first, "its pod was deleted") })
	podOfTest(t, j, "2")
	clock.Advance(4 * time.Minute)
	if s := j.Stats(); s.Finished != 0 {
		t.Errorf("stats after 4 min = %+v, want the pipeline waiting", s)
	}
	clock.Advance(2 * time.Minute)
	if l := j.Lost(); len(l) != 1 || l[0].PodUID != "1" {
		t.Errorf("Lost() = %+v, want the pipeline with the first pod", l)
	}
}

func TestExcusedPodsAreCountedApart(t *testing.T) {
	j := New(Options{})
	j.AddJob(Job{Name: "compile", Label: "linux"})
	a := podOfTest(t, j, "1")
	j.Enqueue("compile", 1)
	j.Excuse("jenkins/agent-linux-x7")
	j.do(func(w *world) { w.endAgent(a, "its pod was deleted") })
	if s := j.Stats(); s.Lost != 0 || s.Excused != 1 {
		t.Errorf("stats = %+v, want one excused", s)
	}
}
