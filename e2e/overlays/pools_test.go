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

// everyPool calls f with each pool of each overlay and the pods that it scales.
func everyPool(t *testing.T, f func(t *testing.T, p agentPool, target object.Object, agent pod)) {
	t.Helper()
	for _, env := range fleet(t) {
		objects := render(t, env.Path)
		set, agents := object.NewSet(objects...), pods(t, objects)
		pools := find(objects, "AgentPool")
		if len(pools) < 2 {
			t.Errorf("%s has %d pools", env.Name, len(pools))
		}
		for _, o := range pools {
			p := as[agentPool](t, o)
			i := slices.IndexFunc(agents, func(a pod) bool { return a.id == p.target() })
			if i < 0 {
				t.Errorf("%s: pool %s scales %s, which is not there", env.Name, p.Name, p.target())
				continue
			}
			t.Run(env.Name+"_"+p.Name, func(t *testing.T) { f(t, p, set[p.target()], agents[i]) })
		}
	}
}

func TestTheFleetOwnsTheNumberOfAgents(t *testing.T) {
	kinds := map[string]bool{}
	everyPool(t, func(t *testing.T, _ agentPool, target object.Object, _ pod) {
		kinds[target.Kind()] = true
		if n, stated := target.Get(object.Pointer{"spec", "replicas"}); stated {
			t.Errorf("%s states spec.replicas: %v", target.ID(), n)
		}
	})
	if !kinds["ReplicaSet"] || !kinds["ReplicationController"] {
		t.Errorf("pools scale %v, want a ReplicaSet and a ReplicationController", kinds)
	}
}

func TestAgentsOfferWhatTheirPoolSays(t *testing.T) {
	everyPool(t, func(t *testing.T, p agentPool, _ object.Object, agent pod) {
		c := agent.template.Spec.Containers[0]
		i := slices.IndexFunc(c.Env, func(v corev1.EnvVar) bool { return v.Name == "AGENT_LABELS" })
		if got := strings.Fields(c.Env[i].Value); !slices.Equal(got, p.Spec.Labels) {
			t.Errorf("agents have labels %v, pool %v", got, p.Spec.Labels)
		}
		if got := argument(c, "-executors"); got != fmt.Sprint(p.Spec.Executors) {
			t.Errorf("agents have %s executors, pool %d", got, p.Spec.Executors)
		}
		if got := argument(c, "-name"); got != "$(POD_NAME)" || !slices.Contains(c.Args, "-disableClientsUniqueId") {
			t.Errorf("nodes are not named as their pods: %v", c.Args)
		}
	})
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
	everyPool(t, func(t *testing.T, p agentPool, _ object.Object, agent pod) {
		if want := "http://jenkins." + p.Namespace + ".svc"; p.Spec.Jenkins.URL != want {
			t.Errorf("pool asks %s, want %s", p.Spec.Jenkins.URL, want)
		}
		for _, c := range agent.containers() {
			i := slices.IndexFunc(c.Env, func(v corev1.EnvVar) bool { return v.Name == "JENKINS_URL" })
			if i < 0 || c.Env[i].Value != "http://jenkins" {
				t.Errorf("container %s asks %+v", c.Name, c.Env)
			}
		}
	})
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
