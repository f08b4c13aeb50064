// Package random is chance that can be repeated: a seed gives the same numbers on every machine and in every version.
package random

import "math"

// Source is a sequence of numbers that its seed determines, on every machine and in every version: SplitMix64 by Sebastiano Vigna.
type Source struct{ state uint64 }

// New returns the sequence of a seed.
func New(seed uint64) *Source { return &Source{state: seed} }

// Uint64 returns the next number.
func (r *Source) Uint64() uint64 {
	r.state += 0x9e3779b97f4a7c15
	z := r.state
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb
	return z ^ (z >> 31)
}

// Float64 returns a number in (0, 1).
func (r *Source) Float64() float64 { return (float64(r.Uint64()>>11) + 0.5) / (1 << 53) }

// Below returns a number in [0, n).
func (r *Source) Below(n int) int { return int(r.Float64() * float64(n)) }

// Normal returns a number of the standard normal distribution.
func (r *Source) Normal() float64 {
	return math.Sqrt(-2*math.Log(r.Float64())) * math.Cos(2*math.Pi*r.Float64())
}

// Exp returns a number of the exponential distribution with mean 1.
func (r *Source) Exp() float64 { return -math.Log(r.Float64()) }
