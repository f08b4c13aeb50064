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
}

// z95 is the 95th percentile of the standard normal distribution.
const z95 = 1.6448536269514722

func (s Startup) validate() error {
	if s.Median <= 0 || s.P95 < s.Median || s.P95 > 24*time.Hour {
		return fmt.Errorf("start-up time with median %s and p95 %s; the median has to be positive, the p95 not below it and at most 24h", s.Median, s.P95)
	}
	return nil
}

func (s Startup) sigma() float64 { return math.Log(float64(s.P95)/float64(s.Median)) / z95 }

// Mean returns the expected start-up time.
func (s Startup) Mean() time.Duration {
	return time.Duration(float64(s.Median) * math.Exp(s.sigma()*s.sigma()/2))
}

// draw returns one start-up time, whole milliseconds.
func (s Startup) draw(r *random.Source) time.Duration {
	return max(time.Duration(float64(s.Median)*math.Exp(s.sigma()*r.Normal())).Round(time.Millisecond), time.Millisecond)
}
