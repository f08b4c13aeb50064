package status

import (
	"errors"
	"testing"
	"time"
)

// What changes by the passing of time alone is looked at when its time comes, though nothing happens then.
func TestDueNamesWhenTimeAloneChangesTheStatus(t *testing.T) {
	slow, silent, late := report(), again(), report()
	slow.Live[rc] = agents(1)
	late.Live[rc] = agents(1)
	silent.Source = errors.New("no route to host")
	both := silent
	both.Live = late.Live
	first := Of(report(), Environment{}, t0)
	overdue := Of(slow, Environment{}, t0)
	slow.Synced = false
	overdue = Of(slow, overdue, t0.Add(time.Hour))
	cases := map[string]struct {
		in   Report
		prev Environment
		want time.Time
	}{
		"all is well":              {again(), first, time.Time{}},
		"objects are on their way": {late, Environment{}, t0.Add(DefaultPatience)},
		"they are overdue":         {slow, overdue, time.Time{}},
		"they are and it is":       {both, first, t0.Add(stallAfter)},
		"the repository is silent": {silent, first, t0.Add(stallAfter)},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := Of(c.in, c.prev, t0).Due(t0, c.in.Patience)
			if !got.Equal(c.want) {
				t.Errorf("Due = %v, want %v", got, c.want)
			}
			if c.want.IsZero() {
				return
			}
			was := Of(c.in, c.prev, t0)
			c.in.Synced = false
			if then := Of(c.in, was, got); then.Same(was) || !then.Is(Stalled) {
				t.Errorf("at %v nothing is different: %s", got, list(then))
			}
			if before := Of(c.in, was, got.Add(-time.Second)); !before.Same(was) {
				t.Errorf("before %v it is different: %s", got, list(before))
			}
		})
	}
}
