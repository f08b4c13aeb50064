package scale

import (
	"testing"
	"time"
)

// BenchmarkDecide is a decision of a pool that has seen a day of builds: one comes or ends each time.
func BenchmarkDecide(b *testing.B) {
	for _, one := range []struct {
		name     string
		priority float64
	}{{"balanced", 10}, {"speed", 50}} {
		b.Run(one.name, func(b *testing.B) {
			c := newCourse(one.priority)
			at := func(i int) int { return 40 + i%17 + i%23*i%5 }
			for i := range 20_000 {
				c.look(at(i), nil)
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				c.look(at(i), nil)
			}
		})
	}
}

// BenchmarkLargePool is the bar of a decision: 10,000 builds wait, 1,000 agents.
func BenchmarkLargePool(b *testing.B) {
	c := newCourse(10)
	c.stay(900, time.Hour)
	b.ReportAllocs()
	for b.Loop() {
		c.look(900, func(in *Input) {
			in.Queued, in.Oldest, in.Starting, in.Max = 10_000, in.Now.Add(-time.Minute), ages(100), 2000
		})
	}
}
