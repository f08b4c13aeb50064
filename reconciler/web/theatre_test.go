package web

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"majordomo.dev/reconciler/window"
)

// pipes is a listener whose connections are pipes, so that a server runs in a bubble, by its clock. Nothing is buffered: what a client does not
// read is not written.
type pipes struct {
	conns chan net.Conn
	once  sync.Once
	done  chan struct{}
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), done: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.done) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// theatre is a server with the limits of the real one, and what it shows.
type theatre struct {
	*bench
	t     *testing.T
	scene *scene
	pipes *pipes
	stop  context.CancelFunc
	ended chan error
}

// perform runs a server in a bubble until the test ends.
func perform(t *testing.T, act func(*theatre), change ...func(*Options)) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(window.State{Kind: "State", Version: 1})
		p := &theatre{t: t, scene: s, pipes: newPipes(), ended: make(chan error, 1)}
		p.bench = newBench(t, append(change, showing(s))...)
		ctx, stop := context.WithCancel(t.Context())
		p.stop = stop
		go func() { _ = p.Run(ctx) }()
		go func() {
			p.ended <- serve(ctx, p.pipes, server(p.bench, slog.New(slog.DiscardHandler)), p.Handler)
		}()
		act(p)
		stop()
		if err := <-p.ended; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
}

// dial opens a connection and sends a request for the stream.
func (p *theatre) dial(headers ...string) net.Conn {
	p.t.Helper()
	here, there := net.Pipe()
	p.pipes.conns <- there
	text := "GET /api/v1/stream HTTP/1.1\r\nHost: majordomo\r\n" + strings.Join(append(headers, "\r\n"), "\r\n")
	if len(headers) == 0 {
		text = "GET /api/v1/stream HTTP/1.1\r\nHost: majordomo\r\n\r\n"
	}
	if _, err := io.WriteString(here, text); err != nil {
		p.t.Fatal(err)
	}
	return here
}

// got is an event as a client has it.
type got struct{ id, name, data string }

// ear listens to one stream.
type ear struct {
	conn   net.Conn
	status int
	header http.Header
	heard  chan got // comments have no name
}

// listen opens a stream and reads all that comes.
func (p *theatre) listen(headers ...string) *ear {
	p.t.Helper()
	c := p.dial(headers...)
	e := &ear{conn: c, heard: make(chan got, 1000)}
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		p.t.Fatal(err)
	}
	e.status, e.header = resp.StatusCode, resp.Header
	go func() {
		defer close(e.heard)
		defer func() { _ = c.Close() }()
		lines := bufio.NewScanner(resp.Body)
		lines.Buffer(nil, 1<<24)
		var now got
		for lines.Scan() {
			field, value, _ := strings.Cut(lines.Text(), ": ")
			switch field {
			case "id":
				now.id = value
			case "event":
				now.name = value
			case "data":
				now.data = value
			case "":
				if now.name != "" || value != "" {
					e.heard <- now
				}
				now = got{}
			default:
				if strings.HasPrefix(lines.Text(), ":") {
					e.heard <- got{name: "heartbeat"}
				}
			}
		}
	}()
	return e
}

// next is the next event that is no heartbeat.
func (e *ear) next(t *testing.T) got {
	t.Helper()
	late := time.After(time.Minute)
	for {
		select {
		case g, open := <-e.heard:
			if !open {
				t.Fatal("the stream ended")
			}
			if g.name != "heartbeat" {
				return g
			}
		case <-late:
			t.Fatal("no event within a minute")
		}
	}
}

// quiet lists what is heard in a time.
func (e *ear) quiet(d time.Duration) []string {
	<-time.After(d)
	synctest.Wait()
	var names []string
	for {
		select {
		case g, open := <-e.heard:
			if !open {
				return append(names, "end")
			}
			names = append(names, g.name)
		default:
			return names
		}
	}
}

func (e *ear) close() { _ = e.conn.Close() }

func decode[T any](t *testing.T, g got) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(g.data), &v); err != nil {
		t.Fatalf("%s: %v", g.data, err)
	}
	return v
}
