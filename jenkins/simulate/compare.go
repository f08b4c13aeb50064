package simulate

import (
	"majordomo.dev/jenkins/simulate/engine"
	"majordomo.dev/jenkins/simulate/peer"
	"majordomo.dev/jenkins/simulate/trace"
)

// Peers runs the policies of others.
func Peers(t *trace.Trace, b *Bound, o Options, executors int) ([]Row, error) {
	var rows []Row
	for _, one := range peer.All(t.Demand(), executors) {
		world := func(e *engine.Options) {
			e.Executors, e.Drain, e.Part = executors, 0, 0
			one.World(e)
		}
		row, err := run(t, b, o, policy{name: one.Name, adapt: world, make: one.New})
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}
