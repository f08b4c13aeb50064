package main

import "testing"

func TestTheDemoStaysWhereSomebodyLooksUnlessItIsSaid(t *testing.T) {
	for _, test := range []struct {
		keep           string
		terminal, want bool
	}{
		{"", true, true},
		{"", false, false},
		{"1", false, true},
		{"0", true, false},
	} {
		if got := stays(test.keep, test.terminal); got != test.want {
			t.Errorf("stays(%q, %v) = %v, want %v", test.keep, test.terminal, got, test.want)
		}
	}
}
