package jenkinstest_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"majordomo.dev/jenkins/jenkinstest"
)

// ask sends one request over a connection of its own.
func ask(ctx context.Context, t *testing.T, j *jenkinstest.Jenkins, url string) (int, http.Header, string, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth(j.Credentials("scaler"))
	c := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := c.Do(r)
	if err != nil {
		return 0, nil, "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp.StatusCode, resp.Header, string(body), err
}

// effects are what a client sees of each fault but those that hang.
var effects = map[jenkinstest.Fault]func(status int, h http.Header, body string, err error) bool{
	jenkinstest.Reset:       func(_ int, _ http.Header, _ string, err error) bool { return errors.Is(err, io.EOF) },
	jenkinstest.ResetBody:   func(_ int, _ http.Header, _ string, err error) bool { return errors.Is(err, io.ErrUnexpectedEOF) },
	jenkinstest.ServerError: func(s int, _ http.Header, _ string, _ error) bool { return s == 500 },
	jenkinstest.Restarting: func(s int, _ http.Header, b string, _ error) bool {
		return s == 503 && strings.Contains(b, "<title>Restarting Jenkins")
	},
	jenkinstest.Starting: func(s int, _ http.Header, b string, _ error) bool {
		return s == 503 && strings.Contains(b, "<title>Starting Jenkins")
	},
	jenkinstest.BadGateway: func(s int, _ http.Header, _ string, _ error) bool { return s == 502 },
	jenkinstest.HTML: func(s int, h http.Header, b string, _ error) bool {
		return s == 200 && h.Get("X-Jenkins") == "" && strings.Contains(b, "<form")
	},
	jenkinstest.LoginRedirect: func(s int, h http.Header, _ string, _ error) bool {
		return s == 302 && strings.HasPrefix(h.Get("Location"), "https://sso.")
	},
	jenkinstest.Forbidden:    func(s int, h http.Header, _ string, _ error) bool { return s == 403 && h.Get("X-Jenkins") == "" },
	jenkinstest.TokenRevoked: func(s int, h http.Header, _ string, _ error) bool { return s == 401 && h.Get("WWW-Authenticate") != "" },
	jenkinstest.Anonymous: func(s int, _ http.Header, b string, _ error) bool {
		return s == 200 && strings.Contains(b, `"items":[]`)
	},
	jenkinstest.NoJobRead: func(s int, _ http.Header, b string, _ error) bool {
		return s == 200 && strings.Contains(b, `"items":[]`)
	},
	jenkinstest.NotJSON:     func(_ int, h http.Header, _ string, _ error) bool { return h.Get("Content-Type") == "text/html" },
	jenkinstest.EmptyBody:   func(s int, _ http.Header, b string, _ error) bool { return s == 200 && b == "" },
	jenkinstest.EmptyObject: func(_ int, _ http.Header, b string, _ error) bool { return b == "{}" },
	jenkinstest.Null:        func(_ int, _ http.Header, b string, _ error) bool { return b == "null" },
	jenkinstest.EmptyArray:  func(_ int, _ http.Header, b string, _ error) bool { return b == "[]" },
	jenkinstest.NoFields:    func(_ int, _ http.Header, b string, _ error) bool { return b == `{"_class":"hudson.model.Queue"}` },
	jenkinstest.WrongClass: func(_ int, _ http.Header, b string, _ error) bool {
		return strings.HasPrefix(b, `{"_class":"com.example.`) && json.Valid([]byte(b))
	},
	jenkinstest.Truncated: func(_ int, _ http.Header, b string, err error) bool { return err == nil && !json.Valid([]byte(b)) },
	jenkinstest.Trailing:  func(_ int, _ http.Header, b string, _ error) bool { return strings.HasSuffix(b, "-->") },
	jenkinstest.TwoDocuments: func(_ int, _ http.Header, b string, _ error) bool {
		return strings.Count(b, `"hudson.model.Queue"`) == 2
	},
	jenkinstest.NaN: func(_ int, _ http.Header, b string, _ error) bool { return strings.Contains(b, ":NaN") },
	jenkinstest.Overflow: func(_ int, _ http.Header, b string, _ error) bool {
		return strings.Contains(b, `"id":99999999999999999999`)
	},
	jenkinstest.InvalidUTF8: func(_ int, _ http.Header, b string, _ error) bool { return strings.ToValidUTF8(b, "") != b },
	jenkinstest.DuplicateKeys: func(_ int, _ http.Header, b string, _ error) bool {
		return strings.Contains(b, `{"_class":"first","_class":`)
	},
	jenkinstest.Deep: func(_ int, _ http.Header, b string, _ error) bool { return strings.Count(b, "[") == 10000 },
	jenkinstest.Huge: func(_ int, _ http.Header, b string, _ error) bool { return len(b) >= 100<<20 && json.Valid([]byte(b)) },
}

func TestEachFaultIsWhatItSays(t *testing.T) {
	j := jenkinstest.New(jenkinstest.Options{})
	j.AddJob(jenkinstest.Job{Name: "compile", Label: "linux"})
	j.Enqueue("compile", 2)
	url := j.Start(t) + "/queue/api/json"
	for _, kind := range jenkinstest.Faults {
		if effects[kind] == nil && kind != jenkinstest.Hang && kind != jenkinstest.HangBody {
			t.Errorf("nothing is known of the fault %s", kind)
		}
	}
	for kind, want := range effects {
		t.Run(string(kind), func(t *testing.T) {
			j.FaultTimes(kind, 1, "/queue/")
			s, h, b, err := ask(t.Context(), t, j, url)
			if !want(s, h, b, err) {
				t.Errorf("answer = %d %v %.200s, error %v", s, h, b, err)
			}
			if s, _, b, err := ask(t.Context(), t, j, url); s != 200 || err != nil || strings.Count(b, `"inQueueSince"`) != 2 {
				t.Errorf("after the fault: %d %s, error %v", s, b, err)
			}
			j.Heal()
		})
	}
}

func TestAJenkinsThatHangsAnswersOnceItIsHealed(t *testing.T) {
	for _, kind := range []jenkinstest.Fault{jenkinstest.Hang, jenkinstest.HangBody} {
		t.Run(string(kind), func(t *testing.T) {
			j := jenkinstest.New(jenkinstest.Options{})
			url := j.Start(t) + "/queue/api/json"
			j.Fault(kind)
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			if _, _, _, err := ask(ctx, t, j, url); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("a Jenkins that hangs: %v", err)
			}
			done := make(chan string, 1)
			go func() {
				_, _, b, err := ask(t.Context(), t, j, url)
				if err != nil {
					b = err.Error()
				}
				done <- b
			}()
			j.Heal(kind)
			if b := <-done; !strings.Contains(b, `"items":[]`) {
				t.Errorf("after it was healed: %s", b)
			}
		})
	}
}

