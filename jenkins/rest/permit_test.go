package rest

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"majordomo.dev/jenkins"
)

const agentA = `{"_class":"hudson.slaves.SlaveComputer","assignedLabels":[{"name":"a"}],"displayName":"a","executors":[{"number":0,"idle":%t,"currentExecutable":null}],` +
	`"idle":%t,"numExecutors":1,"offline":false,"offlineCause":null,"offlineCauseReason":"","oneOffExecutors":[],"temporarilyOffline":false,"absoluteRemotePath":%s}`

func computersWith(idle bool, path string) string {
	return `{"_class":"hudson.model.ComputerSet","computer":[` + builtIn + `,` + fmt.Sprintf(agentA, idle, idle, path) + `]}`
}

func rootWith(jobs bool, load float64) string {
	s := rootOK
	if !jobs {
		s = strings.Replace(s, `{"_class":"hudson.model.FreeStyleProject","name":"a"}`, "", 1)
	}
	return strings.TrimSuffix(s, "}") + fmt.Sprintf(`,"overallLoad":{"queueLength":{"sec10":{"latest":%g}}}}`, load)
}

// F50: no job is visible, and yet something happens: at once.
func TestNoJobIsVisibleWhileSomethingHappens(t *testing.T) {
	for name, c := range map[string]struct{ computers, root, say string }{
		"an executor is at work":        {computersWith(false, `"/home"`), rootWith(false, 0), "executors are at work"},
		"something waits":               {computersWith(true, `"/home"`), rootWith(false, 0.1), "something waits in the queue"},
		"a pipeline runs on no agent":   {strings.Replace(builtInOnly, `"oneOffExecutors":[]`, `"oneOffExecutors":[{"idle":false,"currentExecutable":null}]`, 1), rootWith(false, 0), "at work"},
		"an item may not be read":       {builtInOnly, rootOK, "may be discovered"},
		"nothing happens: all is right": {computersWith(true, `"/home"`), rootWith(false, 0), ""},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			f.json("GET "+computersPath, c.computers)
			f.json("GET "+rootPath, c.root)
			if strings.Contains(c.say, "discovered") {
				f.json("GET "+queuePath, `{"_class":"hudson.model.Queue","discoverableItems":[{"_class":"hudson.model.Queue$StubItem"}],"items":[]}`)
			}
			_, err := f.client().Snapshot(t.Context())
			if c.say == "" {
				if err != nil {
					t.Errorf("Snapshot: %v", err)
				}
				return
			}
			wantFault(t, err, jenkins.InsufficientPermission, "Job/Read", c.say)
		})
	}
}

// F50: the right is taken away while Majordomo runs. The first empty queue is not believed.
func TestJobsThatVanish(t *testing.T) {
	f := newFake(t)
	now := &clock{now: at}
	c := f.client(func(o *Options) { o.Now = now.Now })
	f.json("GET "+queuePath, queueOf(item))
	snapshot(t, c)
	f.json("GET "+queuePath, emptyQ)
	f.json("GET "+rootPath, rootWith(false, 0))
	for now.now.Before(at.Add(vanished)) {
		_, err := c.Snapshot(t.Context())
		wantFault(t, err, jenkins.InsufficientPermission, "jobs that were visible are not any more")
		now.pass(5 * time.Second)
	}
	snapshot(t, c) // nothing has happened for so long that the jobs were really deleted
	f.json("GET "+rootPath, rootWith(true, 0))
	snapshot(t, c)
	f.json("GET "+rootPath, rootWith(false, 0))
	_, err := c.Snapshot(t.Context())
	wantFault(t, err, jenkins.InsufficientPermission)
	f.session = "next"
	snapshot(t, c) // another life
}

// A build that was just assigned looks like one that may not be seen, but not for long.
func TestWorkThatIsNotShown(t *testing.T) {
	f := newFake(t)
	now := &clock{now: at}
	c := f.client(func(o *Options) { o.Now = now.Now })
	take := func() error {
		_, err := c.Snapshot(t.Context())
		now.pass(5 * time.Second)
		return err
	}
	for i := range 20 { // each snapshot catches an executor between two builds
		f.json("GET "+computersPath, strings.Replace(computersWith(false, `"/home"`), `"number":0`, fmt.Sprintf(`"number":%d`, i%2), 1))
		if err := take(); err != nil {
			t.Fatalf("snapshot %d: %v", i, err)
		}
	}
	f.json("GET "+computersPath, computersWith(false, `"/home"`))
	since := now.now
	for {
		err := take()
		seen := now.now.Sub(since) - 5*time.Second
		if seen < suspicion && err != nil {
			t.Fatalf("after %s: %v", seen, err)
		}
		if seen >= suspicion {
			wantFault(t, err, jenkins.InsufficientPermission, "Job/Read", "executor 0 of a is at work on something that is not shown")
			break
		}
	}
	f.json("GET "+computersPath, computersWith(true, `"/home"`))
	if err := take(); err != nil {
		t.Errorf("when the work is over: %v", err)
	}
}

