package scale

// The course of demand is cut into short parts. Each part that is old enough is a sample of how fast demand rises from there.
const (
	parts   = 12 // of a mean start-up time
	horizon = 25 // parts that a sample looks ahead: a little more than two start-up times
	// fill is how many parts without a look are learned from at most.
	fill = 2400
)

// bin is a part of the course of demand.
type bin struct {
	base, peak int32    // demand at its beginning, and at most
	in         contexts // of its beginning, without what came then
}

// none tells whether it is no part at all.
func (b bin) none() bool { return b.in == contexts{} }

// width is how long a part is.
func (s *State) width() clock { return max(clock(1000*s.starts.seconds()/parts), 1000) }

// begin returns a part that begins with so much demand, in the contexts of the state.
func (s *State) begin(demand int, at clock) bin {
	return bin{base: int32(demand), peak: int32(demand), in: s.context(s.moment(at))}
}

// roll closes the part that is over, and those without a look since the old state was made, and learns from those that are old enough.
func (s *State) roll(old *State, demand int) {
	width := s.width()
	n := int((s.at - s.opened) / width)
	if n == 0 || s.open.none() {
		return
	}
	bins := append(make([]bin, 0, len(s.closed)+min(n, fill)+1), s.closed...)
	bins = append(bins, s.open)
	for i := max(1, n-fill); i < n; i++ {
		bins = append(bins, old.begin(old.demand, s.opened+clock(i)*width))
	}
	e := editor{table: s.samples}
	for ; len(bins) >= horizon; bins = bins[1:] {
		e.learn(bins[:horizon], float64(width)/1000)
	}
	s.closed, s.samples = bins, e.table
	s.open, s.opened = old.begin(demand, s.at), s.at
}

// rises are the numbers of levels by which a rise is measured.
var rises = [...]int{1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128}

// cell is what followed on the moments of a context: how many rose how far, and how fast. Each counts the less the more came after it.
type cell struct {
	used    int32               // when it last learned, in samples of the pool
	moments float32             // that it has learned from
	rose    [len(rises)]float32 // of them, by so many levels within the horizon
	took    [len(rises)]float32 // seconds, all together
}

const (
	aging = 0.9995 // what a moment counts after another
	cells = 128    // contexts that are remembered
)

// table is the cells by context, and the cell of all moments. What it points to never changes.
type table struct {
	rows [views * sizes]*row
	all  *cell
	n    int // cells, without that of all
	used int32
}

type row [courses]*cell

// at returns the cell of a context, nil if nothing is known of it.
func (t *table) at(i uint16) *cell {
	if r := t.rows[i/courses]; r != nil {
		return r[i%courses]
	}
	return nil
}

// editor changes a table: it copies what it changes, once.
type editor struct {
	table
	rowsOwned  [views * sizes]bool
	cellsOwned [views * sizes * courses]bool
	allOwned   bool
}

// learn adds the first of the bins, with what followed in all of them.
func (e *editor) learn(bins []bin, width float64) {
	e.used++
	if !e.allOwned {
		e.all, e.allOwned = e.all.copied(), true
	}
	var touched [views + 1]*cell
	for i, in := range bins[0].in {
		touched[i] = e.own(in)
	}
	touched[views] = e.all
	for _, c := range touched {
		c.fade(e.used)
	}
	g, peak := 0, bins[0].base
	for i, b := range bins {
		peak = max(peak, b.peak)
		for ; g < len(rises) && int(peak-bins[0].base) >= rises[g]; g++ {
			for _, c := range touched {
				c.rose[g]++
				c.took[g] += float32((float64(i) + 0.5) * width)
			}
		}
	}
}

// fade makes room for another moment.
func (c *cell) fade(used int32) {
	c.used = used
	c.moments = c.moments*aging + 1
	for i := range c.rose {
		c.rose[i] *= aging
		c.took[i] *= aging
	}
}

func (c *cell) copied() *cell {
	if c == nil {
		return &cell{}
	}
	x := *c
	return &x
}

// own returns the cell of a context to change it.
func (e *editor) own(i uint16) *cell {
	r := i / courses
	if !e.rowsOwned[r] {
		var x row
		if e.rows[r] != nil {
			x = *e.rows[r]
		}
		e.rows[r], e.rowsOwned[r] = &x, true
	}
	c := &e.rows[r][i%courses]
	if !e.cellsOwned[i] {
		if *c == nil {
			e.room()
			e.n++
		}
		*c, e.cellsOwned[i] = (*c).copied(), true
	}
	return *c
}

// room forgets the context that has not been met for the longest time, if there are too many.
func (e *editor) room() {
	if e.n < cells {
		return
	}
	oldest := -1
	for i := range views * sizes * courses {
		if c := e.at(uint16(i)); c != nil && (oldest < 0 || c.used < e.at(uint16(oldest)).used) {
			oldest = i
		}
	}
	r := oldest / courses
	if !e.rowsOwned[r] {
		x := *e.rows[r]
		e.rows[r], e.rowsOwned[r] = &x, true
	}
	e.rows[r][oldest%courses], e.cellsOwned[oldest] = nil, false
	e.n--
}
