package jenkinstest

import (
	"slices"
	"time"
)

// LostBuild is a build that died because its agent went.
type LostBuild struct {
	Job      string    `json:"job"`
	Number   int       `json:"number"`
	Pipeline bool      `json:"pipeline,omitempty"`
	Node     string    `json:"node"`
	Pod      string    `json:"pod,omitempty"` // namespace/name; "" for a node that was added by hand
	PodUID   string    `json:"podUID,omitempty"`
	Started  time.Time `json:"started"`
	At       time.Time `json:"at"`
	Why      string    `json:"why"`
	Excused  bool      `json:"excused,omitempty"` // Jenkins itself crashed, or the test killed the agent on purpose
}

// Wait is how long a build, or a node step of a pipeline, has waited.
type Wait struct {
	Job       string    `json:"job"`
	Number    int       `json:"number"`
	Node      string    `json:"node"`
	Queued    time.Time `json:"queued"`
	Buildable time.Time `json:"buildable"` // when only an executor was missing
	Started   time.Time `json:"started"`
}

// Stats count what has happened since the start. A pipeline is one build.
type Stats struct {
	Queued   int           `json:"queued"` // builds that were asked for
	Started  int           `json:"started"`
	Finished int           `json:"finished"` // lost ones too
	Lost     int           `json:"lost"`     // not excused
	Excused  int           `json:"excused"`
	Waiting  int           `json:"waiting"` // items in the queue now
	Running  int           `json:"running"` // builds now
	Nodes    int           `json:"nodes"`   // without the built-in one
	Online   int           `json:"online"`
	Busy     int           `json:"busy"`     // executors
	MeanWait time.Duration `json:"meanWait"` // from buildable to started
	MaxWait  time.Duration `json:"maxWait"`
}

// Lost are the builds that died with their agent, without those that are excused.
func (j *Jenkins) Lost() []LostBuild { return j.losses(false) }

// ExcusedLosses are the builds that died with Jenkins itself, or with an agent that was killed on purpose.
func (j *Jenkins) ExcusedLosses() []LostBuild { return j.losses(true) }

func (j *Jenkins) losses(excused bool) (all []LostBuild) {
	j.look(func(w *world) {
		for _, l := range w.lost {
			if l.Excused == excused {
				all = append(all, l)
			}
		}
	})
	return all
}

// Excuse tells that an agent, named by namespace/pod, pod or node, is killed on purpose: the builds that it loses from now on are not in Lost.
func (j *Jenkins) Excuse(agents ...string) {
	j.do(func(w *world) {
		for _, a := range agents {
			w.excused[a] = true
		}
	})
}

// Waits are the builds and node steps that have begun, in that order.
func (j *Jenkins) Waits() (all []Wait) {
	j.look(func(w *world) { all = slices.Clone(w.waits) })
	return all
}

// Stats counts.
func (j *Jenkins) Stats() (s Stats) {
	j.look(func(w *world) { s = w.stats() })
	return s
}

func (w *world) stats() Stats {
	s := Stats{Queued: w.queued, Started: w.started, Finished: w.finished, Waiting: len(w.queue)}
	for _, l := range w.lost {
		if l.Excused {
			s.Excused++
		} else {
			s.Lost++
		}
	}
	s.Running = s.Started - s.Finished
	for _, n := range w.members() {
		s.Nodes++
		s.Busy += n.busy()
		if n.online() {
			s.Online++
		}
	}
	var sum time.Duration
	for _, wait := range w.waits {
		d := wait.Started.Sub(wait.Buildable)
		sum += d
		s.MaxWait = max(s.MaxWait, d)
	}
	if len(w.waits) > 0 {
		s.MeanWait = sum / time.Duration(len(w.waits))
	}
	return s
}

// podRef is the pod that an agent runs in.
type podRef struct{ namespace, name, uid string }

func (p *podRef) String() string {
	if p == nil {
		return ""
	}
	return p.namespace + "/" + p.name
}

func podOf(n *node) *podRef {
	if n.agent == nil {
		return nil
	}
	return n.agent.pod
}

// lose writes down that a build dies with its node.
func (w *world) lose(n *node, r *run, s *step, why string) { w.loseOn(podOf(n), n.Name, r, s, why) }

func (w *world) loseOn(pod *podRef, name string, r *run, s *step, why string) {
	l := LostBuild{Job: r.job.Name, Number: r.number, Pipeline: s != nil, Node: name, Pod: pod.String(), Started: r.started, At: w.now, Why: why}
	l.Excused = w.excused[name]
	if s != nil {
		l.Started = s.started
	}
	if pod != nil {
		l.PodUID = pod.uid
		l.Excused = l.Excused || w.excused[pod.String()] || w.excused[pod.name]
	}
	w.lost = append(w.lost, l)
}

// loseExcused writes down that a build dies with Jenkins itself.
func (w *world) loseExcused(r *run, why string) {
	w.lose(r.exec.node, r, nil, why)
	w.lost[len(w.lost)-1].Excused = true
}
