package loop

import (
	"cmp"
	"slices"

	"k8s.io/client-go/rest"

	"majordomo.dev/reconciler/plan"
)

// Place is an environment that has AgentPools: where they are, and as whom they may be served.
type Place struct {
	Environment string
	Config      *rest.Config // with the environment's identity; another pointer means another way to its cluster
	Namespaces  []string     // that have pools
}

// Places returns the environments that have AgentPools, by name, as the last visit of each left them. The board changes when they do. A
// suspended environment is among them: what is suspended is what Git says, not the agents.
func (l *Loop) Places() []Place {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []Place
	for name, e := range l.envs {
		e.mu.Lock()
		if e.client != nil && !e.gone && len(e.pools) > 0 {
			out = append(out, Place{Environment: name, Config: e.client.Config(), Namespaces: e.pools})
		}
		e.mu.Unlock()
	}
	slices.SortFunc(out, func(a, b Place) int { return cmp.Compare(a.Environment, b.Environment) })
	return out
}

// note takes in which namespaces have pools.
func (e *environment) note(inv plan.Inventory) {
	var pools []string
	for id := range inv {
		if id.Group == "majordomo.dev" && id.Kind == "AgentPool" && !slices.Contains(pools, id.Namespace) {
			pools = append(pools, id.Namespace)
		}
	}
	slices.Sort(pools)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.pools = pools
}
