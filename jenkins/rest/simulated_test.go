package rest

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"majordomo.dev/jenkins"
	"majordomo.dev/jenkins/jenkinstest"
)

// simulated is a Jenkins with two agents, one of which has a build, and four items that wait.
func simulated(t *testing.T) *jenkinstest.Jenkins {
	t.Helper()
	j := jenkinstest.New(jenkinstest.Options{})
	j.AddJob(jenkinstest.Job{Name: "compile", Label: "linux && docker"})
	j.AddJob(jenkinstest.Job{Name: "link", Label: "windows"})
	j.AddNode(jenkinstest.Node{Name: "agent-1", Labels: []string{"linux", "docker"}})
	j.AddNode(jenkinstest.Node{Name: "agent 2", Labels: []string{"other"}})
	j.Enqueue("compile", 4)
	j.Enqueue("link", 1)
	return j
}

func asScaler(t *testing.T, j *jenkinstest.Jenkins) *Client {
	t.Helper()
	user, token := j.Credentials("scaler")
	return open(t, "http://jenkins", func(o *Options) { o.User, o.Token, o.Transport = user, NewSecret(token), j.Transport() })
}

// Each fault of a Jenkins, or of what is before it, is a Fault with its reason, and is over when it is over.
func TestFaultsOfASimulatedJenkins(t *testing.T) {
	reasons := map[jenkinstest.Fault]jenkins.Reason{
		jenkinstest.Hang: jenkins.Hung, jenkinstest.HangBody: jenkins.Hung, jenkinstest.Reset: jenkins.Unreachable, jenkinstest.ResetBody: jenkins.Unreachable,
		jenkinstest.Restarting: jenkins.Starting, jenkinstest.Starting: jenkins.Starting, jenkinstest.BadGateway: jenkins.Unreachable,
		jenkinstest.HTML: jenkins.AuthLost, jenkinstest.LoginRedirect: jenkins.AuthLost, jenkinstest.TokenRevoked: jenkins.AuthLost,
		jenkinstest.Anonymous: jenkins.InsufficientPermission, jenkinstest.NoJobRead: jenkins.InsufficientPermission,
		jenkinstest.Forbidden: jenkins.InsufficientPermission,
	}
	for _, kind := range jenkinstest.Faults {
		t.Run(string(kind), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				j := simulated(t)
				c := asScaler(t, j)
				before := snapshot(t, c)
				if len(before.Items) != 4 {
					t.Fatalf("%d items, want 4", len(before.Items))
				}
				want, ok := reasons[kind]
				if !ok {
					want = jenkins.BadAnswer
				}
				j.Fault(kind)
				s, err := c.Snapshot(t.Context())
				if s != nil {
					t.Errorf("Snapshot = %+v, want none", s)
				}
				wantFault(t, err, want)
				j.Heal()
				if after := snapshot(t, c); len(after.Items) != 4 || after.Session != before.Session {
					t.Errorf("afterwards %+v", after)
				}
			})
		})
	}
}

// A proxy that drops the credentials, from the beginning, is not a missing right.
func TestAnonymousFromTheBeginning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := simulated(t)
		j.Fault(jenkinstest.Anonymous)
		_, err := asScaler(t, j).Snapshot(t.Context())
		wantFault(t, err, jenkins.AuthLost, "anonymous")
	})
}

// F46, F57: through a restart there is a fault at each look until Jenkins is back, with another session.
func TestRestartOfASimulatedJenkins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := simulated(t)
		c := asScaler(t, j)
		first := snapshot(t, c)
		j.Restart() // once the build has ended
		j.FinishAll()
		var seen []jenkins.Reason
		for range 600 {
			s, err := c.Snapshot(t.Context())
			if err == nil && s.Session != first.Session {
				break
			}
			if f := (*jenkins.Fault)(nil); errors.As(err, &f) && !slices.Contains(seen, f.Reason) {
				seen = append(seen, f.Reason)
			}
			<-time.After(100 * time.Millisecond)
		}
		for _, want := range []jenkins.Reason{jenkins.Starting, jenkins.AuthLost, jenkins.Unreachable} {
			if !slices.Contains(seen, want) {
				t.Errorf("reasons %v, want %s among them", seen, want)
			}
		}
		if last := snapshot(t, c); last.Session == first.Session || len(last.Items) < 3 {
			t.Errorf("after the restart: %+v", last)
		}
	})
}

// Park, Unpark and Forget do what they say, and no build dies of it.
func TestChangesOfASimulatedJenkins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := simulated(t)
		c := asScaler(t, j)
		see := func(name string) jenkins.Computer {
			t.Helper()
			v, err := c.Computer(t.Context(), name)
			if err != nil {
				t.Fatal(err)
			}
			return *v
		}
		for _, name := range []string{"agent-1", "agent 2"} {
			for range 2 {
				if err := c.Park(t.Context(), name, marker+" linux: surplus"); err != nil {
					t.Fatal(err)
				}
			}
			if v := see(name); !v.Parked || !v.Connected || v.OfflineReason != marker+" linux: surplus" || v.Idle == (name == "agent-1") {
				t.Errorf("parked: %+v", v)
			}
			if err := c.Forget(t.Context(), name); !errors.Is(err, ErrInUse) {
				t.Errorf("Forget(%s) = %v, want ErrInUse", name, err)
			}
			for range 2 {
				if err := c.Unpark(t.Context(), name, marker); err != nil {
					t.Fatal(err)
				}
			}
			if v := see(name); v.Parked || v.Offline {
				t.Errorf("brought back: %+v", v)
			}
		}
		j.AddNode(jenkinstest.Node{Name: "ghost", Static: true, Offline: true})
		if err := c.Park(t.Context(), "ghost", marker+" x"); err != nil || !see("ghost").Parked {
			t.Errorf("parking an agent that is not connected: %v, %+v", err, see("ghost"))
		}
		for range 2 {
			if err := c.Forget(t.Context(), "ghost"); err != nil {
				t.Errorf("Forget: %v", err)
			}
		}
		if _, err := c.Computer(t.Context(), "ghost"); !errors.Is(err, ErrNotFound) {
			t.Errorf("the ghost: %v", err)
		}
		wantFault(t, c.QuietDown(t.Context(), "x"), jenkins.InsufficientPermission, "Overall/Administer")
		if lost := j.Lost(); len(lost) > 0 {
			t.Errorf("builds were lost: %v", lost)
		}
	})
}

// F52, F59: quiet-down with a password, and how it is seen.
func TestQuietDownOfASimulatedJenkins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := simulated(t)
		admin := open(t, "http://jenkins", func(o *Options) {
			o.User, o.Token, o.Password, o.Transport = "admin", Secret{}, NewSecret("adminpw"), j.Transport()
		})
		c := asScaler(t, j)
		if snapshot(t, c).QuietingDown {
			t.Error("it is quieting down")
		}
		if err := admin.QuietDown(t.Context(), "upgrade"); err != nil {
			t.Fatal(err)
		}
		if !snapshot(t, c).QuietingDown {
			t.Error("quiet-down was not seen")
		}
		if err := admin.CancelQuietDown(t.Context()); err != nil {
			t.Fatal(err)
		}
		if snapshot(t, c).QuietingDown {
			t.Error("it is still quieting down")
		}
	})
}
