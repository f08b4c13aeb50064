package engine

import (
	"fmt"
	"math"
	"time"
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

// Random is a sequence of numbers that its seed determines, on every machine and in every version: SplitMix64 by Sebastiano Vigna.
type Random struct{ state uint64 }

// NewRandom returns the sequence of a seed.
func NewRandom(seed uint64) *Random { return &Random{state: seed} }

// Uint64 returns the next number.
func (r *Random) Uint64() uint64 {
	r.state += 0x9e3779b97f4a7c15
	z := r.state
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb
	return z ^ (z >> 31)
}

// Float64 returns a number in (0, 1).
func (r *Random) Float64() float64 { return (float64(r.Uint64()>>11) + 0.5) / (1 << 53) }

// Below returns a number in [0, n).
func (r *Random) Below(n int) int { return int(r.Float64() * float64(n)) }

// Normal returns a number of the standard normal distribution.
func (r *Random) Normal() float64 {
	return math.Sqrt(-2*math.Log(r.Float64())) * math.Cos(2*math.Pi*r.Float64())
}

// Exp returns a number of the exponential distribution with mean 1.
func (r *Random) Exp() float64 { return -math.Log(r.Float64()) }

// startup returns one start-up time, whole milliseconds.
func (r *Random) startup(s Startup) time.Duration {
	return max(time.Duration(float64(s.Median)*math.Exp(s.sigma()*r.Normal())).Round(time.Millisecond), time.Millisecond)
}