// Without Agent/Connect it cannot be told whether a parked agent is connected.
func TestConnectionsThatAreNotShown(t *testing.T) {
	f := newFake(t)
	now := &clock{now: at}
	c := f.client(func(o *Options) { o.Now = now.Now })
	f.json("GET "+computersPath, computersWith(true, "null"))
	for range 6 {
		if s := snapshot(t, c); !s.Computers[1].Connected {
			t.Error("an agent that is online is not connected")
		}
		now.pass(5 * time.Second)
	}
	_, err := c.Snapshot(t.Context())
	wantFault(t, err, jenkins.InsufficientPermission, "Agent/Connect")
	f.json("GET "+computersPath, computersWith(true, `"/home"`))
	snapshot(t, c)
	f.json("GET "+computersPath, strings.Replace(computersWith(true, "null"), `,"absoluteRemotePath":null`, "", 1))
	for range 20 { // nodes that have no such thing
		snapshot(t, c)
		now.pass(5 * time.Second)
	}
}

// statistics are Jenkins's moving average of the items that wait.
type statistics struct {
	value float64
	next  time.Time
}

func (s *statistics) at(now time.Time, waiting int) float64 {
	for !s.next.After(now) {
		s.value = decay*s.value + (1-decay)*float64(waiting)
		s.next = s.next.Add(tick)
	}
	return s.value
}

// F50: jobs are visible, but not those that wait. Jenkins's statistics count them.
func TestItemsThatAreNotShown(t *testing.T) {
	for _, hidden := range []int{1, 2, 5, 50} {
		w, stats := watch{}, statistics{next: at}
		found := time.Duration(0)
		for d := time.Duration(0); d < 20*time.Minute && found == 0; d += 5 * time.Second {
			var got *finding
			w, got = w.notice(at.Add(d), sight{asked: true, jobs: true, load: stats.at(at.Add(d), hidden)})
			if got != nil {
				found = d
				if got.right != "Job/Read" {
					t.Errorf("right %q", got.right)
				}
			}
		}
		if found == 0 || found > 6*time.Minute {
			t.Errorf("%d hidden items were found after %s, want at most 6 minutes", hidden, found)
		}
	}
}

// Whatever waited before, and whatever comes and goes between two looks, is not taken for hidden.
func TestItemsThatAreGone(t *testing.T) {
	for name, waiting := range map[string]func(d time.Duration) int{
		"a burst that ended":   func(d time.Duration) int { return map[bool]int{true: 500}[d < 10*time.Minute] },
		"one now and then":     func(d time.Duration) int { return map[bool]int{true: 3}[d%(2*time.Minute) < 20*time.Second] },
		"one that never shows": func(d time.Duration) int { return map[bool]int{true: 1}[d%time.Minute == 40*time.Second] },
		"always something":     func(time.Duration) int { return 7 },
	} {
		w, stats := watch{}, statistics{next: at}
		for d := time.Duration(0); d < 3*time.Hour; d += 5 * time.Second {
			n := waiting(d)
			seen := n
			if strings.Contains(name, "never") {
				seen = 0
			}
			var got *finding
			if w, got = w.notice(at.Add(d), sight{asked: true, jobs: true, load: stats.at(at.Add(d), n), buildable: seen}); got != nil {
				t.Errorf("%s, after %s: %s", name, d, got.text)
				break
			}
		}
	}
}

// Statistics that stand still for a while, as in a long pause of the garbage collector, are no evidence.
func TestStatisticsThatStandStill(t *testing.T) {
	w, stats := watch{}, statistics{next: at}
	for d := time.Duration(0); d < time.Hour; d += 5 * time.Second {
		n := map[bool]int{true: 100}[d < 5*time.Minute]
		now := at.Add(d)
		if d%(3*time.Minute) < 30*time.Second {
			stats.next = stats.next.Add(5 * time.Second) // half of the ticks of half a minute are lost
		}
		var got *finding
		if w, got = w.notice(now, sight{asked: true, jobs: true, load: stats.at(now, n), buildable: n}); got != nil {
			t.Fatalf("after %s: %s", d, got.text)
		}
	}
}

func TestNoticeRemembersNothingOfTheOldWatch(t *testing.T) {
	w := watch{}
	w, _ = w.notice(at, sight{hidden: []string{"x"}, online: 1})
	before := len(w.suspects)
	_, _ = w.notice(at.Add(time.Second), sight{hidden: []string{"x", "y"}})
	if len(w.suspects) != before {
		t.Errorf("the old watch has changed: %v", w.suspects)
	}
	if _, got := (watch{}).notice(at, sight{load: math.Inf(1)}); got != nil {
		t.Errorf("statistics that were not asked for: %v", got)
	}
}
