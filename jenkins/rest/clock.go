package rest

import (
	"net/http"
	"time"
)

// slack is by how much a difference in whole seconds may miss the true one.
const slack = 600 * time.Millisecond

// skewOf is the clock of Jenkins minus ours, in whole seconds: Date, which has no finer ones, was written between sending and receiving. What
// was known before is kept as long as it is possible, so that times do not flicker; no difference is preferred to a small one.
func skewOf(date string, sent, received time.Time, known time.Duration) time.Duration {
	written, err := http.ParseTime(date)
	if err != nil {
		return known
	}
	least, most := written.Sub(received), written.Add(time.Second).Sub(sent)
	possible := func(d time.Duration) bool { return least <= d+slack && d-slack <= most }
	switch {
	case possible(known):
		return known
	case possible(0):
		return 0
	}
	return (least/2 + most/2).Round(time.Second)
}
