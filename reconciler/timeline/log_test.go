package timeline

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"majordomo.dev/reconciler/window"
)

func TestALogIsBoundedAndItsIDsGrow(t *testing.T) {
	l := &Log{}
	last := uint64(0)
	for i := range 3 * MaxEntries {
		e := l.Add(t0, window.Entry{Text: fmt.Sprint(i)})
		if e.ID <= last || l.Len() > MaxEntries {
			t.Fatalf("entry %d has id %d after %d, of %d entries", i, e.ID, last, l.Len())
		}
		last = e.ID
	}
	list, more := l.Find(Filter{Limit: 1})
	if l.Len() < MaxEntries*9/10 || !more || list[0].ID != last {
		t.Errorf("%d entries are left, the newest is %+v", l.Len(), list)
	}
}

func TestOldEntriesGo(t *testing.T) {
	l := &Log{}
	l.Add(t0, window.Entry{Text: "old"})
	l.Add(t0.Add(time.Hour), window.Entry{Text: "new"})
	if l.Expire(t0.Add(MaxAge)); l.Len() != 2 {
		t.Errorf("%d entries, want both", l.Len())
	}
	l.Expire(t0.Add(MaxAge + time.Minute))
	if list, _ := l.Find(Filter{}); len(list) != 1 || list[0].Text != "new" || l.Add(t0, window.Entry{}).ID != 3 {
		t.Errorf("left are %+v", list)
	}
}

func TestTextsAreFitToBeShown(t *testing.T) {
	e := (&Log{}).Add(t0, window.Entry{Text: "a\n\x1b[31mb https://bob:hunter2@git.example.com" + strings.Repeat("x", 2*MaxText), Actor: "m\u202eallory"})
	if strings.ContainsAny(e.Text, "\n\x1b") || strings.Contains(e.Text, "hunter2") || len(e.Text) > MaxText || e.Actor != "mallory" || !e.At.Equal(t0) {
		t.Errorf("%+v", e)
	}
}

func TestFilters(t *testing.T) {
	l := &Log{}
	for i := range 10 {
		e := window.Entry{Kind: window.Synced, Environment: "gke", At: t0.Add(time.Duration(i) * time.Minute)}
		if i%2 == 1 {
			e = window.Entry{Kind: window.Scaled, Environment: "vagrant", Pool: "vagrant/jenkins/linux", At: e.At}
		}
		l.Add(t0, e)
	}
	l.Add(t0, window.Entry{Kind: window.Reported})
	for name, c := range map[string]struct {
		f    Filter
		want []uint64
		more bool
	}{
		"environment": {Filter{Environment: "gke", Limit: 5}, []uint64{9, 7, 5, 3, 1}, false},
		"pool":        {Filter{Pool: "vagrant/jenkins/linux", Limit: 2}, []uint64{10, 8}, true},
		"kind":        {Filter{Kind: window.Scaled, Before: 6}, []uint64{4, 2}, false},
		"time":        {Filter{From: t0.Add(2 * time.Minute), To: t0.Add(4 * time.Minute)}, []uint64{4, 3}, false},
		"sight":       {Filter{Sees: func(env string) bool { return env == "gke" || env == "" }, Limit: 3}, []uint64{11, 9, 7}, true},
	} {
		list, more := l.Find(c.f)
		var got []uint64
		for _, e := range list {
			got = append(got, e.ID)
		}
		if !cmp.Equal(got, c.want) || more != c.more {
			t.Errorf("%s: %v, more %v; want %v, %v", name, got, more, c.want, c.more)
		}
	}
}

func TestALogIsReadAsItWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := &Log{}
		for range rapid.IntRange(0, 20).Draw(t, "entries") {
			l.Add(t0, window.Entry{
				Kind: rapid.SampledFrom(window.Kinds()).Draw(t, "kind"), Text: rapid.String().Draw(t, "text"), From: rapid.IntRange(0, 9).Draw(t, "from"),
				Bad: rapid.Bool().Draw(t, "bad"),
			})
		}
		l.Expire(t0.Add(time.Hour))
		seen := Remember(window.State{}, calm())
		var b bytes.Buffer
		if err := Encode(&b, l, seen); err != nil {
			t.Fatal(err)
		}
		got, state, err := Decode(b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(seen, state); diff != "" {
			t.Errorf("the state (-before +after):\n%s", diff)
		}
		a, _ := l.Find(Filter{})
		c, _ := got.Find(Filter{})
		if diff := cmp.Diff(a, c); diff != "" {
			t.Errorf("the entries (-before +after):\n%s", diff)
		}
		if next := got.Add(t0, window.Entry{}); next.ID != l.last+1 {
			t.Errorf("the next id is %d after %d", next.ID, l.last)
		}
	})
}

func FuzzDecode(f *testing.F) {
	l := &Log{}
	l.Add(t0, window.Entry{Kind: window.Synced, Text: "one"})
	l.Add(t0, window.Entry{Kind: window.Synced, Text: "two"})
	var b bytes.Buffer
	if err := Encode(&b, l, calm()); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte(`{"last":1,"entries":[{"id":2}]}`))
	f.Add([]byte(`{"seen":{"environments":[{"lastSync":{}}],"pools":[{"rollout":{}}],"masters":[{}]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		l, seen, err := Decode(data)
		if err != nil {
			return
		}
		for _, e := range Entries(seen, calm()) {
			l.Add(t0, e)
		}
		list, _ := l.Find(Filter{})
		for i := range list[min(1, len(list)):] {
			if list[i].ID <= list[i+1].ID {
				t.Errorf("ids %d and %d", list[i+1].ID, list[i].ID)
			}
		}
		if err := Encode(&b, l, Remember(seen, calm())); err != nil {
			t.Errorf("what was read cannot be written: %v", err)
		}
	})
}
