package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"majordomo.dev/reconciler/window"
)

func TestStreamBeginsWithEverythingAndGoesOnWithChanges(t *testing.T) {
	perform(t, func(p *theatre) {
		p.scene.set(func(s *window.State) {
			s.Pools = []window.Pool{{Environment: "gke", Namespace: "jenkins", Name: "linux"}}
		})
		one, two := p.listen(), p.listen()
		defer one.close()
		defer two.close()
		for name, want := range map[string]string{
			"Content-Type": "text/event-stream", "Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no", "Content-Encoding": "",
		} {
			if got := one.header.Get(name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		for _, e := range []*ear{one, two} {
			if g := e.next(t); g.name != "state" || len(decode[window.State](t, g).Pools) != 1 || g.id == "" {
				t.Errorf("first event %+v", g)
			}
		}
		p.scene.set(func(s *window.State) { s.Environments = []window.Environment{{Name: "gke", State: window.Ready}} })
		a, b := one.next(t), two.next(t)
		d := decode[window.Delta](t, a)
		if a.name != "change" || a != b || len(d.Environments) != 1 || d.Pools != nil || d.Version != 3 {
			t.Errorf("change %+v, the other has %+v", a, b)
		}
		p.Publish("entry", window.Entry{ID: 9, Text: "synced"})
		if g := two.next(t); g.name != "entry" || decode[window.Entry](t, g).ID != 9 {
			t.Errorf("entry %+v", g)
		}
	})
}

func TestManyChangesAreToldTogether(t *testing.T) {
	perform(t, func(p *theatre) {
		e := p.listen()
		defer e.close()
		e.next(t)
		for i := range 1000 {
			p.scene.set(func(s *window.State) { s.Source.Fetches = int64(i) })
			<-time.After(time.Millisecond)
		}
		if n := len(e.quiet(time.Second)); n < 2 || n > 6 {
			t.Errorf("%d events for 1000 changes in a second, want about four", n)
		}
	})
}

func TestUnchangedBoardsSendNothingButHeartbeats(t *testing.T) {
	perform(t, func(p *theatre) {
		e := p.listen()
		defer e.close()
		e.next(t)
		p.scene.set(func(s *window.State) { s.Program.Memory++ }) // the board was written, and says the same
		heard := e.quiet(10*time.Minute + time.Second)
		if strings.Join(heard, "") != strings.Repeat("heartbeat", 40) {
			t.Errorf("heard in ten minutes: %v, want 40 heartbeats", heard)
		}
	})
}

func TestWhatNothingAnnouncesIsFound(t *testing.T) {
	perform(t, func(p *theatre) {
		e := p.listen()
		defer e.close()
		e.next(t)
		p.scene.mu.Lock()
		p.scene.state.Program.Alive = "the loop has not moved for 10m"
		p.scene.mu.Unlock()
		if g := e.next(t); g.name != "change" || decode[window.Delta](t, g).Program == nil {
			t.Errorf("%+v", g)
		}
	})
}

func TestClientsResumeWhereTheyLeftOff(t *testing.T) {
	perform(t, func(p *theatre) {
		other := p.listen()
		defer other.close()
		first := p.listen()
		at := first.next(t)
		first.close()
		p.Publish("entry", window.Entry{ID: 1})
		p.Publish("entry", window.Entry{ID: 2})
		for range 3 { // as often as it likes
			again := p.listen("Last-Event-ID: " + at.id)
			one, two := again.next(t), again.next(t)
			if one.name != "entry" || decode[window.Entry](t, one).ID != 1 || decode[window.Entry](t, two).ID != 2 {
				t.Errorf("after a gap: %+v %+v", one, two)
			}
			again.close()
		}
	})
}

func TestNobodyListeningLosesNothing(t *testing.T) {
	perform(t, func(p *theatre) {
		e := p.listen()
		at := e.next(t)
		e.close()
		synctest.Wait()
		p.scene.set(func(s *window.State) { s.Source.Error = "no answer" })
		<-time.After(time.Hour)
		e = p.listen("Last-Event-ID: " + at.id)
		defer e.close()
		if g := e.next(t); g.name != "change" || decode[window.Delta](t, g).Source.Error != "no answer" {
			t.Errorf("after an hour: %+v", g)
		}
	})
}

func TestUnusableEventIDsGetEverything(t *testing.T) {
	perform(t, func(p *theatre) {
		e := p.listen()
		id := e.next(t).id
		e.close()
		epoch, _, _ := strings.Cut(id, "-")
		for name, last := range map[string]string{
			"of another process": "other-1", "of the future": epoch + "-99999", "no number": epoch + "-x", "no dash": "17", "below zero": epoch + "--1",
			"too large": epoch + "-99999999999999999999999", "HTML": "<script>alert(1)</script>", "long": strings.Repeat("9", 5000), "empty": "", "blank": " - ",
		} {
			e := p.listen("Last-Event-ID: " + last)
			if g := e.next(t); g.name != "state" {
				t.Errorf("%s: %+v, want a state", name, g)
			}
			e.close()
		}
	})
}

func TestForgottenEventsGetEverything(t *testing.T) {
	perform(t, func(p *theatre) {
		e := p.listen()
		at := e.next(t)
		e.close()
		for i := range maxEvents + 1 {
			p.Publish("entry", window.Entry{ID: uint64(i)})
		}
		e = p.listen("Last-Event-ID: " + at.id)
		defer e.close()
		if g := e.next(t); g.name != "state" {
			t.Errorf("%+v, want a state", g)
		}
	})
}

func TestWhatIsRememberedIsBounded(t *testing.T) {
	h := newHub(newScene(window.State{}), "e")
	for range 50 {
		h.publish("entry", window.Entry{Text: strings.Repeat("x", 1<<20)})
	}
	if h.size > maxEventSize || len(h.ring) > 8 || h.newest != 50 {
		t.Errorf("%d bytes in %d events, the newest is %d", h.size, len(h.ring), h.newest)
	}
	for range 3 * maxEvents {
		h.publish("entry", window.Entry{})
	}
	if len(h.ring) != maxEvents {
		t.Errorf("%d events, want %d", len(h.ring), maxEvents)
	}
}

func TestClientThatNeverReadsIsDroppedAndHoldsUpNobody(t *testing.T) {
	perform(t, func(p *theatre) {
		deaf := p.dial() // and never a read
		defer func() { _ = deaf.Close() }()
		e := p.listen()
		defer e.close()
		e.next(t)
		p.scene.set(func(s *window.State) { s.Source.Error = "no answer" })
		if g := e.next(t); g.name != "change" {
			t.Errorf("beside a client that does not read: %+v", g)
		}
		<-time.After(time.Minute)
		synctest.Wait()
		p.hub.mu.Lock()
		defer p.hub.mu.Unlock()
		if p.hub.clients != 1 {
			t.Errorf("%d clients after a minute, want the one that reads", p.hub.clients)
		}
	})
}

func TestStreamsOutliveTheTimeoutsOfTheServer(t *testing.T) {
	perform(t, func(p *theatre) {
		e := p.listen()
		defer e.close()
		e.next(t)
		e.quiet(2 * time.Hour)
		p.Publish("entry", window.Entry{ID: 1})
		if g := e.next(t); g.name != "entry" {
			t.Errorf("after two hours: %+v", g)
		}
	})
}

func TestOneClientTooManyIsTurnedAway(t *testing.T) {
	perform(t, func(p *theatre) {
		var ears []*ear
		for range maxClients {
			ears = append(ears, p.listen())
		}
		late := p.listen()
		if late.status != http.StatusServiceUnavailable || late.header.Get("Retry-After") == "" {
			t.Errorf("client %d: %d", maxClients+1, late.status)
		}
		late.close()
		for _, e := range ears {
			if e.status != http.StatusOK {
				t.Errorf("a client below the limit: %d", e.status)
			}
			e.close()
		}
		synctest.Wait()
		if again := p.listen(); again.status != http.StatusOK {
			t.Errorf("after they have gone: %d", again.status)
		} else {
			again.close()
		}
	})
}

func TestShutdownEndsStreamsAtOnce(t *testing.T) {
	perform(t, func(p *theatre) {
		e := p.listen()
		e.next(t)
		began := time.Now()
		p.stop()
		if g := e.next(t); g.name != "bye" || g.data != "{}" {
			t.Errorf("last event %+v", g)
		}
		if heard := e.quiet(0); len(heard) != 1 || heard[0] != "end" {
			t.Errorf("after the farewell: %v", heard)
		}
		p.ended <- <-p.ended
		if took := time.Since(began); took > time.Second {
			t.Errorf("the server took %s to stop", took)
		}
		if err := p.hub.join(); !errors.Is(err, errStopping) {
			t.Errorf("a stream while stopping: %v", err)
		}
	})
}

func TestStreamsTellOnlyWhatOneMaySee(t *testing.T) {
	m := newRealm()
	perform(t, func(p *theatre) {
		p.scene.set(func(s *window.State) {
			s.Environments = []window.Environment{{Name: "gke"}, {Name: "vagrant"}}
			s.Source.Revision = "3f2c1ab"
		})
		e, blind := p.listen("Authorization: Bearer v"), p.listen("Authorization: Bearer n")
		defer e.close()
		defer blind.close()
		if s := decode[window.State](t, e.next(t)); len(s.Environments) != 1 || s.Environments[0].Name != "gke" || s.Source.Revision == "" {
			t.Errorf("state for the viewer of gke: %+v", s)
		}
		if s := decode[window.State](t, blind.next(t)); len(s.Environments) != 0 || s.Source.Revision != "" {
			t.Errorf("state for somebody without rights: %+v", s)
		}
		p.scene.set(func(s *window.State) {
			s.Environments = []window.Environment{{Name: "gke"}, {Name: "vagrant", State: window.Stalled}}
		})
		p.scene.set(func(s *window.State) { s.Source.Revision = "0000000" })
		p.Publish("entry", window.Entry{ID: 1, Environment: "vagrant", Text: "secret of vagrant"})
		p.Publish("sample", window.Moment[int]{At: 1, Pools: map[string]int{"vagrant/jenkins/linux": 1}})
		<-time.After(time.Second)
		p.Publish("entry", window.Entry{ID: 2, Pool: "gke/jenkins/linux"})
		p.Publish("sample", window.Moment[int]{At: 2, Pools: map[string]int{"vagrant/jenkins/linux": 1, "gke/jenkins/linux": 2}})
		p.scene.set(func(s *window.State) {
			s.Environments = []window.Environment{{Name: "gke", State: window.Ready}, {Name: "vagrant"}}
		})
		<-time.After(time.Second)
		p.scene.set(func(s *window.State) { s.Environments = nil })
		var heard []string
		for range 5 {
			g := e.next(t)
			heard = append(heard, g.name)
			if strings.Contains(g.data, "vagrant") {
				t.Errorf("the viewer of gke hears %+v", g)
			}
		}
		if diff := cmp.Diff([]string{"change", "entry", "sample", "change", "change"}, heard); diff != "" {
			t.Errorf("heard (-want +got):\n%s", diff)
		}
		if heard := blind.quiet(0); len(heard) > 0 {
			t.Errorf("somebody without rights hears %v", heard)
		}
	}, guarding(m))
}

// guarding asks a realm who may see what.
func guarding(m *realm) func(*Options) {
	return func(o *Options) { o.Access = &Access{May: m.may, Token: m.token} }
}

func TestWhoMayNotSeeItAnyMoreIsCutOffWithinAMinute(t *testing.T) {
	m := newRealm()
	perform(t, func(p *theatre) {
		p.scene.set(func(s *window.State) { s.Environments = []window.Environment{{Name: "gke"}} })
		e := p.listen("Authorization: Bearer v")
		e.next(t)
		if heard := e.quiet(5 * time.Minute); strings.Contains(fmt.Sprint(heard), "end") || strings.Contains(fmt.Sprint(heard), "state") {
			t.Fatalf("while it was allowed: %v", heard)
		}
		m.set(func() { m.rights["viewer"] = nil })
		e.quiet(time.Minute - heartbeat)
		if s := decode[window.State](t, e.next(t)); len(s.Environments) > 0 {
			t.Errorf("a minute after the right is gone: %+v", s)
		}
		m.set(func() { m.people = nil })
		if heard := e.quiet(time.Minute + time.Second); len(heard) == 0 || heard[len(heard)-1] != "end" {
			t.Errorf("a minute after the login is gone: %v", heard)
		}
	}, guarding(m))
}

func TestHeadOfAStreamEnds(t *testing.T) {
	b := newBench(t, showing(newScene(window.State{})))
	w := httptest.NewRecorder()
	b.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodHead, "/api/v1/stream", nil))
	if diff := cmp.Diff("text/event-stream", w.Header().Get("Content-Type")); diff != "" || w.Body.Len() > 0 {
		t.Error(diff, w.Body)
	}
}

func (m *realm) set(change func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change()
}
