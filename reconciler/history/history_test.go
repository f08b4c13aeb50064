package history

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"majordomo.dev/reconciler/window"
)

var t0 = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)

const key = "gke/jenkins/linux"

func (h *History) one(at time.Time, s Sample) { h.Add(at, map[string]Sample{key: s}) }

func TestSamplesAreKeptAsTheyWere(t *testing.T) {
	h := New()
	for i := range 4 {
		h.one(t0.Add(time.Duration(i)*Look+time.Second), Sample{Queued: i, Oldest: 10 * i, Busy: 3, Idle: 1, Starting: 2, Draining: 1, Offline: 1, Desired: 7, Min: 1, Max: 20})
	}
	got := h.Series(key, t0, t0.Add(time.Minute), 0)
	at := t0.Unix()
	want := window.Series{
		Pool: key, Step: Look, At: []int64{at, at + 10, at + 20, at + 30},
		Queued: []int{0, 1, 2, 3}, Oldest: []int{0, 10, 20, 30}, Busy: []int{3, 3, 3, 3}, Idle: []int{1, 1, 1, 1}, Starting: []int{2, 2, 2, 2},
		Draining: []int{1, 1, 1, 1}, Offline: []int{1, 1, 1, 1}, Desired: []int{7, 7, 7, 7}, Min: []int{1, 1, 1, 1}, Max: []int{20, 20, 20, 20},
		Cost: window.Cost{Hours: 8. * 40 / 3600, Busy: 3. * 40 / 3600, Idle: 1. * 40 / 3600, Fixed: 7. * 40 / 3600},
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(near)); diff != "" {
		t.Errorf("series (-want +got):\n%s", diff)
	}
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-9*max(1, math.Abs(a)) }

func TestLongerStepsHaveTheLargestAndTheMean(t *testing.T) {
	h := New()
	for i := range 6 {
		h.one(t0.Add(time.Duration(i)*Look), Sample{Queued: i % 4, Oldest: 7 * i, Busy: i, Idle: 1, Desired: 9 - i, Max: 10})
	}
	s := h.Series(key, t0, t0.Add(time.Hour), time.Minute)
	if len(s.At) != 1 || s.Queued[0] != 3 || s.Oldest[0] != 35 || s.Desired[0] != 9 || s.Busy[0] != 3 || s.Idle[0] != 1 || s.Max[0] != 10 {
		t.Errorf("one minute of samples is %+v", s)
	}
}

func TestAGapStaysAGap(t *testing.T) {
	h := New()
	h.one(t0, Sample{Busy: 1})
	h.one(t0.Add(time.Hour), Sample{Busy: 1})
	if s := h.Series(key, t0, t0.Add(2*time.Hour), time.Minute); len(s.At) != 2 || !near(s.Cost.Hours, 20./3600) {
		t.Errorf("two looks an hour apart are %+v", s)
	}
}

func TestASecondLookAtTheSameTimeDoesNotCount(t *testing.T) {
	h := New()
	h.one(t0, Sample{Busy: 1})
	h.one(t0.Add(9*time.Second), Sample{Busy: 5})
	h.one(t0.Add(Look), Sample{Busy: 1})
	h.one(t0.Add(5*time.Second), Sample{Busy: 5})
	if s := h.Series(key, t0, t0.Add(time.Hour), 0); !cmp.Equal(s.Busy, []int{1, 1}) {
		t.Errorf("busy %v, want [1 1]", s.Busy)
	}
}

func TestAClockSetBackTakesWhatHasNotBeenYet(t *testing.T) {
	h := New()
	for i := range 2000 {
		h.one(t0.Add(time.Duration(i)*Look), Sample{Busy: 1})
	}
	back := t0.Add(time.Hour)
	h.one(back, Sample{Busy: 2})
	s := h.Series(key, t0, t0.Add(5*time.Hour), 0)
	if n := len(s.At); n != 361 || s.At[n-1] != back.Unix() || s.Busy[n-1] != 2 || s.Busy[n-2] != 1 {
		t.Errorf("%d points are left, the last at %d, want 361 to %d", n, s.At[n-1], back.Unix())
	}
	if s := h.Series(key, t0, t0.Add(100*time.Hour), time.Minute); !near(s.Cost.Busy, (360+2)*10./3600) {
		t.Errorf("an hour and a look cost %v", s.Cost)
	}
}

