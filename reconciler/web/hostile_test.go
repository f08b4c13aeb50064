package web

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// endless is a body without an end.
type endless struct{ read int64 }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	e.read += int64(len(p))
	return len(p), nil
}

func TestEndlessBodyIsCutOff(t *testing.T) {
	b, body := newBench(t), &endless{}
	r := senders[0].request(t, nil)
	r.Body, r.ContentLength = io.NopCloser(body), -1
	b.expect(t, r, tooLarge)
	if body.read > 2*maxBody {
		t.Errorf("%d bytes were read", body.read)
	}
}

func TestDeclaredLengthOverTheLimitIsNotRead(t *testing.T) {
	b, body := newBench(t), &endless{}
	r := senders[0].request(t, nil)
	r.Body, r.ContentLength = io.NopCloser(body), maxBody+1
	b.expect(t, r, tooLarge)
	if body.read != 0 {
		t.Errorf("%d bytes were read", body.read)
	}
}

func TestBodyOfExactlyTheLimit(t *testing.T) {
	b := newBench(t)
	fill := func(n int) []byte {
		return append([]byte(`{"ref":"refs/heads/main"}`), bytes.Repeat([]byte(" "), n-25)...)
	}
	b.expect(t, senders[0].request(t, fill(maxBody)), accepted)
	b.expect(t, senders[0].request(t, fill(maxBody+1)), tooLarge)
}

func TestGzipBombIsNotUnpacked(t *testing.T) {
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	_, _ = io.CopyN(z, &endless{}, 8<<20)
	_ = z.Close()
	b := newBench(t)
	r := senders[0].request(t, bomb.Bytes())
	r.Header.Set("Content-Encoding", "gzip")
	b.expect(t, r, "415 compressed payloads are not taken")
	b.expect(t, senders[0].request(t, bomb.Bytes()), notObject)
}

// wrongs are values of every type to put in the place of another.
var wrongs = []string{
	"null", "true", "7", "-1e999", `""`, `"x"`, "[]", "[null]", "[[]]", `[{"href":7}]`, "{}", `{"ref":{}}`, `{"links":[]}`,
	strings.Repeat("[", 300) + strings.Repeat("]", 300), strings.Repeat(`{"a":`, 300) + "1" + strings.Repeat("}", 300),
}

func TestWrongTypesInEveryField(t *testing.T) {
	each(t, func(t *testing.T, s sender) {
		b := newBench(t, func(o *Options) { o.Repository = s.clone })
		body := s.payload(t)
		for _, name := range names(t, body) {
			for _, wrong := range append(wrongs, "") {
				b.now.Add(replayWindowSeconds)
				r := s.request(t, replaceField(body, name, wrong))
				if s.name == "gitlab signed" {
					r.Header.Set("Webhook-Timestamp", fmt.Sprint(noon.Unix()+b.now.Load()))
					s.sign(r.Header, current, replaceField(body, name, wrong))
				}
				if got := b.send(r); !strings.HasPrefix(got, "20") && !strings.HasPrefix(got, "400 ") {
					t.Errorf("%s = %.40s: %q", name, wrong, got)
				}
			}
		}
		if p := b.board.Snapshot().Panics; len(p) != 0 {
			t.Errorf("panics: %v", p)
		}
	})
}

const replayWindowSeconds = int64(replayWindow / time.Second)

// names lists the fields of a payload, at any depth.
func names(t *testing.T, body []byte) []string {
	t.Helper()
	var out []string
	for part := range bytes.SplitSeq(body, []byte(`":`)) {
		if i := bytes.LastIndexByte(part, '"'); i >= 0 {
			out = append(out, string(part[i+1:]))
		}
	}
	if len(out) < 3 {
		t.Fatalf("fields %v", out)
	}
	return out
}

// replaceField puts another value after each field of this name, and takes the field away where the value is "".
func replaceField(body []byte, name, value string) []byte {
	mark := []byte(`"` + name + `":`)
	var out []byte
	for {
		i := bytes.Index(body, mark)
		if i < 0 {
			return append(out, body...)
		}
		end := i + len(mark)
		if value == "" {
			out = append(append(out, body[:i]...), `"gone":`...)
			body = body[end:]
			continue
		}
		out = append(append(out, body[:end]...), value...)
		d := json.NewDecoder(bytes.NewReader(body[end:]))
		var old json.RawMessage
		if d.Decode(&old) != nil {
			return append(out, body[end:]...)
		}
		body = body[end+int(d.InputOffset()):]
	}
}

