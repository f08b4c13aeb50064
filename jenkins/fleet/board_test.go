package fleet

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"majordomo.dev/jenkins/pool"
)

func TestTheBoardShowsHowLongAgentsTakeToStart(t *testing.T) {
	f := &Fleet{board: newBoard()}
	key := poolKey{"gke", "jenkins", "linux"}
	f.board.line(key).uid = "1"
	f.board.line(key).shown = poolOf(key, &pool.Pool{}, pool.Status{})
	if got := f.Snapshot().Pools[0].Startups; got != nil {
		t.Errorf("before any has started: %+v", got)
	}
	for _, took := range []time.Duration{4 * time.Second, 50 * time.Second, 55 * time.Second, time.Hour} {
		f.board.started(key, took)
	}
	want := &Durations{Count: 4, Mean: 3709. / 4, P50: 52.5, P95: 1800, Bounds: poolBounds, Counts: []uint64{1, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 1}}
	if diff := cmp.Diff(want, f.Snapshot().Pools[0].Startups); diff != "" {
		t.Errorf("start-ups (-want +got):\n%s", diff)
	}
}