func TestAPoolThatLeftIsForgottenAfterItsTime(t *testing.T) {
	h := New()
	h.one(t0, Sample{Busy: 1})
	other := map[string]Sample{"gke/jenkins/windows": {}}
	looks := int(MaxAway / Look)
	for i := range looks {
		h.Add(t0.Add(time.Duration(i+1)*Look), other)
	}
	if s := h.Series(key, t0, t0.Add(time.Minute), 0); len(s.At) != 1 {
		t.Errorf("before its time it has %d points", len(s.At))
	}
	h.Add(t0.Add(time.Duration(looks+1)*Look), other)
	if got := h.Pools(); !cmp.Equal(got, []string{"gke/jenkins/windows"}) {
		t.Errorf("after its time there are %v", got)
	}
}

func TestThePoolThatLeftFirstMakesRoom(t *testing.T) {
	h := New()
	pools := map[string]Sample{}
	for i := range MaxPools {
		pools[fmt.Sprintf("e/n/%03d", i)] = Sample{}
	}
	h.Add(t0, pools)
	pools["e/n/new"] = Sample{}
	if n := h.Add(t0.Add(Look), pools); n != 1 || len(h.Pools()) != MaxPools {
		t.Errorf("%d pools refused, %d kept, want 1 and %d", n, len(h.Pools()), MaxPools)
	}
	delete(pools, "e/n/007")
	delete(pools, "e/n/new")
	h.Add(t0.Add(2*Look), pools)
	delete(pools, "e/n/003")
	h.Add(t0.Add(3*Look), pools)
	pools["e/n/new"] = Sample{}
	if n := h.Add(t0.Add(4*Look), pools); n != 0 {
		t.Errorf("%d pools refused, want the one that left first to make room", n)
	}
	if s := h.Series("e/n/007", t0, t0.Add(time.Hour), 0); len(s.At) > 0 || len(h.Series("e/n/003", t0, t0.Add(time.Hour), 0).At) == 0 {
		t.Errorf("another one than the first that left made room")
	}
}

// walk is what a pool does that is busy by day and idle by night, with a new number in every look.
type walk struct {
	r    *rand.Rand
	busy int
}

func (w *walk) next(at time.Time) Sample {
	if h := at.Hour(); h < 7 || h > 20 {
		return Sample{Idle: 2, Desired: 2, Min: 2, Max: 50}
	}
	w.busy = min(max(w.busy+w.r.IntN(7)-3, 0), 45)
	s := Sample{Busy: w.busy, Idle: w.r.IntN(4), Starting: w.r.IntN(3), Draining: w.r.IntN(2), Min: 5, Max: 50, Queued: w.r.IntN(12)}
	s.Desired = s.Busy + s.Idle + s.Starting
	if s.Queued > 0 {
		s.Oldest = w.r.IntN(300)
	}
	return s
}

// A hundred pools that change with every look of the day take less than 20 MB over the 7 days of a minute each, and over the 90 days after.
func TestAHundredPoolsFitIntoTheMemoryTheyMayTake(t *testing.T) {
	h := New()
	w := &walk{r: rand.New(rand.NewPCG(1, 2))} //nolint:gosec // chance for a test
	one := &track{}
	at := t0
	for range 7 * 24 * 360 {
		one.add(at, w.next(at))
		at = at.Add(Look)
	}
	week := 0
	for i := range one.levels {
		week += one.levels[i].size()
	}
	if 100*week > 14_000_000 {
		t.Errorf("a pool takes %d bytes after a week", week)
	}
	for i := range 100 {
		h.tracks[fmt.Sprint(i)] = &track{levels: one.clone()}
	}
	for range 83 * 24 * 60 { // a look a minute is enough for the third level
		one.add(at, w.next(at))
		at = at.Add(time.Minute)
	}
	for i := range 100 {
		h.tracks[fmt.Sprint(i)] = &track{levels: one.clone()}
	}
	h.Add(at, nil)
	if n := h.Size(); n > MaxBytes {
		t.Errorf("a hundred pools take %d bytes after 90 days, want at most %d", n, MaxBytes)
	}
	if s := h.Series("1", at.Add(-80*24*time.Hour), at, 0); len(s.At) < 1500 {
		t.Errorf("of 80 days there are %d points", len(s.At))
	}
}

