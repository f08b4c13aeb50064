package record

import (
	"bytes"
	"context"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"majordomo.dev/reconciler/history"
	"majordomo.dev/reconciler/status"
	"majordomo.dev/reconciler/timeline"
	"majordomo.dev/reconciler/window"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const key = "gke/jenkins/linux"

// scene is a state that a test changes.
type scene struct {
	mu      sync.Mutex
	changed chan struct{}
	state   window.State
}

func newScene() *scene {
	s := &scene{changed: make(chan struct{})}
	s.state.Program = window.Program{Version: "1.0", Started: time.Now(), Leader: true}
	s.state.Pools = []window.Pool{{Environment: "gke", Namespace: "jenkins", Name: "linux", State: window.Ready, Busy: 3, Idle: 1, Max: 9}}
	return s
}

func (s *scene) State() window.State {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.state
	out.At = time.Now()
	out.Pools = append([]window.Pool(nil), s.state.Pools...)
	out.Environments = append([]window.Environment(nil), s.state.Environments...)
	return out
}

func (s *scene) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

func (s *scene) change(f func(*window.State)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(&s.state)
	close(s.changed)
	s.changed = make(chan struct{})
}

// running runs a recorder until the function that it returns is called.
func running(t *testing.T, r *Recorder) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	return sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// pass lets time pass in a bubble.
func pass(d time.Duration) { <-time.After(d) }

func texts(r *Recorder) []string {
	list, _ := r.Entries(timeline.Filter{})
	var out []string
	for _, e := range list {
		out = append(out, e.Text)
	}
	return out
}

func TestWhatWasSeenIsKnownAfterARestart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "history")
	synctest.Test(t, func(t *testing.T) {
		s := newScene()
		var told []window.Entry
		looks := 0
		r := New(Options{Window: s, Dir: dir, Entry: func(e window.Entry) { told = append(told, e) }, Sample: func(time.Time, map[string]history.Sample) { looks++ }})
		begin := time.Now()
		stop := running(t, r)
		pass(10*time.Minute + time.Second)
		s.change(func(s *window.State) {
			s.Pools[0].History = []window.Change{{At: time.Now(), From: 4, To: 5, Reason: "one more waits"}}
		})
		r.Add(window.Entry{Kind: window.Acted, Text: "sync of gke", Actor: "ann"})
		pass(time.Second)
		stop()
		before, known := r.Series(key, begin, time.Now(), 0)
		if !known || len(before.At) != 60 || looks != 60 || len(told) != 3 {
			t.Fatalf("after ten minutes: %d points, %d looks told, %d entries told; want 60, 60 and 3", len(before.At), looks, len(told))
		}
		pass(time.Hour)
		again := New(Options{Window: s, Dir: dir})
		s.change(func(s *window.State) { s.Program.Started = time.Now() })
		stop = running(t, again)
		pass(time.Minute + time.Second)
		stop()
		after, _ := again.Series(key, begin, time.Now(), 0)
		if diff := cmp.Diff(before.At, after.At[:60]); diff != "" || len(after.At) != 66 || after.At[60]-after.At[59] < 3600 {
			t.Errorf("after a restart %d points, the gap is %v s; want 66 with an hour without any:\n%s", len(after.At), after.At[60]-after.At[59], diff)
		}
		leads := "this process leads: majordomo 1.0 keeps environments and pools"
		if diff := cmp.Diff([]string{leads, "one more waits", "sync of gke", leads}, texts(again)); diff != "" {
			t.Errorf("timeline after a restart (-want +got):\n%s", diff)
		}
		list, _ := again.Entries(timeline.Filter{})
		for i := range list[1:] {
			if list[i].ID != list[i+1].ID+1 {
				t.Errorf("ids %d and %d follow each other", list[i+1].ID, list[i].ID)
			}
		}
	})
	for _, name := range []string{samplesFile, timelineFile} {
		if i, err := os.Stat(filepath.Join(dir, name)); err != nil || i.Mode() != 0o600 {
			t.Errorf("%s: %v, %v, want a file of mode 0600", name, i, err)
		}
	}
}

func TestWhatIsNotKnownIsAGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene()
		r := New(Options{Window: s})
		begin := time.Now()
		stop := running(t, r)
		pass(55 * time.Second)
		for _, set := range []func(*window.State){
			func(s *window.State) { s.Pools[0].State = window.Waiting },
			func(s *window.State) { s.Pools[0].State = window.Limited },
			func(s *window.State) { s.Program.Leader = false },
		} {
			s.change(set)
			pass(time.Minute)
		}
		stop()
		got, _ := r.Series(key, begin, time.Now(), time.Minute)
		if start := begin.Truncate(time.Minute).Unix(); len(got.At) != 2 || got.At[0] != start || got.At[1] != start+120 {
			t.Errorf("points at %v from %v on, want none of the second and the fourth minute", got.At, start)
		}
	})
}

// fakes a disk whose changes fail while a test says so.
type failing struct {
	mu  sync.Mutex
	err error
}

func (f *failing) step(string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

func (f *failing) set(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = err
}

func TestADiskThatFailsIsToldOnceAndHoldsUpNothing(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := newScene()
		var log bytes.Buffer
		r := New(Options{Window: s, Dir: dir, Log: slog.New(slog.NewTextHandler(&log, nil))})
		f := &failing{}
		r.disk.step = f.step
		begin := time.Now()
		stop := running(t, r)
		f.set(fs.ErrPermission)
		pass(10*time.Minute + time.Second)
		r.mu.Lock()
		if n := r.failures; n != 10 || strings.Count(log.String(), "history not written") != 1 {
			t.Errorf("%d failures are counted, want 10, and the log has\n%s", n, log.String())
		}
		r.mu.Unlock()
		f.set(nil)
		pass(2 * time.Minute)
		stop()
		if got, _ := r.Series(key, begin, time.Now(), 0); len(got.At) != 72 {
			t.Errorf("%d looks in twelve minutes, want 72", len(got.At))
		}
		got := strings.Join(texts(r), "\n")
		if strings.Count(got, "the history is kept in memory only: "+dir) != 1 || strings.Count(got, "the history is kept on the disk again") != 1 {
			t.Errorf("the timeline has\n%s", got)
		}
		again := New(Options{Window: s, Dir: dir})
		stop = running(t, again)
		synctest.Wait()
		if got, _ := again.Series(key, begin, time.Now(), 0); len(got.At) != 72 {
			t.Errorf("%d looks are on the disk, want 72", len(got.At))
		}
		stop()
	})
}

func TestEntriesBeforeTheFilesAreReadAreNotLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := New(Options{Window: newScene()})
		r.Add(window.Entry{Kind: window.Reported, Text: "early"})
		if got := texts(r); got != nil {
			t.Errorf("before the start: %v", got)
		}
		stop := running(t, r)
		synctest.Wait()
		stop()
		if got := texts(r); len(got) != 2 || got[1] != "early" {
			t.Errorf("after the start: %v", got)
		}
	})
}

func TestWhatNothingAnnouncesIsToldAllTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene()
		r := New(Options{Window: s})
		stop := running(t, r)
		pass(time.Second)
		s.mu.Lock()
		s.state.Program.Alive = "no progress for 5m"
		s.mu.Unlock()
		pass(lookAgain)
		stop()
		if got := texts(r); len(got) != 2 || got[0] != "no progress for 5m" {
			t.Errorf("the timeline is %q", got)
		}
	})
}

func TestTwoRepairsWithinOneChangeAreTwoEntries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene()
		r := New(Options{Window: s})
		stop := running(t, r)
		put := func(n int) {
			s.change(func(s *window.State) {
				e := window.Environment{Name: "gke", State: window.Ready, Checks: []status.Condition{{Type: status.Ready}}, Repairs: int64(n)}
				for i := n; i > 0; i-- {
					e.Recent = append(e.Recent, status.Drift{Time: time.Now(), Object: "Service jenkins/jenkins", Manager: "kubectl-edit"})
				}
				s.Environments = []window.Environment{e}
			})
		}
		put(0)
		pass(time.Second)
		put(1)
		put(2)
		pass(time.Second)
		stop()
		if got, _ := r.Entries(timeline.Filter{Kind: window.Drifted, Environment: "gke"}); len(got) != 2 || got[0].Actor != "kubectl-edit" {
			t.Errorf("entries %+v, want the two repairs", got)
		}
	})
}
