package kube

import (
	"errors"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

func TestRoomForAgents(t *testing.T) {
	const agent = `{spec: {template: {spec: {
		initContainers: [{name: fetch, resources: {requests: {cpu: 700m}}}, {name: side, restartPolicy: Always, resources: {requests: {cpu: 100m}}}],
		containers: [{name: agent, resources: {requests: {cpu: 250m, memory: 1Gi}, limits: {memory: 2Gi, cpu: 1}}}, {name: dind, resources: {requests: {cpu: 250m}}}]}}}}`
	const bare = `{spec: {template: {spec: {containers: [{name: agent}]}}}}`
	for name, c := range map[string]struct {
		target, quotas string
		room           int
		why            string
	}{
		"no quota":                           {agent, `[]`, -1, ""},
		"by number":                          {agent, `[{metadata: {name: few}, status: {hard: {pods: "10"}, used: {pods: "4"}}}]`, 6, "quota few leaves room for 6 more: 4 of 10 pods are used, an agent takes 1"},
		"all at once take more than each":    {agent, `[{metadata: {name: q}, status: {hard: {requests.cpu: "3"}, used: {requests.cpu: 300m}}}]`, 3, "an agent takes 700m"},
		"by memory":                          {agent, `[{metadata: {name: q}, status: {hard: {memory: 10Gi}, used: {memory: 512Mi}}}]`, 9, ""},
		"by limit":                           {agent, `[{metadata: {name: q}, status: {hard: {limits.memory: 10Gi}, used: {limits.memory: 4Gi}}}]`, 3, ""},
		"the least of several":               {agent, `[{metadata: {name: a}, status: {hard: {pods: "10"}}}, {metadata: {name: b}, status: {hard: {count/pods: "2"}}}]`, 2, "quota b"},
		"more is used than there may be":     {agent, `[{metadata: {name: q}, status: {hard: {pods: "3"}, used: {pods: "5"}}}]`, 0, ""},
		"of what an agent does not take":     {bare, `[{metadata: {name: q}, status: {hard: {requests.cpu: "1"}, used: {requests.cpu: "1"}}}]`, -1, ""},
		"of other objects":                   {agent, `[{metadata: {name: q}, status: {hard: {services: "0"}}}]`, -1, ""},
		"for pods that end":                  {agent, `[{metadata: {name: q}, spec: {scopes: [Terminating]}, status: {hard: {pods: "0"}}}]`, -1, ""},
		"for pods that do not":               {agent, `[{metadata: {name: q}, spec: {scopes: [NotTerminating]}, status: {hard: {pods: "1"}}}]`, 1, ""},
		"for pods that ask for nothing":      {agent, `[{metadata: {name: q}, spec: {scopes: [BestEffort]}, status: {hard: {pods: "0"}}}]`, -1, ""},
		"for such as these":                  {bare, `[{metadata: {name: q}, spec: {scopes: [BestEffort]}, status: {hard: {pods: "0"}}}]`, 0, ""},
		"for another priority":               {agent, `[{metadata: {name: q}, spec: {scopeSelector: {matchExpressions: [{scopeName: PriorityClass, operator: In, values: [high]}]}}, status: {hard: {pods: "0"}}}]`, -1, ""},
		"for whatever has no priority":       {agent, `[{metadata: {name: q}, spec: {scopeSelector: {matchExpressions: [{scopeName: PriorityClass, operator: DoesNotExist}]}}, status: {hard: {pods: "4"}}}]`, 4, ""},
		"not counted yet, so without status": {agent, `[{metadata: {name: q}, spec: {hard: {pods: "1"}}}]`, -1, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var target map[string]any
			var list []map[string]any
			if err := errors.Join(yaml.Unmarshal([]byte(c.target), &target), yaml.Unmarshal([]byte(c.quotas), &list)); err != nil {
				t.Fatal(err)
			}
			n, why := room(target, list)
			if n != c.room || !strings.Contains(why, c.why) {
				t.Errorf("room %d (%s), want %d (%s)", n, why, c.room, c.why)
			}
		})
	}
}
