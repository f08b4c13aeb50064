package roster

import (
	"fmt"
	"time"
)

// settle is a time in which agents and builds are expected back.
type settle struct {
	Since time.Time `json:"since"`
	Why   string    `json:"why"`
}

// settle finds out whether Jenkins has started anew, or has lost its agents at once, and when that is over. Swarm nodes vanish when Jenkins
// starts although their pods go on with the builds: the agents come back, and pipelines take up their builds where they were.
func (j *joining) settle() {
	if !j.known {
		return
	}
	session := j.in.Snapshot.Session
	switch {
	case j.m.Session == "":
		j.begin("Majordomo has just begun to watch this Jenkins", func(p Pod, t *trace) {
			t.Missing = p.Phase == "Running" && !p.NeverRan
		})
	case j.m.Session != session:
		j.begin("Jenkins has restarted", missed)
	case j.vanished() > 0:
		j.begin(fmt.Sprintf("%d agents vanished from Jenkins at once", j.vanished()), missed)
	}
	j.m.Session = session
	j.mend()
	if j.m.Settle == nil {
		return
	}
	since, missing, owed := j.m.Settle.Since, 0, 0
	for _, t := range j.m.Agents {
		if t.Missing {
			missing++
		} else if t.Owed {
			owed++
		}
	}
	age, why := j.in.Now.Sub(since), ""
	switch {
	case age >= Resume:
	case missing > 0:
		why = fmt.Sprintf("%d of its agents are expected back", missing)
	case owed > 0:
		why = fmt.Sprintf("%d of its agents may get back the builds that they had", owed)
	case age < Calm:
		why = fmt.Sprintf("pipelines have %s to find their agents", Calm)
	}
	if why == "" {
		j.m.Settle = nil
		for uid, t := range j.m.Agents {
			t.Missing, t.Owed = false, false
			j.m.Agents[uid] = t
		}
		return
	}
	j.out.Settling = fmt.Sprintf("%s: %s", j.m.Settle.Why, why)
	j.out.Until = since.Add(Resume)
}

// missed expects back the agents that were connected, and the builds that they had.
func missed(_ Pod, t *trace) { t.Missing, t.Owed = t.Missing || t.Connected, t.Owed || t.Working }

// begin starts a time in which agents are expected back.
func (j *joining) begin(why string, expect func(Pod, *trace)) {
	j.m.Settle = &settle{Since: j.in.Now, Why: why}
	for _, p := range j.in.Pods {
		if p.Active() {
			t := j.m.Agents[p.UID]
			expect(p, &t)
			j.m.Agents[p.UID] = t
		}
	}
}

// vanished counts the agents that were connected when last looked at and are not now, if they are more than one and most of them.
func (j *joining) vanished() int {
	before, gone := 0, 0
	for _, p := range j.in.Pods {
		if !p.Active() || !j.m.Agents[p.UID].Connected {
			continue
		}
		before++
		if nodes := j.nodes.of[p.UID]; len(nodes) == 0 || !nodes[0].Connected {
			gone++
		}
	}
	if gone < 2 || 2*gone <= before {
		return 0
	}
	return gone
}

// mend notes who is back, and who never will be.
func (j *joining) mend() {
	active := map[string]bool{}
	for _, p := range j.in.Pods {
		active[p.UID] = p.Active()
	}
	for uid, t := range j.m.Agents {
		nodes := j.nodes.of[uid]
		if !active[uid] || len(nodes) > 0 && nodes[0].Connected {
			t.Missing = false
		}
		if !active[uid] || len(nodes) > 0 && Working(*nodes[0]) {
			t.Owed = false
		}
		j.m.Agents[uid] = t
	}
}