func TestCloseEndsWhatHangs(t *testing.T) {
	j := jenkinstest.New(jenkinstest.Options{})
	url, err := j.Listen("127.0.0.1:0", nil)
	if err != nil {
		t.Fatal(err)
	}
	j.Fault(jenkinstest.Hang)
	done := make(chan error, 1)
	go func() {
		_, _, _, err := ask(t.Context(), t, j, url+"/api/json")
		done <- err
	}()
	j.Close()
	if err := <-done; err == nil {
		t.Error("answered by a Jenkins that is closed")
	}
}

func TestNobodyListensAfterACrash(t *testing.T) {
	clock := jenkinstest.NewClock(start)
	j := jenkinstest.New(jenkinstest.Options{Now: clock.Now})
	url := j.Start(t)
	j.Crash()
	_, _, _, err := ask(t.Context(), t, j, url+"/api/json")
	if !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, io.EOF) {
		t.Errorf("a connection to a process that is gone: %v", err)
	}
	clock.Advance(time.Minute)
	if s, _, _, err := ask(t.Context(), t, j, url+"/api/json"); s != 200 || err != nil {
		t.Errorf("a minute later: %d, %v", s, err)
	}
}

func TestTheClockOfJenkinsMayDiffer(t *testing.T) {
	clock := jenkinstest.NewClock(start)
	j := jenkinstest.New(jenkinstest.Options{Now: clock.Now})
	j.SetSkew(10 * time.Minute)
	j.AddJob(jenkinstest.Job{Name: "compile"})
	j.Enqueue("compile", 1)
	code, h := status(t, j, "/queue/api/json")
	if want := start.Add(10 * time.Minute).Format(http.TimeFormat); code != 200 || h.Get("Date") != want {
		t.Errorf("Date: %s, want %s", h.Get("Date"), want)
	}
	if got := get(t, j, "scaler", "/queue/api/json?tree=items[inQueueSince]"); !strings.Contains(got, `"inQueueSince":1795220520000`) {
		t.Errorf("queue = %s, want times of its own clock", got)
	}
}

func TestTheBuiltInNodeIsNamedByVersion(t *testing.T) {
	j := jenkinstest.New(jenkinstest.Options{Version: "2.516.1"})
	if got := get(t, j, "scaler", "/computer/(built-in)/api/json"); !strings.Contains(got, `"displayName":"Built-In Node"`) {
		t.Errorf("built-in node = %s", got)
	}
	if _, h := status(t, j, "/api/json"); h.Get("X-Jenkins") != "2.516.1" {
		t.Errorf("X-Jenkins: %s", h.Get("X-Jenkins"))
	}
}
