package peer

import (
	"time"

	"majordomo.dev/jenkins/simulate/engine"
)

const (
	kedaPeriod    = 30 * time.Second
	stabilisation = 300 * time.Second
)

// hpa is the horizontal pod autoscaler on a metric from KEDA, with the limits of its default behaviour.
type hpa struct {
	kills   bool
	advised []advice // of the stabilisation window, oldest first
}

type advice struct {
	at time.Duration
	n  int
}

func keda(name string, kills bool) Peer {
	rule := "queued + running builds every 30 s, up by a factor of 2 or by 4 each 15 s; down to the largest number of the last 300 s; any agent may be chosen to end"
	if kills {
		rule += ", and its builds are lost"
	} else {
		rule += ", and finishes its builds before"
	}
	return Peer{Name: name, Rule: rule, World: every(kedaPeriod), New: func() engine.Policy { return &hpa{kills: kills} }}
}

// Decide follows the metric up, and down by the highest advice of the window.
func (h *hpa) Decide(p *engine.Pool) time.Duration {
	want := demand(p)
	h.advised = append(h.advised, advice{p.Now(), want})
	for h.advised[0].at < p.Now()-stabilisation {
		h.advised = h.advised[1:]
	}
	const factor, step = 4, 8 // two times 15 s
	p.Start(min(want, max(factor*p.Supply(), p.Supply()+step)) - p.Supply())
	for _, a := range h.advised {
		want = max(want, a.n)
	}
	if over := p.Supply() - want; over > 0 {
		over -= p.Cancel(over) // pods that are not ready go first
		if h.kills {
			p.Kill(over)
		} else {
			p.Retire(over)
		}
	}
	return p.Now()
}

// scaledJob is KEDA's ScaledJob with the strategy "accurate": a pod for each build that waits, less the pods that do not run yet. A pod that
// runs is not pending though its agent has yet to connect, so some are too many; they end when nothing comes.
func scaledJob() Peer {
	const (
		pending = 0.5 // part of the start-up before the container runs
		surplus = 2 * time.Minute
	)
	return Peer{
		Name: "KEDA ScaledJob accurate, 30 s", Rule: "every 30 s a pod for each queued build less the pods that are pending; a pod has one build, or ends after 2 min without",
		World: func(o *engine.Options) { o.Poll, o.Events, o.Ephemeral = kedaPeriod, false, true },
		New: stateless(func(p *engine.Pool) time.Duration {
			p.StopSince(p.Now()-surplus, p.Idle())
			p.Start(p.Queued() - p.Pending(pending))
			return p.Now()
		}),
	}
}
