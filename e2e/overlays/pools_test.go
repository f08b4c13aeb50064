package overlays_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"majordomo.dev/reconciler/object"
)

// agentPool has every field that an AgentPool may have, so that a misspelt one is noticed.
type agentPool struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`

	Spec struct {
		ScaleTargetRef struct {
			APIVersion string `json:"apiVersion"`
			Kind       string `json:"kind"`
			Name       string `json:"name"`
		} `json:"scaleTargetRef"`
		Jenkins struct {
			URL         string                      `json:"url"`
			Credentials corev1.LocalObjectReference `json:"credentials"`
		} `json:"jenkins"`
		Labels    []string `json:"labels"`
		Mode      string   `json:"mode"`
		Executors int64    `json:"executors"`
		Min       int64    `json:"min"`
		Max       int64    `json:"max"`
		Priority  string   `json:"priority"`
		Schedules []struct {
			Cron     string `json:"cron"`
			Timezone string `json:"timezone"`
			Duration string `json:"duration"`
			Min      int64  `json:"min"`
		} `json:"schedules"`
	} `json:"spec"`
}

// target returns the name of the object that the pool scales.
func (p agentPool) target() object.ID {
	r := p.Spec.ScaleTargetRef
	return object.Object{
		"apiVersion": r.APIVersion, "kind": r.Kind, "metadata": map[string]any{"name": r.Name, "namespace": p.Namespace},
	}.ID()
}

// scaled is a pool with what it scales.
type scaled struct {
	pool   agentPool
	target object.Object
	agent  pod
}

// everyPool returns the pools of all overlays, by a name for the subtest.
func everyPool(t *testing.T) map[string]scaled {
	t.Helper()
	all := map[string]scaled{}
	for _, env := range fleet(t) {
		objects := render(t, env.Path)
		set, agents := object.NewSet(objects...), pods(t, objects)
		for _, o := range find(objects, "AgentPool") {
			p := as[agentPool](t, o)
			i := slices.IndexFunc(agents, func(a pod) bool { return a.id == p.target() })
			if i < 0 {
				t.Errorf("%s: pool %s scales %s, which is not there", env.Name, p.Name, p.target())
				continue
			}
			all[env.Name+"_"+p.Name] = scaled{p, set[p.target()], agents[i]}
		}
	}
	if want := 2 * len(fleet(t)); len(all) < want {
		t.Errorf("%d pools, want %d at least", len(all), want)
	}
	return all
}

func TestTheFleetOwnsTheNumberOfAgents(t *testing.T) {
	kinds := map[string]bool{}
	for name, s := range everyPool(t) {
		kinds[s.target.Kind()] = true
		if n, stated := s.target.Get(object.Pointer{"spec", "replicas"}); stated {
			t.Errorf("%s: %s states spec.replicas: %v", name, s.target.ID(), n)
		}
	}
	if !kinds["ReplicaSet"] || !kinds["ReplicationController"] {
		t.Errorf("pools scale %v, want a ReplicaSet and a ReplicationController", kinds)
	}
}

func TestAgentsOfferWhatTheirPoolSays(t *testing.T) {
	for name, s := range everyPool(t) {
		c := s.agent.template.Spec.Containers[0]
		if got := strings.Fields(variableOf(c, "AGENT_LABELS")); !slices.Equal(got, s.pool.Spec.Labels) {
			t.Errorf("%s: agents have labels %v, pool %v", name, got, s.pool.Spec.Labels)
		}
		if got := argument(c, "-executors"); got != fmt.Sprint(s.pool.Spec.Executors) {
			t.Errorf("%s: agents have %s executors, pool %d", name, got, s.pool.Spec.Executors)
		}
		if got := variableOf(c, "AGENT_MODE"); got != s.pool.Spec.Mode {
			t.Errorf("%s: agents are %s, pool is %s", name, got, s.pool.Spec.Mode)
		}
		if argument(c, "-name") != "$(POD_NAME)" || !slices.Contains(c.Args, "-disableClientsUniqueId") {
			t.Errorf("%s: nodes are not named as their pods: %v", name, c.Args)
		}
	}
}

// variableOf returns the value of a variable in the environment of a container.
func variableOf(c corev1.Container, name string) string {
	i := slices.IndexFunc(c.Env, func(v corev1.EnvVar) bool { return v.Name == name })
	if i < 0 {
		return ""
	}
	return c.Env[i].Value
}

// argument returns what follows an option on the command line.
func argument(c corev1.Container, option string) string {
	i := slices.Index(c.Args, option)
	if i < 0 || i+1 == len(c.Args) {
		return ""
	}
	return c.Args[i+1]
}

func TestPoolsAskTheirOwnMaster(t *testing.T) {
	for name, s := range everyPool(t) {
		if got, want := s.pool.Spec.Jenkins.URL, "http://jenkins."+s.pool.Namespace+".svc"; got != want {
			t.Errorf("%s: pool asks %s, want %s", name, got, want)
		}
		for _, c := range s.agent.containers() {
			if got := variableOf(c, "JENKINS_URL"); got != "http://jenkins" {
				t.Errorf("%s: container %s asks %q", name, c.Name, got)
			}
		}
	}
}

func TestTheQuotaFitsAllPoolsAtTheirMax(t *testing.T) {
	for _, env := range fleet(t) {
		objects := render(t, env.Path)
		agents := map[object.ID]int64{}
		for _, o := range find(objects, "AgentPool") {
			p := as[agentPool](t, o)
			agents[p.target()] = p.Spec.Max + 1 // one more, for a rollout
		}
		needed := corev1.ResourceList{}
		for _, p := range pods(t, objects) {
			for range max(agents[p.id], 1) {
				add(needed, p)
			}
		}
		quota := as[corev1.ResourceQuota](t, find(objects, "ResourceQuota")[0]).Spec.Hard
		for name, want := range needed {
			if got := quota[name]; got.Cmp(want) < 0 {
				t.Errorf("%s: quota of %s is %s, pods need %s", env.Name, name, got.String(), want.String())
			}
		}
	}
}

// add counts what the quota counts of one pod: the containers together, or the one that runs first if that needs more.
func add(total corev1.ResourceList, p pod) {
	count := func(name corev1.ResourceName, of func(corev1.ResourceRequirements) corev1.ResourceList, field corev1.ResourceName) {
		sum := of(p.template.Spec.Containers[0].Resources)[field]
		for _, c := range p.template.Spec.InitContainers {
			if first := of(c.Resources)[field]; first.Cmp(sum) > 0 {
				sum = first
			}
		}
		sum.Add(total[name])
		total[name] = sum
	}
	requests := func(r corev1.ResourceRequirements) corev1.ResourceList { return r.Requests }
	limits := func(r corev1.ResourceRequirements) corev1.ResourceList { return r.Limits }
	count(corev1.ResourceRequestsCPU, requests, corev1.ResourceCPU)
	count(corev1.ResourceRequestsMemory, requests, corev1.ResourceMemory)
	count(corev1.ResourceLimitsMemory, limits, corev1.ResourceMemory)
	number := total[corev1.ResourcePods]
	number.Add(resource.MustParse("1"))
	total[corev1.ResourcePods] = number
}
