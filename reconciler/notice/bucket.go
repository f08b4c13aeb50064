package notice

import "time"

// bucket holds tokens: at most burst, one more each time that every has passed.
type bucket struct {
	burst int
	every time.Duration
	spent int       // of burst
	at    time.Time // when the first of the spent began to come back
}

// refill takes in the tokens that have come back.
func (b *bucket) refill(now time.Time) {
	if b.spent == 0 || now.Before(b.at) {
		b.at = now
		return
	}
	back := min(int(now.Sub(b.at)/b.every), b.spent)
	b.spent -= back
	b.at = b.at.Add(time.Duration(back) * b.every)
}

func (b *bucket) free(now time.Time) int {
	b.refill(now)
	return b.burst - b.spent
}

func (b *bucket) take(now time.Time, n int) {
	b.refill(now)
	b.spent += n
}

// next returns when there is a token again.
func (b *bucket) next(now time.Time) time.Time {
	if b.free(now) > 0 {
		return now
	}
	return b.at.Add(b.every)
}
