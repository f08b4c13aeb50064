package rest

import (
	"net/http"
	"time"
)

// skewOf is the clock of Jenkins minus ours, in whole seconds: Date, which has no finer ones, was written between sending and receiving. What
// was known before is kept as long as it is possible, so that times do not flicker; no difference is preferred to a small one.
func skewOf(date string, sent, received time.Time, known time.Duration) time.Duration {
	written, err := http.ParseTime(date)
	if err != nil {
		return known
	}
	least, most := written.Sub(received), written.Add(time.Second).Sub(sent)
	switch {
	case least <= known && known <= most:
		return known
	case least <= 0 && 0 <= most:
		return 0
	}
	return (least/2 + most/2).Round(time.Second)
}