func (t *track) clone() (out [len(scales)]level) {
	for i := range t.levels {
		out[i] = t.levels[i].clone()
	}
	return out
}

func TestTheOldestGoesFirstWhereMemoryEnds(t *testing.T) {
	h := New()
	w := &walk{r: rand.New(rand.NewPCG(1, 2))} //nolint:gosec // chance for a test
	for i := range 20_000 {
		h.one(t0.Add(time.Duration(i)*Look), w.next(t0.Add(12*time.Hour)))
	}
	end := t0.Add(20_000 * Look)
	h.shrink(h.Size() * 2 / 3)
	old, new := h.Series(key, t0, t0.Add(time.Hour), 0), h.Series(key, end.Add(-time.Hour), end, 0)
	if len(new.At) != 360 || len(old.At) > 10 {
		t.Errorf("%d points of the first hour are left, and %d of the last, want some ten-minute ones and 360", len(old.At), len(new.At))
	}
	h.shrink(0)
	if s := h.Series(key, end.Add(-time.Minute), end, 0); len(s.At) == 0 {
		t.Errorf("what is not packed yet has gone")
	}
}

func TestALongTimeHasLongSteps(t *testing.T) {
	h := New()
	for i := range 30 * 24 * 6 {
		h.one(t0.Add(time.Duration(i)*10*time.Minute), Sample{Busy: 1})
	}
	end := t0.Add(30 * 24 * time.Hour)
	for _, c := range []struct {
		from       time.Time
		step, want time.Duration
	}{
		{end.Add(-time.Hour), 0, Look},
		{end.Add(-time.Hour), 15 * time.Second, 20 * time.Second},
		{end.Add(-24 * time.Hour), 0, 50 * time.Second},
		{t0, 0, 22 * time.Minute},
		{t0, time.Hour, time.Hour},
		{time.Unix(0, 0), time.Hour, 240 * time.Hour},
	} {
		s := h.Series(key, c.from, end, c.step)
		if s.Step < c.want && c.step > 0 || len(s.At) > MaxPoints || len(s.At) == 0 {
			t.Errorf("from %v with step %v: step %v with %d points, want at least %v", c.from, c.step, s.Step, len(s.At), c.want)
		}
	}
}

// samples draws looks at a pool: some in a row, some after a gap, some the same as before.
func samples(t *rapid.T, most int) []look {
	at := t0
	var out []look
	var s Sample
	n := rapid.IntRange(1, most).Draw(t, "samples")
	for range n {
		at = at.Add(time.Duration(rapid.SampledFrom([]int{1, 1, 1, 1, 1, 2, 7, 400}).Draw(t, "gap")) * Look)
		if rapid.Bool().Draw(t, "other") {
			number := rapid.SampledFrom([]int{0, 1, 2, 3, 50, 400, math.MaxInt64, -1})
			s = Sample{
				number.Draw(t, "queued"), number.Draw(t, "oldest"), number.Draw(t, "busy"), number.Draw(t, "idle"), number.Draw(t, "starting"),
				number.Draw(t, "draining"), number.Draw(t, "offline"), number.Draw(t, "desired"), number.Draw(t, "min"), number.Draw(t, "max"),
			}
		}
		out = append(out, look{at, s})
	}
	return out
}

type look struct {
	at time.Time
	s  Sample
}

