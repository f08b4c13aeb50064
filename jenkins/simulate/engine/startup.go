package engine

import (
	"fmt"
	"math"
	"time"

	"majordomo.dev/jenkins/simulate/random"
)

// Startup is how long agents take from the wish to the first build: log-normal.
type Startup struct {
	Median, P95 time.Duration
	// Shared is the part of the variation that all agents have in common which start in the same minute, 0 to 1: they wait for the same new
	// machine, or the same registry. The distribution as a whole is the same.
	Shared float64
}

// z95 is the 95th percentile of the standard normal distribution.
const z95 = 1.6448536269514722

// Validate says what is wrong.
func (s Startup) Validate() error {
	if s.Median <= 0 || s.P95 < s.Median || s.P95 > 24*time.Hour {
		return fmt.Errorf("start-up time with median %s and p95 %s; the median has to be positive, the p95 not below it and at most 24h", s.Median, s.P95)
	}
	if !(s.Shared >= 0 && s.Shared <= 1) {
		return fmt.Errorf("start-up times share %g of their variation; allowed are 0 to 1", s.Shared)
	}
	return nil
}

func (s Startup) sigma() float64 { return math.Log(float64(s.P95)/float64(s.Median)) / z95 }

// Mean returns the expected start-up time.
func (s Startup) Mean() time.Duration {
	return time.Duration(float64(s.Median) * math.Exp(s.sigma()*s.sigma()/2))
}

// draw returns the start-up time of an agent that starts at a time, whole milliseconds.
func (s Startup) draw(r *random.Source, seed uint64, at time.Duration) time.Duration {
	z := r.Normal()
	if s.Shared > 0 {
		common := random.New(seed ^ uint64(at/time.Minute)*0xd1b54a32d192ed03).Normal()
		z = math.Sqrt(s.Shared)*common + math.Sqrt(1-s.Shared)*z
	}
	return max(time.Duration(float64(s.Median)*math.Exp(s.sigma()*z)).Round(time.Millisecond), time.Millisecond)
}
