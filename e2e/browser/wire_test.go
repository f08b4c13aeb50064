package browser_test

import (
	"io"
	"net"
	"sync"
	"testing"
)

// wire is what lies between the browser and the server, and can be cut.
type wire struct {
	t       *testing.T
	address string // where the browser connects to
	server  string

	mu       sync.Mutex
	listener net.Listener // nil while the wire is cut
	open     map[net.Conn]bool
	done     sync.WaitGroup
}

// lay lays a wire to a server.
func lay(t *testing.T, server string) *wire {
	t.Helper()
	w := &wire{t: t, address: "127.0.0.1:0", server: server, open: map[net.Conn]bool{}}
	w.mend()
	t.Cleanup(w.cut)
	return w
}

// mend lets connections through, at the address that the wire has had from the beginning.
func (w *wire) mend() {
	w.t.Helper()
	l, err := net.Listen("tcp", w.address) //nolint:noctx // cut closes it
	if err != nil {
		w.t.Fatal(err)
	}
	w.mu.Lock()
	w.listener, w.address = l, l.Addr().String()
	w.mu.Unlock()
	w.done.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			w.done.Go(func() { w.carry(c) })
		}
	})
}

// cut ends all connections at once, and lets none through.
func (w *wire) cut() {
	w.mu.Lock()
	if w.listener != nil {
		_ = w.listener.Close()
	}
	w.listener = nil
	for c := range w.open {
		_ = c.Close()
	}
	w.mu.Unlock()
	w.done.Wait()
}

// carry carries one connection, both ways, until either end leaves it.
func (w *wire) carry(browser net.Conn) {
	server, err := net.Dial("tcp", w.server) //nolint:noctx // cut ends it
	if err != nil {
		_ = browser.Close()
		return
	}
	if !w.hold(browser, server) {
		return
	}
	var both sync.WaitGroup
	for _, way := range [][2]net.Conn{{browser, server}, {server, browser}} {
		both.Go(func() {
			_, _ = io.Copy(way[0], way[1])
			_, _ = browser.Close(), server.Close()
		})
	}
	both.Wait()
	w.mu.Lock()
	delete(w.open, browser)
	delete(w.open, server)
	w.mu.Unlock()
}

// hold notes a connection for cut. A wire that is cut already ends it.
func (w *wire) hold(ends ...net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range ends {
		if w.listener == nil {
			_ = c.Close()
			continue
		}
		w.open[c] = true
	}
	return w.listener != nil
}
