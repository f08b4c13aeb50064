package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"majordomo.dev/jenkins"
)

func TestOptionsThatCannotBe(t *testing.T) {
	good := func() Options {
		return Options{URL: "https://jenkins.example.com", User: "scaler", Token: NewSecret(canary)}
	}
	if _, err := New(good()); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(*Options)
		say    string
	}{
		"no URL":             {func(o *Options) { o.URL = "" }, "want http or https"},
		"no scheme":          {func(o *Options) { o.URL = "jenkins.example.com" }, "want http or https"},
		"host:port":          {func(o *Options) { o.URL = "jenkins:8080" }, "want http or https"},
		"ftp":                {func(o *Options) { o.URL = "ftp://jenkins" }, `scheme "ftp"`},
		"file":               {func(o *Options) { o.URL = "file:///etc/passwd" }, `scheme "file"`},
		"opaque":             {func(o *Options) { o.URL = "http:jenkins" }, "names no host"},
		"no host":            {func(o *Options) { o.URL = "http:///ci" }, "names no host"},
		"port alone":         {func(o *Options) { o.URL = "http://:8080" }, "names no host"},
		"port 0":             {func(o *Options) { o.URL = "http://jenkins:0" }, "port 0"},
		"port 65536":         {func(o *Options) { o.URL = "http://jenkins:65536" }, "port 65536"},
		"user":               {func(o *Options) { o.URL = "http://scaler:" + canary + "@jenkins" }, "belong into the Secret"},
		"user, broken":       {func(o *Options) { o.URL = "http://scaler:" + canary + "@jen kins:x" }, "is none"},
		"query":              {func(o *Options) { o.URL = "http://jenkins?token=" + canary }, "query or fragment"},
		"bare query":         {func(o *Options) { o.URL = "http://jenkins?" }, "query or fragment"},
		"fragment":           {func(o *Options) { o.URL = "http://jenkins#" + canary }, "query or fragment"},
		"dots":               {func(o *Options) { o.URL = "http://jenkins/a/../b" }, "/../"},
		"double slash":       {func(o *Options) { o.URL = "http://jenkins//a" }, "without //"},
		"control character":  {func(o *Options) { o.URL = "http://jenkins/\n" }, "is none"},
		"S05 metadata":       {func(o *Options) { o.URL = "http://169.254.169.254/latest" }, "metadata"},
		"S05 link-local":     {func(o *Options) { o.URL = "http://[fe80::1%25eth0]:80" }, "link-local"},
		"token without user": {func(o *Options) { o.User = "" }, "user: is empty"},
		"user without token": {func(o *Options) { o.Token = Secret{} }, "neither token nor password"},
		"both":               {func(o *Options) { o.Password = NewSecret(canary) }, "give the token alone"},
		"user with a colon":  {func(o *Options) { o.User = "a:b" }, "colon"},
		"token with a line":  {func(o *Options) { o.Token = NewSecret(canary + "\n") }, "line break"},
		"CA of junk":         {func(o *Options) { o.CA = []byte("junk") }, "no certificate"},
		"timeout":            {func(o *Options) { o.Timeout = -time.Second }, "timeout: is -1s"},
		"body":               {func(o *Options) { o.MaxBody = -1 }, "maxBody"},
	} {
		o := good()
		c.change(&o)
		_, err := New(o)
		if err == nil || !strings.Contains(err.Error(), c.say) {
			t.Errorf("%s: %v, want %q in it", name, err, c.say)
		}
		if err != nil && strings.Contains(err.Error(), canary) {
			t.Errorf("%s: the error shows the token: %v", name, err)
		}
	}
	o := good()
	o.URL, o.User, o.CA = "ftp://x", "a:b", []byte("junk")
	if _, err := New(o); strings.Count(fmt.Sprint(err), "\n") != 2 {
		t.Errorf("not all that is wrong is said: %v", err)
	}
}

func TestURLsThatAreFine(t *testing.T) {
	for in, want := range map[string]string{
		"http://jenkins": "http://jenkins", "https://Jenkins.Example.COM/": "https://jenkins.example.com", "http://[::1]:8080/ci/": "http://[::1]:8080/ci",
		"http://127.0.0.1": "http://127.0.0.1", "http://jenkins/a%20b": "http://jenkins/a%20b", "http://jenkins/a%2Fb//": "http://jenkins/a%2Fb",
	} {
		u, err := baseURL(in)
		if err != nil || u.String() != want {
			t.Errorf("baseURL(%q) = %v, %v, want %s", in, u, err, want)
		}
	}
}

