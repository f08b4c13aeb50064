package pool_test

import (
	"encoding/json"
	"testing"

	"sigs.k8s.io/yaml"

	"majordomo.dev/jenkins/pool"
)

func FuzzParse(f *testing.F) {
	for _, text := range []string{
		good, `kind: AgentPool`, "kind: AgentPool\nspec: []", "kind: AgentPool\nspec: {schedules: [{cron: '*/1 * * * *'}, 5], priority: .nan, labels: x, recycle: {}}",
		"kind: AgentPool\nspec: {scaleTargetRef: {kind: 5}, rollout: [], replicas: 1e9, jenkins: {url: 'http://[::1', ca: 7}}\nstatus: {agents: 5}",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var o map[string]any
		if yaml.Unmarshal(data, &o) != nil {
			return
		}
		p, err := pool.Parse(o)
		if p == nil {
			if err == nil {
				t.Fatal("neither a pool nor an error")
			}
			return
		}
		pool.UnknownFields(o)
		problems := p.Validate()
		p.CheckTarget(o)
		p.CheckAutoscalers([]map[string]any{o})
		pool.Conflicts([]*pool.Pool{p, p})
		if err != nil || len(problems) > 0 {
			return
		}
		written, err := json.Marshal(p.Spec)
		if err != nil {
			t.Fatalf("a good spec is not written: %v", err)
		}
		var again pool.Spec
		if err := json.Unmarshal(written, &again); err != nil {
			t.Fatalf("%s is not read: %v", written, err)
		}
	})
}
