package scale

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func TestAStateThatHasLearnedNothing(t *testing.T) {
	var s State
	for _, text := range []string{`null`, `{"form":1}`, string(encode(t, s))} {
		var r State
		if err := json.Unmarshal([]byte(text), &r); err != nil || !r.fresh() {
			t.Errorf("%s: %v, fresh %t", text, err, r.fresh())
		}
	}
	if !s.Equal(State{}) {
		t.Error("two states that have learned nothing differ")
	}
	if _, other := Decide(s, pooled(noon)); s.Equal(other) {
		t.Error("a state is equal to one of later")
	}
}

func TestStatesThatMakeNoSenseAreRefused(t *testing.T) {
	in := pooled(noon)
	in.Running, in.Busy, in.Jobs = 3, 3, []Job{{Name: "build", Ended: true, At: noon}}
	_, s := Decide(State{}, in)
	in.Now, in.Running, in.Busy, in.Started = noon.Add(5*time.Second), 1, 1, []time.Duration{time.Minute}
	_, s = Decide(s, in)
	good := string(encode(t, s))
	var r State
	if err := json.Unmarshal([]byte(good), &r); err != nil || !r.Equal(s) {
		t.Fatalf("%v: %s", err, good)
	}
	for _, c := range []struct{ name, old, new, wrong string }{
		{"text", good, `"x"`, "cannot unmarshal"},
		{"a later form", `"form":1`, `"form":2`, "form 2; form 1 is known"},
		{"no form", `"form":1,`, ``, "form 0"},
		{"demand", `"demand":1`, `"demand":-1`, "demand make no sense"},
		{"demand beyond", `"demand":1`, `"demand":1025`, "demand make no sense"},
		{"rates", `"rates":[0`, `"rates":[-1`, "rates make no sense"},
		{"start-up times", `"starts":"AABwQg"`, `"starts":"AAAAAA"`, "start-up times make no sense"},
		{"levels", `"levels":[[3,`, `"levels":[[1,`, "levels make no sense"},
		{"levels beyond", `"levels":[[3,`, `"levels":[[2000,`, "levels make no sense"},
		{"gaps", `"gaps":["",`, `"gaps":["AABwQg",`, "gaps make no sense"},
		{"negative numbers", `"gaps":["",`, `"gaps":["AABwwg",`, "numbers: -60; they have to be positive"},
		{"no numbers", `"gaps":["",`, `"gaps":["AADAfw",`, "numbers: NaN"},
		{"endless numbers", `"gaps":["",`, `"gaps":["AACAfw",`, "numbers: +Inf"},
		{"numbers that are cut off", `"gaps":["",`, `"gaps":["AAAA",`, "the last is cut off"},
		{"numbers that are none", `"gaps":["",`, `"gaps":["?",`, "illegal base64"},
		{"bins", `"bins":[[`, `"bins":[[1,`, "parts of the course make no sense"},
		{"contexts", `"bins":[[3,3,0,`, `"bins":[[3,3,9999,`, "parts of the course make no sense"},
		{"samples", `"stay":`, `"all":"AABwQgAAcEI","stay":`, "samples make no sense"},
		{"contexts of samples", `"stay":`, `"cells":[{"in":9999,"used":0,"of":"AABwQg"}],"stay":`, "contexts make no sense"},
		{"contexts twice", `"stay":`, `"cells":[{"in":9,"used":0,"of":"AABwQg"},{"in":9,"used":0,"of":"AABwQg"}],"stay":`, "contexts make no sense"},
		{"spares", `"stay":[`, `"stay":[-`, "spares make no sense"},
		{"ages", `"opened":0`, `"opened":-5`, "ages make no sense"},
		{"jobs", `"ends":1`, `"ends":-1`, "jobs make no sense"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := strings.Replace(good, c.old, c.new, 1)
			if text == good {
				t.Fatalf("%s is not in %s", c.old, good)
			}
			kept := s
			if err := json.Unmarshal([]byte(text), &kept); err == nil || !strings.Contains(err.Error(), c.wrong) || !kept.Equal(s) {
				t.Errorf("%v, want %q; the state before has changed: %t", err, c.wrong, !kept.Equal(s))
			}
		})
	}
}

func FuzzStates(f *testing.F) {
	in := pooled(noon)
	in.Running, in.Busy, in.Jobs = 3, 3, []Job{{Name: "build", Ended: true, At: noon}}
	_, s := Decide(State{}, in)
	f.Add(encode(f, s), 2)
	in.Now, in.Running, in.Busy, in.Started = noon.Add(5*time.Second), 1, 1, []time.Duration{time.Minute}
	_, s = Decide(s, in)
	f.Add(encode(f, s), 5)
	f.Fuzz(func(t *testing.T, text []byte, builds int) {
		var s State
		if json.Unmarshal(text, &s) != nil {
			return
		}
		in := pooled(s.Seen.Add(5 * time.Second))
		for range 40 {
			in.Running, in.Busy = builds, builds
			_, s = Decide(s, in)
			in.Now = in.Now.Add(5 * time.Second)
			builds = builds/2 + 1
		}
		encode(t, s)
	})
}
