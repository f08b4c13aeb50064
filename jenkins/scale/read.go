package scale

import "slices"

// These read the parts of a state. What makes no sense is told to fail.

func (s *State) readStarts(w *wire, fail func(bool, string), past func(clock) clock) {
	if len(w.Starts) == 0 {
		return
	}
	fail(len(w.Starts) > remembered || slices.Min(w.Starts) == 0 || float64(slices.Max(w.Starts)) > longest.Seconds(), "start-up times")
	s.starts = &startups{times: w.Starts}
	if r := w.Races; r != nil {
		fail(len(r.Open) > racesMost || r.Within < 0 || r.N < 0, "starts together")
		s.starts.races = races{within: r.Within, n: r.N}
		for _, x := range r.Open {
			fail(x[0] < 0 || x[1] < 1 || x[3] < 0, "starts together")
			s.starts.races.open = append(s.starts.races.open, race{past(clock(min(x[0], float64(leap)))), x[1], x[2], x[3]})
		}
	}
	s.starts.reckon()
}

func (s *State) readLevels(w *wire, fail func(bool, string), past func(clock) clock) {
	fail(len(w.Levels) > runs+runs/4, "levels")
	above := int64(highest)
	for i, l := range slices.Backward(w.Levels) {
		fail(l[0] > above || l[0] <= int64(w.Demand) || i > 0 && l[1] < w.Levels[i-1][1], "levels")
		above = l[0] - 1
		n := 1
		if s.levels != nil {
			n += s.levels.n
		}
		s.levels = &run{top: int(l[0]), left: past(clock(l[1])), next: s.levels, n: n}
	}
	fail(len(w.Gaps) > levels, "gaps")
	for i, g := range w.Gaps[:min(len(w.Gaps), levels)] {
		if len(g) == 0 {
			continue
		}
		if len(g) != 1+2*len(times) || g[0] > known {
			fail(true, "gaps")
			return
		}
		x := gap{seen: int(g[0])}
		copy(x.under[:], g[1:])
		copy(x.over[:], g[1+len(times):])
		s.gaps[i] = &x
	}
}

func (s *State) readBins(w *wire, fail func(bool, string)) {
	if len(w.Bins) > horizon {
		fail(true, "parts of the course")
		return
	}
	for _, b := range w.Bins {
		if len(b) != 2+views || b[0] < 0 || b[1] < b[0] || b[1] > highest || slices.Min(b[2:]) < 0 || int(slices.Max(b[2:])) >= views*sizes*courses {
			fail(true, "parts of the course")
			return
		}
		x := bin{base: b[0], peak: b[1]}
		for i := range x.in {
			x.in[i] = uint16(b[2+i])
		}
		s.closed = append(s.closed, x)
	}
	s.open, s.closed = s.closed[len(s.closed)-1], s.closed[:len(s.closed)-1]
}

func (s *State) readCells(w *wire, fail func(bool, string)) {
	read := func(of packed, used int32) *cell {
		if len(of)%2 == 0 || len(of) > 1+2*len(rises) || used < 0 || used > w.Used {
			fail(true, "samples")
			return nil
		}
		c := &cell{used: used, moments: of[0]}
		for i, x := range of[1:] {
			if i%2 == 0 {
				c.rose[i/2] = x
			} else {
				c.took[i/2] = x
			}
		}
		return c
	}
	if len(w.All) > 0 {
		s.samples.all = read(w.All, w.Used)
	}
	fail(len(w.Cells) > cells, "samples")
	e := editor{table: s.samples}
	for _, x := range w.Cells {
		if int(x.In) >= views*sizes*courses || e.at(x.In) != nil {
			fail(true, "contexts")
			return
		}
		if c := read(x.Of, x.Used); c != nil {
			*e.own(x.In) = *c
		}
	}
	s.samples = e.table
	s.samples.used = w.Used
}

func (w *wireJobs) read(fail func(bool, string), past func(clock) clock, at clock) *jobs {
	if w == nil {
		return nil
	}
	fail(len(w.Known) > jobsMost || len(w.Ended) > endedMost || len(w.Expected) > awaitMost, "jobs")
	j := &jobs{}
	for _, k := range w.Known {
		x := job{name: k.Name, rate: k.Rate, rated: past(k.Rated), ends: k.Ends}
		fail(k.Rate < 0 || k.Ends < 0 || len(k.Name) > nameMost || len(k.Links) > linksMost, "jobs")
		for _, l := range k.Links {
			fail(l.Count < 0 || l.Delay < 0 || len(l.Name) > nameMost, "jobs")
			x.links = append(x.links, link{l.Name, l.Count, l.Delay})
		}
		j.known = append(j.known, &x)
	}
	for _, e := range w.Ended {
		fail(len(e.Name) > nameMost || len(e.Seen) > seenMost, "jobs")
		j.ended = append(j.ended, ended{e.Name, past(e.Age), e.Seen})
	}
	for _, e := range w.Expected {
		fail(len(e.Name) > nameMost || e.Left < 0 || e.Left > leap, "jobs")
		j.expected = append(j.expected, expected{e.Name, e.After, at + e.Left})
	}
	return j
}
