package world

import (
	"fmt"
	"time"

	"majordomo.dev/reconciler/status"
	"majordomo.dev/reconciler/window"
)

// environments is a company: 50 environments with a pool each, most of them well.
func environments(now time.Time) *World {
	w := start(now)
	for i := range 50 {
		name := fmt.Sprintf("team-%02d", i)
		e := vagrant(now)
		e.Name, e.Cluster, e.Path, e.Fights, e.Drift, e.Repairs = name, "ci", "overlays/"+name, nil, nil, 0
		switch {
		case i%17 == 3:
			e.State, e.Reason = window.Stalled, "Deployment "+name+"/master: no node has 8Gi of memory free"
			e.Objects.Ready, e.Objects.Failed = 18, 1
		case i%13 == 5:
			e.State, e.Reason = window.Reconciling, "2 of 19 objects are not ready yet"
			e.Objects.Ready = 17
		case i%11 == 7:
			e.State, e.Reason = window.Suspended, "suspended by ada@example.com: the cluster moves"
		}
		w.State.Environments = append(w.State.Environments, e)
		w.add(farm{
			environment: name, namespace: name, name: "linux", target: "ReplicaSet/agent-linux", jenkins: "https://" + name + ".example.com",
			labels: []string{"linux"}, max: 10, period: time.Duration(60+i) * time.Minute, phase: float64(i) / 50, builds: 9, job: "service",
		})
		w.State.Masters = append(w.State.Masters, window.Master{Environment: name, Namespace: name, URL: "https://" + name + ".example.com", Up: true, Version: "2.555.1", LastRead: now.Add(-time.Second)})
	}
	return w.done()
}

// agents is one pool of 500 agents, all of them there.
func agents(now time.Time) *World {
	w := start(now)
	e := vagrant(now)
	e.Name, e.Path, e.Fights, e.Drift, e.Repairs = "farm", "overlays/farm", nil, nil, 0
	e.Objects = status.Objects{Total: 12, Ready: 12}
	w.State.Environments = append(w.State.Environments, e)
	f := farm{environment: "farm", namespace: "farm", name: "linux", target: "Deployment/agent-linux", jenkins: "https://jenkins.example.com", labels: []string{"linux"}, min: 500, max: 500, period: 3 * time.Hour, builds: 420, job: "service"}
	w.add(f)
	w.State.Masters = append(w.State.Masters, window.Master{Environment: "farm", Namespace: "farm", URL: f.jenkins, Up: true, Version: "2.555.1", LastRead: now.Add(-time.Second)})
	return w.done()
}
