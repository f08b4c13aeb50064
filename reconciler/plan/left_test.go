package plan

import (
	"testing"

	"majordomo.dev/reconciler/object"
)

func TestWhatIsKeptForNowIsToldFromWhatStays(t *testing.T) {
	kept, gone := configMap("kept", nil), configMap("gone", nil)
	d := desire(kept)
	in := func(change func(*Input)) Input {
		i := Input{
			Desired: d, Gate: Gate{MaxObjects: 5}, Inventory: Inventory{gone.ID(): entry(gone, "h")},
			World: World{Objects: map[object.ID]Seen{kept.ID(): settled(d, kept), gone.ID(): {Live: live(gone, "gke")}}},
		}
		change(&i)
		return i
	}
	cases := map[string]struct {
		in   Input
		want bool
	}{
		"a cluster that could not be read as a whole": {in(func(i *Input) { i.World.Incomplete = "discovery failed" }), true},
		"siblings that are unknown":                   {in(func(i *Input) { i.ClaimsUnknown = "vagrant does not render" }), true},
		"an object that could not be read":            {in(func(i *Input) { i.World.Objects[gone.ID()] = Seen{Problem: "forbidden"} }), true},
		"its own annotation": {in(func(i *Input) {
			i.World.Objects[gone.ID()] = Seen{Live: annotated(live(gone, "gke"), object.Prune, "disabled")}
		}), false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			for _, s := range Compute(c.in).Steps {
				if s.Left != (s.ID == gone.ID()) || s.Left && (s.Op != Keep || s.Passing != c.want) {
					t.Errorf("%s: %s (%s), left %v, passing %v; want %v", s.ID, s.Op, s.Reason, s.Left, s.Passing, c.want)
				}
			}
		})
	}
	p := Compute(in(func(*Input) {}))
	p.Withhold("for now")
	if s := p.Steps[len(p.Steps)-1]; s.Op != Keep || !s.Left || !s.Passing {
		t.Errorf("withheld: %+v, want it kept for now", s)
	}
}
