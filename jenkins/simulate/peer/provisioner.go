package peer

import (
	"math"
	"time"

	"majordomo.dev/jenkins/simulate/engine"
)

// provisioner is hudson.slaves.NodeProvisioner with its standard strategy, and a retention of 10 minutes, looked at every minute.
type provisioner struct {
	queue, available, planned float64 // moving averages
	checked                   time.Duration
}

// Its constants, as Jenkins names them.
const (
	clock       = 10 * time.Second
	decay       = 0.9
	margin      = 0.1
	margin0     = 0.5
	marginDecay = 0.5
	retention   = 10 * time.Minute
	retentionBy = time.Minute
)

// Jenkins is the name of what Jenkins does by itself.
const Jenkins = "Jenkins NodeProvisioner, idle 10 min"

func nodeProvisioner() Peer {
	return Peer{
		Name: Jenkins, Rule: "moving averages of queue and free executors every 10 s; an agent stops after 10 min without a build",
		World: func(o *engine.Options) { o.Poll, o.Events, o.Spread = clock, false, true }, New: func() engine.Policy { return &provisioner{} },
	}
}

// Decide updates the averages, and starts what they say is missing.
func (n *provisioner) Decide(p *engine.Pool) time.Duration {
	per := float64(p.Executors())
	online := float64(p.Idle()+p.Busy()) * per
	free := online - float64(p.Running())
	planned := float64(p.Starting()) * per
	n.queue = n.queue*decay + float64(p.Queued())*(1-decay)
	n.available = n.available*decay + free*(1-decay)
	n.planned = n.planned*decay + planned*(1-decay)

	none := online+planned == 0 && p.Queued() > 0
	if math.Max(free, n.available) < margin || none {
		excess := math.Min(n.queue, float64(p.Queued())) - math.Max(n.planned, planned)
		if none {
			excess = math.Max(excess, 1)
		}
		m := math.Min(margin+(margin0-margin)*math.Pow(marginDecay, online), 1)
		if excess > 1-m {
			p.Start(int(math.Ceil(math.Floor(excess+m) / per)))
		}
	}
	if p.Now()-n.checked >= retentionBy {
		n.checked = p.Now()
		p.StopSince(p.Now()-retention, p.Supply()-p.Min())
	}
	return p.Now()
}
