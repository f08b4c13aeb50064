package scale

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// form is the form of the JSON below. A state of another form is not read.
const form = 1

// wire is a state as JSON. Times are ages in milliseconds, so that they mean the same to any clock.
type wire struct {
	Form   int         `json:"form"`
	Seen   [2]int64    `json:"seen"` // seconds and nanoseconds of Unix
	Blind  bool        `json:"blind,omitempty"`
	Demand int         `json:"demand,omitempty"`
	Starts []float32   `json:"starts,omitempty"` // seconds
	Levels [][2]int64  `json:"levels,omitempty"` // top and age
	Gaps   [][]float32 `json:"gaps,omitempty"`   // per group: seen, then under and over by time
	Rates  rates       `json:"rates"`
	Opened clock       `json:"opened"`         // age
	Bins   [][]int32   `json:"bins,omitempty"` // base, peak, contexts; the open one in the end
	Used   int32       `json:"used,omitempty"`
	All    []float32   `json:"all,omitempty"`   // moments, then rose and took by rise
	Cells  []wireCell  `json:"cells,omitempty"` // by context
	Stay   [2]int64    `json:"stay"`            // level, milliseconds to go
	Jobs   *wireJobs   `json:"jobs,omitempty"`
}

type wireCell struct {
	In   uint16    `json:"in"`
	Used int32     `json:"used"`
	Of   []float32 `json:"of"` // as All
}

type wireJobs struct {
	Known    []wireJob      `json:"known"`
	Ended    []wireEnded    `json:"ended,omitempty"`
	Expected []wireExpected `json:"expected,omitempty"`
}

type wireJob struct {
	Name  string     `json:"name"`
	Rate  float64    `json:"rate,omitempty"`
	Rated clock      `json:"rated,omitempty"` // age
	Ends  float64    `json:"ends,omitempty"`
	Links []wireLink `json:"links,omitempty"`
}

type wireLink struct {
	Name  string  `json:"name"`
	Count float64 `json:"count"`
	Delay float64 `json:"delay"`
}

type wireEnded struct {
	Name string   `json:"name"`
	Age  clock    `json:"age"`
	Seen []string `json:"seen,omitempty"`
}

type wireExpected struct {
	Name  string `json:"name"`
	After string `json:"after"`
	Left  clock  `json:"left"` // to go
}

// MarshalJSON writes the state.
func (s State) MarshalJSON() ([]byte, error) {
	if s.fresh() {
		return json.Marshal(wire{Form: form})
	}
	w := wire{
		Form: form, Seen: [2]int64{s.Seen.Unix(), int64(s.Seen.Nanosecond())}, Blind: s.blind, Demand: s.demand, Rates: s.rates,
		Opened: s.at - s.opened, Used: s.samples.used, Stay: [2]int64{int64(s.stay.level), max(int64(s.stay.until-s.at), 0)}, Jobs: s.jobs.wire(s.at),
	}
	if s.starts != nil {
		w.Starts = s.starts.times
	}
	for r := s.levels; r != nil; r = r.next {
		w.Levels = append(w.Levels, [2]int64{int64(r.top), int64(s.at - r.left)})
	}
	for _, g := range s.gaps {
		w.Gaps = append(w.Gaps, g.wire())
	}
	for _, b := range append(slices.Clip(s.closed), s.open) {
		x := []int32{b.base, b.peak}
		for _, in := range b.in {
			x = append(x, int32(in))
		}
		w.Bins = append(w.Bins, x)
	}
	w.All = s.samples.all.wire()
	for i := range views * sizes * courses {
		if c := s.samples.at(uint16(i)); c != nil {
			w.Cells = append(w.Cells, wireCell{uint16(i), c.used, c.wire()})
		}
	}
	return json.Marshal(w)
}

func (g *gap) wire() []float32 {
	if g == nil {
		return []float32{}
	}
	return slices.Concat([]float32{float32(g.seen)}, g.under[:], g.over[:])
}

// wire writes no more than what is not zero.
func (c *cell) wire() []float32 {
	if c == nil {
		return nil
	}
	x := []float32{c.moments}
	last := len(rises)
	for last > 0 && c.rose[last-1] == 0 && c.took[last-1] == 0 {
		last--
	}
	for i := range last {
		x = append(x, c.rose[i], c.took[i])
	}
	return x
}

func (j *jobs) wire(at clock) *wireJobs {
	if j == nil {
		return nil
	}
	w := &wireJobs{}
	for _, k := range j.known {
		x := wireJob{Name: k.name, Rate: k.rate, Ends: k.ends}
		if k.rate > 0 {
			x.Rated = at - k.rated
		}
		for _, l := range k.links {
			x.Links = append(x.Links, wireLink{l.name, l.count, l.delay})
		}
		w.Known = append(w.Known, x)
	}
	for _, e := range j.ended {
		w.Ended = append(w.Ended, wireEnded{e.name, at - e.at, e.seen})
	}
	for _, e := range j.expected {
		w.Expected = append(w.Expected, wireExpected{e.name, e.after, e.until - at})
	}
	return w
}

// Equal tells whether two states have learned the same.
func (s State) Equal(t State) bool {
	a, err := json.Marshal(s)
	b, wrong := json.Marshal(t)
	return err == nil && wrong == nil && bytes.Equal(a, b)
}

// UnmarshalJSON reads a state. What makes no sense is refused.
func (s *State) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		return nil
	}
	var w wire
	if err := json.Unmarshal(data, &w); err != nil {
		return fmt.Errorf("state of a pool: %w", err)
	}
	if w.Form != form {
		return fmt.Errorf("state of a pool: form %d; form %d is known", w.Form, form)
	}
	if len(w.Bins) == 0 {
		*s = State{}
		return nil
	}
	x, err := w.state()
	if err != nil {
		return fmt.Errorf("state of a pool: %w", err)
	}
	*s = x
	return nil
}

// state makes a state whose clock begins anew.
func (w *wire) state() (State, error) {
	s := State{
		Seen: time.Unix(w.Seen[0], w.Seen[1]).UTC(), at: leap, blind: w.Blind, demand: w.Demand, rates: w.Rates,
		stay: stay{int(w.Stay[0]), leap + clock(w.Stay[1])},
	}
	var wrong []error
	fail := func(bad bool, what string) {
		if bad {
			wrong = append(wrong, errors.New(what+" make no sense"))
		}
	}
	past := func(age clock) clock {
		fail(age < 0, "ages")
		return s.at - min(age, leap)
	}
	fail(w.Demand < 0 || w.Demand > highest, "demand")
	fail(slices.Min(w.Rates[:]) < 0, "rates")
	fail(w.Stay[0] < 0 || w.Stay[0] > highest+int64(rises[len(rises)-1]) || w.Stay[1] < 0 || clock(w.Stay[1]) > leap, "spares")
	s.opened = past(w.Opened)
	s.readStarts(w, fail)
	s.readLevels(w, fail, past)
	s.readBins(w, fail)
	s.readCells(w, fail)
	s.jobs = w.Jobs.read(fail, past, s.at)
	return s, errors.Join(wrong...)
}