// S06: whatever happens, and however it is printed, the credentials do not show.
func TestCredentialsNeverShow(t *testing.T) {
	var log bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	f := newFake(t)
	echo := func(w http.ResponseWriter, r *http.Request) { // repeats all that it is told
		_, token, _ := r.BasicAuth()
		w.Header().Set("X-Error", "you sent "+r.Header.Get("Authorization"))
		w.Header().Set("X-Required-Permission", token)
		w.Header().Set("Content-Type", "text/"+token)
		w.Header().Set("Location", "/"+token)
		status := map[string]int{"POST": 403, "GET": 500}[r.Method]
		w.WriteHeader(status)
		fmt.Fprintf(w, "<title>%s %s %s</title>", strings.Repeat("x", 100), token, r.Header.Get("Authorization"))
	}
	for _, o := range []func(*Options){func(*Options) {}, password} {
		c := f.client(o)
		for _, what := range []string{"GET " + queuePath, "GET " + whoPath, "GET /computer/a/api/json", "POST /computer/a/changeOfflineCause", "GET /crumbIssuer/api/json"} {
			f.handle(what, echo)
		}
		_, err1 := c.Snapshot(t.Context())
		_, err2 := c.Computer(t.Context(), "a")
		_, err3 := c.WhoAmI(t.Context())
		err4 := c.Park(t.Context(), "a", "x")
		for _, err := range []error{err1, err2, err3, err4} {
			if err == nil {
				t.Fatal("an echo was taken for Jenkins")
			}
			logger.Error("asked", "err", err, "client", c, "options", c.options)
			for _, v := range []any{err, c, *c.api, c.options, errors.Unwrap(err)} {
				fmt.Fprintf(&log, "%v %+v %#v %s %q %x\n", v, v, v, v, v, v)
			}
			if text, e := json.Marshal(c.options.Token); e == nil {
				log.Write(text)
			}
		}
	}
	for _, form := range []string{canary, canary[:12], "c2NhbGVyOm", fmt.Sprintf("%x", canary), fmt.Sprintf("%X", canary)} {
		if strings.Contains(log.String(), form) {
			i := strings.Index(log.String(), form)
			t.Errorf("%q shows: ...%s", form, log.String()[max(0, i-200):min(log.Len(), i+80)])
		}
	}
	if !strings.Contains(log.String(), Redacted) {
		t.Error("nothing was printed")
	}
}

func TestSecret(t *testing.T) {
	s := NewSecret(canary)
	if s.reveal() != canary || s.IsZero() || !(Secret{}).IsZero() || NewSecret("") != (Secret{}) || (Secret{}).reveal() != "" || (Secret{}).String() != "" {
		t.Error("a secret does not keep its text")
	}
	for c := 'A'; c <= 'z'; c++ {
		for _, v := range []any{s, &s, []Secret{s}, map[string]Secret{"k": s}, struct{ hidden Secret }{s}, struct{ p *Secret }{&s}} {
			if out := fmt.Sprintf("%"+string(c)+" %+"+string(c)+" %#"+string(c), v, v, v); strings.Contains(out, "canary") || strings.Contains(out, "63616e") {
				t.Errorf("%%%c shows it: %s", c, out)
			}
		}
	}
}

// A panic inside of the request is a fault, not the end of Majordomo.
func TestPanicsAreFaults(t *testing.T) {
	c := open(t, "http://jenkins", func(o *Options) {
		o.Transport = roundTrip(func(*http.Request) (*http.Response, error) { panic("with " + canary) })
	})
	_, err := c.Snapshot(t.Context())
	wantFault(t, err, jenkins.BadAnswer, "panicked: with REDACTED")
}

// What gojenkins returns without an answer that the guard has let through is no success.
func TestOnlyTheGuardDecides(t *testing.T) {
	c := open(t, "http://jenkins", func(o *Options) { o.Transport = canned{} })
	c.api.Client = &http.Client{Transport: canned{queuePath: "", computersPath: ""}} // past the guard: gojenkins makes an empty body of it
	_, err := c.Snapshot(t.Context())
	wantFault(t, err, jenkins.BadAnswer, "without an answer or an error")
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