// What agents cost does not depend on the step in which one looks, and the largest of an hour is the largest of its minutes.
func TestStepsAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := New()
		looks := samples(t, 300)
		var want, queue, top int64
		for _, l := range looks {
			h.one(l.at, l.s)
			want += int64(min(max(l.s.Busy, 0), maxValue))
			queue = max(queue, int64(min(max(l.s.Queued, 0), maxValue)))
			top = max(top, int64(min(max(l.s.Desired, 0), maxValue)))
		}
		end := looks[len(looks)-1].at.Add(Look)
		for _, step := range []time.Duration{0, time.Minute, 7 * time.Minute, time.Hour, 24 * time.Hour} {
			s := h.Series(key, t0, end, step)
			longest := 0
			for _, n := range s.Queued {
				longest = max(longest, n)
			}
			if !near(s.Cost.Busy, float64(want)/360) || int64(longest) != queue {
				t.Errorf("step %v: busy %v h, want %v; longest queue %d, want %d", step, s.Cost.Busy, float64(want)/360, longest, queue)
			}
			if fixed := float64(top) * float64(len(looks)) / 360; !near(s.Cost.Fixed, fixed) {
				t.Errorf("step %v: a fixed fleet of %d takes %v h, want %v", step, top, s.Cost.Fixed, fixed)
			}
			if len(s.At) > MaxPoints {
				t.Errorf("step %v: %d points", step, len(s.At))
			}
			half := time.Unix(t0.Unix()+(end.Unix()-t0.Unix())/2/int64(s.Step/time.Second)*int64(s.Step/time.Second), 0)
			if a, b := h.Series(key, t0, half, s.Step), h.Series(key, half, end, s.Step); half.Unix()%int64(s.Step/time.Second) == 0 && !near(a.Cost.Hours+b.Cost.Hours, s.Cost.Hours) {
				t.Errorf("step %v: halves cost %v and %v, the whole %v", s.Step, a.Cost, b.Cost, s.Cost)
			}
		}
	})
}

func TestAHistoryIsReadAsItWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := New()
		for i := range rapid.IntRange(0, 3).Draw(t, "pools") {
			for _, l := range samples(t, 300) {
				h.Add(l.at, map[string]Sample{fmt.Sprint("pool", i): l.s})
			}
		}
		var b bytes.Buffer
		if err := h.Encode(&b); err != nil {
			t.Fatal(err)
		}
		again, err := Decode(b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		for _, pool := range append(h.Pools(), key) {
			for _, step := range []time.Duration{0, time.Minute, time.Hour} {
				from, to := t0, t0.Add(400*time.Hour)
				if diff := cmp.Diff(h.Series(pool, from, to, step), again.Series(pool, from, to, step)); diff != "" {
					t.Errorf("%s (-before +after):\n%s", pool, diff)
				}
			}
		}
		var c bytes.Buffer
		if err := again.Encode(&c); err != nil || !bytes.Equal(b.Bytes(), c.Bytes()) {
			t.Errorf("written again it is another: %v", err)
		}
	})
}

func TestACloneStaysAsItWas(t *testing.T) {
	h := New()
	for i := range 500 {
		h.one(t0.Add(time.Duration(i)*Look), Sample{Busy: i})
	}
	c := h.Clone()
	want := c.Series(key, t0, t0.Add(100*time.Hour), 0)
	h.one(t0.Add(time.Minute), Sample{Busy: 9999})
	for i := range 500 {
		h.one(t0.Add(time.Duration(i)*Look), Sample{Busy: 7})
	}
	if diff := cmp.Diff(want, c.Series(key, t0, t0.Add(100*time.Hour), 0)); diff != "" {
		t.Errorf("the clone changed with the original:\n%s", diff)
	}
}

func FuzzDecode(f *testing.F) {
	h := New()
	for i := range 300 {
		h.one(t0.Add(time.Duration(i)*Look), Sample{Busy: i / 7, Queued: i % 3})
	}
	var b bytes.Buffer
	if err := h.Encode(&b); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte{0})
	f.Add([]byte{1, 1, 'a', 0, 0, 1, 0, 0, 1, 2, 0, 200})
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := Decode(data)
		if err != nil {
			return
		}
		h.Add(t0, map[string]Sample{key: {Busy: 1}})
		h.Series(key, t0.Add(-time.Hour), t0.Add(time.Hour), 0)
		var b bytes.Buffer
		if err := h.Encode(&b); err != nil {
			t.Fatal(err)
		}
		if _, err := Decode(b.Bytes()); err != nil {
			t.Errorf("what was read cannot be written and read again: %v", err)
		}
	})
}