func TestOddJSON(t *testing.T) {
	for _, c := range []struct{ name, body, want string }{
		{"empty", "", notObject},
		{"null", "null", notObject},
		{"a list", `[{"ref":"refs/heads/main"}]`, notObject},
		{"a string", `"refs/heads/main"`, notObject},
		{"two documents", `{"ref":"refs/heads/main"}{}`, notObject},
		{"cut short", `{"ref":"refs/heads/main"`, notObject},
		{"too deep", `{"ref":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + "}", notObject},
		{"a field twice: the last counts", `{"ref":"refs/heads/main","ref":"refs/heads/x"}`, otherRef},
		{"a field in other letters is another field", `{"REF":"refs/heads/main"}`, "400 the payload names no ref"},
		{"NaN", `{"ref":NaN}`, notObject},
		{"UTF-16", "\xff\xfe{\x00}\x00", notObject},
		{"a BOM", "\xef\xbb\xbf{}", notObject},
		{"invalid UTF-8 in the ref", "{\"ref\":\"refs/heads/main\xff\"}", otherRef},
		{"a NUL in the ref", `{"ref":"refs/heads/main\u0000"}`, otherRef},
	} {
		t.Run(c.name, func(t *testing.T) { newBench(t).expect(t, senders[7].request(t, []byte(c.body)), c.want) })
	}
}

func TestFloodIsTurnedAway(t *testing.T) {
	b := newBench(t, func(o *Options) { o.Now = func() time.Time { return noon } })
	s, codes := senders[7], map[string]int{}
	s.headers = nil
	for range 1000 {
		codes[b.send(s.request(t, s.payload(t)))]++
	}
	if codes[accepted] != hookPace().eachBurst || codes["429 too many webhooks; polling goes on"] != 1000-hookPace().eachBurst {
		t.Errorf("answers %v", codes)
	}
	r := s.request(t, s.payload(t))
	r.RemoteAddr = "198.51.100.7:1234"
	b.expect(t, r, accepted) // the flood of one source does not count against all
}

func TestSourceIsThePeer(t *testing.T) {
	b := newBench(t, func(o *Options) { o.Now = func() time.Time { return noon } })
	s, ok := senders[7], 0
	s.headers = nil
	for i := range 200 {
		r := s.request(t, s.payload(t))
		for _, name := range []string{"X-Forwarded-For", "X-Real-IP", "Forwarded", "X-Forwarded-Host", "True-Client-IP"} {
			r.Header.Set(name, fmt.Sprintf("203.0.113.%d", i))
		}
		if b.send(r) == accepted {
			ok++
		}
	}
	if ok != hookPace().eachBurst {
		t.Errorf("%d accepted, want %d: the peer can choose its source", ok, hookPace().eachBurst)
	}
}

func TestManySourcesShareTheOverallLimit(t *testing.T) {
	l, ok := newLimits(hookPace()), 0
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/hooks/git", nil)
	for i := range 100000 {
		r.RemoteAddr = fmt.Sprintf("10.%d.%d.%d:1", i>>16, i>>8&255, i&255)
		if l.allow(r, noon) {
			ok++
		}
	}
	if ok != hookPace().allBurst {
		t.Errorf("%d allowed, want %d", ok, hookPace().allBurst)
	}
	r.RemoteAddr = "192.0.2.1:1"
	if !l.allow(r, noon.Add(time.Hour)) {
		t.Error("an hour later nobody is let in")
	}
}

func TestSourceOfAddress(t *testing.T) {
	for addr, want := range map[string]string{
		"192.0.2.1:5": "192.0.2.1", "[::ffff:192.0.2.1]:5": "192.0.2.1", "[2001:db8::1]:5": "2001:db8::/64",
		"[2001:db8::ffff:1]:6": "2001:db8::/64", "[fe80::1%eth0]:6": "fe80::/64", "@": "@",
	} {
		if got := source(&http.Request{RemoteAddr: addr}); got != want {
			t.Errorf("source(%s) = %s, want %s", addr, got, want)
		}
	}
}

func TestPlacesForBodiesAreLimited(t *testing.T) {
	b, s := newBench(t), senders[0]
	for range inFlight {
		b.hook.limits.enter()
	}
	r := s.request(t, s.payload(t))
	b.expect(t, r, "503 too many webhooks at once; polling goes on")
	b.hook.limits.leave()
	b.expect(t, s.request(t, s.payload(t)), accepted)
	b.now.Add(1)
	if got := b.send(s.request(t, s.payload(t))); got != duplicate {
		t.Errorf("a place was not given back: %q", got)
	}
}

func TestCrossSitePostIsRefused(t *testing.T) {
	b, s := newBench(t), senders[0]
	for name, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"} {
		r := s.request(t, s.payload(t))
		r.Header.Set(name, value)
		if got := b.send(r); !strings.HasPrefix(got, "403 ") {
			t.Errorf("%s: %q", name, got)
		}
	}
	r := s.request(t, s.payload(t))
	r.Header.Set("Sec-Fetch-Site", "same-site")
	if got := b.send(r); !strings.HasPrefix(got, "403 ") {
		t.Errorf("same-site: %q", got)
	}
}

func TestPayloadReachesNoLog(t *testing.T) {
	var log bytes.Buffer
	b := newBench(t, func(o *Options) {
		o.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	evil := "refs/heads/\x1b[31mmain\nlevel=ERROR msg=owned"
	for _, s := range senders {
		body := fmt.Appendf(nil, `{"ref":%q,"repository":{"clone_url":%q},"changes":[{"ref":{"id":%q}}]}`, evil, evil, evil)
		r := s.request(t, body)
		for _, name := range []string{"X-GitHub-Delivery", "X-Request-UUID", "User-Agent"} {
			r.Header[name] = []string{evil}
		}
		b.send(r)
		b.now.Add(10)
		r = s.request(t, body)
		r.Header["X-GitHub-Event"], r.URL.RawQuery = []string{evil}, "a\nb"
		b.send(r)
	}
	if text := log.String(); strings.Contains(text, "owned") || strings.Contains(text, "\x1b") || strings.Contains(text, current) || text == "" {
		t.Errorf("log:\n%s", text)
	}
	for _, c := range b.board.Snapshot().Webhooks {
		if strings.Contains(strings.Join(c.Labels, ""), "owned") {
			t.Errorf("a label comes from outside: %v", c.Labels)
		}
	}
}
