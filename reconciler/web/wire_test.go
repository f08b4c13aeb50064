package web

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// live runs a real server with short limits and returns its address.
func live(t *testing.T, b *bench) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := server(b, slog.New(slog.DiscardHandler))
	s.ReadHeaderTimeout, s.ReadTimeout = time.Second, time.Second
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- serve(ctx, l, s, b.Handler) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return l.Addr().String()
}

// raw sends bytes and returns all answers until the server closes.
func raw(t *testing.T, addr, text string) string {
	t.Helper()
	c, err := new(net.Dialer).DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.WriteString(c, text); err != nil {
		return ""
	}
	out, err := io.ReadAll(c)
	var netErr net.Error
	if errors.As(err, &netErr) && netErr.Timeout() {
		t.Fatalf("the server did not close; so far %q", out)
	}
	return string(out)
}

func statusLines(text string) []string {
	var out []string
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "HTTP/1.") {
			out = append(out, strings.TrimSpace(line[9:]))
		}
	}
	return out
}

const hello = "POST /hooks/git HTTP/1.1\r\nHost: majordomo\r\nContent-Type: application/json\r\nX-Signature: sha256="

func TestSlowAndLyingClients(t *testing.T) {
	b := newBench(t)
	addr := live(t, b)
	t.Cleanup(func() {
		if b.wakes.Load() != 0 {
			t.Error("the loop was woken")
		}
	})
	zero := strings.Repeat("0", 64)
	for _, c := range []struct{ name, send, want string }{
		{"headers that never end", "POST /hooks/git HTTP/1.1\r\nHost: x\r\nX-A: ", ""},
		{"a body that never comes", hello + zero + "\r\nContent-Length: 100\r\n\r\n{", "400 Bad Request"},
		{"a chunked body that never ends", hello + zero + "\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"a\":", "400 Bad Request"},
		{"a chunk that is none", hello + zero + "\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "400 Bad Request"},
		{"a length that says too much", hello + zero + "\r\nContent-Length: 99999999999\r\n\r\n{}", "413 Request Entity Too Large"},
		{"a length below zero", hello + zero + "\r\nContent-Length: -1\r\n\r\n{}", "400 Bad Request"},
		{"two lengths", hello + zero + "\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}", "400 Bad Request"},
		{"an unknown encoding", hello + zero + "\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "501 Not Implemented"},
		{"an encoding twice", hello + zero + "\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n", "501 Not Implemented"},
		{"a space before the colon", hello + zero + "\r\nContent-Length : 2\r\n\r\n{}", "400 Bad Request"},
		{"a header over two lines", hello + zero + "\r\nX-A: 1\r\n 2\r\nContent-Length: 2\r\n\r\n{}", "401 Unauthorized"},
		{"no host", "POST /hooks/git HTTP/1.1\r\n\r\n", "400 Bad Request: missing required Host header"},
		{"headers of 100 KiB", hello + zero + "\r\nCookie: " + strings.Repeat("a", 100<<10) + "\r\n\r\n", "431 Request Header Fields Too Large"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel() // the slow ones take a second each
			b.now.Add(10)
			got := statusLines(raw(t, addr, c.send))
			if c.want == "" && len(got) == 0 {
				return
			}
			if len(got) != 1 || !strings.HasPrefix(got[0], c.want) {
				t.Errorf("answers %q, want one %q", got, c.want)
			}
		})
	}
}

// What stands behind a request, by whichever of two contradicting lengths, must not be answered as a request of its own.
func TestSmuggledRequestIsNotAnswered(t *testing.T) {
	b := newBench(t)
	addr := live(t, b)
	body := senders[7].payload(t)
	head := hello + sum(current, body) + "\r\n"
	const second = "GET /api/v1/environments HTTP/1.1\r\nHost: majordomo\r\n\r\n"
	for name, text := range map[string]string{
		"behind the length":   head + fmt.Sprintf("Content-Length: %d\r\n\r\n", len(body)) + string(body) + second,
		"chunked with length": head + fmt.Sprintf("Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(body)+99, len(body), body) + second,
		"two at once":         head + fmt.Sprintf("Content-Length: %d\r\n\r\n", len(body)) + string(body) + head + "Content-Length: 0\r\n\r\n",
	} {
		b.now.Add(10)
		if got := statusLines(raw(t, addr, text)); len(got) > 1 {
			t.Errorf("%s: answers %q, want one at most", name, got)
		}
	}
}

func TestHostIsNotBelieved(t *testing.T) {
	b := newBench(t)
	r := senders[0].request(t, senders[0].payload(t))
	r.Host = "evil.example"
	r.Header.Set("X-Forwarded-Host", "evil.example")
	r.Header.Set("X-Forwarded-Proto", "https")
	w := httptest.NewRecorder()
	b.ServeHTTP(w, r)
	if all := fmt.Sprint(w.Header(), w.Body); w.Code != http.StatusAccepted || strings.Contains(all, "evil") || strings.Contains(all, "Strict-Transport") {
		t.Errorf("%d %s", w.Code, all)
	}
}

func TestPathsAreTakenAsTheyAre(t *testing.T) {
	addr := live(t, newBench(t))
	for _, target := range []string{
		"/", "//evil.example", "//evil.example/%2e%2e", "/../../etc/passwd", "/hooks/../metrics", "/hooks/git/", "//hooks/git", "/HOOKS/GIT",
		"/hooks%2fgit/x", "/api/v1/environments/..%2f..", "/metrics/.", "/%2e%2e/", "/healthz%0d%0aX:y", "/debug/pprof/", "/favicon.ico", "/api",
	} {
		out := raw(t, addr, "GET "+target+" HTTP/1.1\r\nHost: majordomo\r\nConnection: close\r\n\r\n")
		if got := statusLines(out); len(got) != 1 || got[0] != "404 Not Found" || strings.Contains(out, "Location:") {
			t.Errorf("%s: %q", target, out)
		}
	}
	out := raw(t, addr, "GET /healthz?to=//evil.example%0d%0aSet-Cookie:a=b HTTP/1.1\r\nHost: majordomo\r\nConnection: close\r\n\r\n")
	if got := statusLines(out); got[0] != "200 OK" || strings.Contains(out, "evil") || strings.Contains(out, "Set-Cookie") {
		t.Errorf("a query is reflected: %q", out)
	}
	if _, err := http.ReadResponse(bufio.NewReader(strings.NewReader(out)), nil); err != nil {
		t.Error(err)
	}
}
