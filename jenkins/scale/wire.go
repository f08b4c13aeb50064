package scale

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
)

// form is the form of the JSON below. A state of another form is not read.
const form = 1

// wire is a state as JSON. Times are ages in milliseconds, so that they mean the same to any clock.
type wire struct {
	Form   int        `json:"form"`
	Seen   [2]int64   `json:"seen"` // seconds and nanoseconds of Unix
	Blind  bool       `json:"blind,omitempty"`
	Demand int        `json:"demand,omitempty"`
	Starts packed     `json:"starts,omitempty"` // seconds
	Races  *wireRaces `json:"races,omitempty"`
	Levels [][2]int64 `json:"levels,omitempty"` // top and age
	Gaps   []packed   `json:"gaps,omitempty"`   // per group: seen, then under and over by time
	Rates  rates      `json:"rates"`
	Opened clock      `json:"opened"`         // age
	Bins   [][]int32  `json:"bins,omitempty"` // base, peak, contexts; the open one in the end
	Used   int32      `json:"used,omitempty"`
	All    packed     `json:"all,omitempty"`   // moments, then rose and took by rise
	Cells  []wireCell `json:"cells,omitempty"` // by context
	Stay   [2]int64   `json:"stay"`            // level, milliseconds to go
	Jobs   *wireJobs  `json:"jobs,omitempty"`
}

type wireRaces struct {
	Open   [][4]float64 `json:"open"` // age, number, mean, sum
	Within float64      `json:"within"`
	N      float64      `json:"n"`
}

type wireCell struct {
	In   uint16 `json:"in"`
	Used int32  `json:"used"`
	Of   packed `json:"of"` // as All
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

// packed are numbers, as the base64 of their bits: exact, and half as long as in digits.
type packed []float32

// MarshalText writes the numbers.
func (p packed) MarshalText() ([]byte, error) {
	var bits []byte
	for _, x := range p {
		bits = binary.LittleEndian.AppendUint32(bits, math.Float32bits(x))
	}
	return base64.RawStdEncoding.AppendEncode(nil, bits), nil
}

// UnmarshalText reads them. None of them is negative.
func (p *packed) UnmarshalText(text []byte) error {
	bits, err := base64.RawStdEncoding.AppendDecode(nil, text)
	if err != nil {
		return fmt.Errorf("numbers: %w", err)
	}
	if len(bits)%4 != 0 {
		return errors.New("numbers: the last is cut off")
	}
	*p = nil
	for ; len(bits) > 0; bits = bits[4:] {
		x := math.Float32frombits(binary.LittleEndian.Uint32(bits))
		if !(x >= 0 && x <= 1e12) {
			return fmt.Errorf("numbers: %g; they have to be positive", x)
		}
		*p = append(*p, x)
	}
	return nil
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
		w.Starts, w.Races = s.starts.times, s.starts.races.wire(s.at)
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

func (r races) wire(at clock) *wireRaces {
	w := &wireRaces{Within: r.within, N: r.n}
	for _, x := range r.open {
		w.Open = append(w.Open, [4]float64{float64(at - x.begun), x.n, x.mean, x.sum})
	}
	return w
}

func (g *gap) wire() packed {
	if g == nil {
		return nil
	}
	return slices.Concat(packed{float32(g.seen)}, g.under[:], g.over[:])
}

// wire writes no more than what is not zero.
func (c *cell) wire() packed {
	if c == nil {
		return nil
	}
	x := packed{c.moments}
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
	s.readStarts(w, fail, past)
	s.readLevels(w, fail, past)
	s.readBins(w, fail)
	s.readCells(w, fail)
	s.jobs = w.Jobs.read(fail, past, s.at)
	return s, errors.Join(wrong...)
}
