package scale

import (
	"math"
	"strconv"
)

// Levels of demand.
const (
	highest = 1024 // levels above it are not told apart
	own     = 4    // levels up to it have gaps of their own, those above share them
	wider   = 1.35 // the highest of the levels that share gaps, by the lowest
	levels  = 22   // groups of levels
	runs    = 256  // that are remembered
)

// run is a stretch of levels of demand that were left together. The first of a list begins right above the present demand, each other
// above the one before it. Higher levels were left earlier. A list never changes.
type run struct {
	top  int
	left clock
	next *run
	n    int // runs from here
}

// moved returns the list after demand went from one level to another. The gaps learn how long levels had been left, unless there are none.
func (r *run) moved(from, to int, at clock, g *gaps) *run {
	if to < from {
		n := 1
		if r != nil {
			n += r.n
		}
		r = &run{top: from, left: at, next: r, n: n}
		if n > runs+runs/4 {
			r = r.first(runs)
		}
		return r
	}
	for ; from < to && r != nil; r = r.next {
		end := min(to, r.top)
		if g != nil {
			g.add(from+1, end, at.since(r.left))
		}
		from = end
		if r.top > to {
			break
		}
	}
	return r
}

// first returns a list of the first runs.
func (r *run) first(n int) *run {
	if n == 0 || r == nil {
		return nil
	}
	return &run{top: r.top, left: r.left, next: r.next.first(n - 1), n: min(n, r.n)}
}

// gaps is how long demand stayed away from a level, by group of levels. What it points to never changes.
type gaps [levels]*gap

// times are how long an agent may be kept for a level, in seconds.
var times = [...]float64{0, 10, 20, 30, 60, 120, 240, 480, 960, 1920, 3840, 7680}

// gap is the gaps of a group of levels, each counted the less the more came after it.
type gap struct {
	seen  int
	under [len(times)]float32 // seconds, of each gap no more than the time
	over  [len(times)]float32 // gaps longer than the time
}

const (
	known      = 5     // gaps tell how long to wait for the next
	fade       = 0.98  // what a gap counts after another
	fadeShared = 0.995 // the same where levels share their gaps
)

// groupOf has the group of each level, topOf the highest level of each group.
var groupOf, topOf = groups()

func groups() (of [highest + 1]int, top [levels]int) {
	for k := 1; k <= highest; k++ {
		of[k] = k - 1
		if k > own {
			of[k] = own + int(math.Log(float64(k)/(own+1))/math.Log(wider))
		}
		top[of[k]] = k
	}
	return of, top
}

// add learns that demand is back at the levels after so many seconds.
func (g *gaps) add(from, to int, seconds float64) {
	for k := from; k <= to; {
		i := groupOf[k]
		end := min(to, topOf[i])
		g[i] = g[i].with(seconds, end-k+1, i)
		k = end + 1
	}
}

func (g *gap) with(seconds float64, n, group int) *gap {
	one := fade
	if group >= own {
		one = fadeShared
	}
	var x gap
	if g != nil {
		x = *g
	}
	all := math.Pow(one, float64(n))
	weight := (1 - all) / (1 - one)
	for i, t := range times {
		x.under[i] = float32(float64(x.under[i])*all + weight*min(seconds, t))
		x.over[i] = float32(float64(x.over[i]) * all)
		if seconds > t {
			x.over[i] += float32(weight)
		}
	}
	x.seen = min(x.seen+n, known)
	return &x
}

// patient returns how long to keep an agent for a level of the group: as long as it costs the least in the mean over the gaps, when a
// build that comes later costs the price. Until that is known, and never more than twice as long: the price, by which nobody ever pays
// more than twice what the best choice would have cost.
func (g *gap) patient(price float64) float64 {
	if g == nil || g.seen < known {
		return price
	}
	best, least := 0.0, math.Inf(1)
	for i, t := range times {
		if t > 2*price {
			break
		}
		if cost := float64(g.under[i]) + price*float64(g.over[i]); cost < least {
			best, least = t, cost
		}
	}
	return best
}

// regret is the part of its start-up that a build waits for want of an agent that was given up: mostly another falls free, or is spare.
const regret = 0.1

// price is what it costs to give up an agent too early, in seconds of an idle one: its start-up, and the waiting of the build.
func (s *State) price(p *pool) float64 { return s.starts.seconds() * (1 + regret*p.rho) }

// kept is what is kept for levels above demand.
type kept struct {
	levels int
	ends   clock // when the first of them is given up
	level  int   // that one
	left   clock // when demand left it
	back   float64
}

// kept counts the levels above demand that were left so lately that demand is likely to come back in time.
func (s *State) kept(p *pool) kept {
	var k kept
	var patience [levels]float64 // plus 1
	price := s.price(p)
	low := s.demand + 1
	for r := s.levels; r != nil && s.at.since(r.left) < 2*price; r = r.next {
		for low <= r.top {
			group := groupOf[low]
			end := min(r.top, topOf[group])
			if patience[group] == 0 {
				patience[group] = 1 + s.gaps[group].patient(price)
			}
			patient := patience[group] - 1
			if s.at.since(r.left) < patient {
				k.levels += end - low + 1
				if ends := r.left.after(patient); k.ends == 0 || ends <= k.ends {
					k.ends, k.level, k.left, k.back = ends, end, r.left, patient
				}
			}
			low = end + 1
		}
	}
	return k
}

// hold wants those of the agents that are there which demand is likely to come back to.
func hold(s *State, p *pool) (int, string) {
	k := p.kept
	if k.levels == 0 {
		return p.agents(p.demand), "no level of demand was left lately"
	}
	return max(min(p.agents(p.demand+k.levels), p.supply), p.agents(p.demand)), "kept for " + seconds(k.ends.since(s.at)) + " more: level " + strconv.Itoa(k.level) + " of demand was left " +
		seconds(s.at.since(k.left)) + " ago and usually comes back within " + seconds(k.back)
}

func holdEnds(_ *State, p *pool) (clock, string) {
	return p.kept.ends, "level " + strconv.Itoa(p.kept.level) + " of demand has not come back"
}
