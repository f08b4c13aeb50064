package random

import (
	"math"
	"testing"
)

func TestNumbersAreThoseOfSplitMix64(t *testing.T) {
	r := New(1234567)
	for i, want := range []uint64{6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821} {
		if got := r.Uint64(); got != want {
			t.Errorf("number %d is %d, want %d", i, got, want)
		}
	}
}

func TestDistributionsHaveTheirMeansAndBounds(t *testing.T) {
	const n = 200_000
	r := New(1)
	var uniform, normal, squares, exponential float64
	sides := map[int]int{}
	for range n {
		u := r.Float64()
		if u <= 0 || u >= 1 {
			t.Fatalf("Float64() = %g", u)
		}
		z := r.Normal()
		uniform, normal, squares, exponential = uniform+u, normal+z, squares+z*z, exponential+r.Exp()
		sides[r.Below(6)]++
	}
	for name, got := range map[string][2]float64{
		"uniform": {uniform / n, 0.5}, "normal": {normal / n, 0}, "variance": {squares / n, 1}, "exponential": {exponential / n, 1},
	} {
		if math.Abs(got[0]-got[1]) > 0.01 {
			t.Errorf("%s: mean %g, want %g", name, got[0], got[1])
		}
	}
	for side := range 6 {
		if math.Abs(float64(sides[side])/n-1.0/6) > 0.005 {
			t.Errorf("%d of %d are %d", sides[side], n, side)
		}
	}
}
