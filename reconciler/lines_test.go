package main

import (
	"bufio"
	"io"
	"strings"
	"testing"
	"time"
)

// lines are those that a program prints while it goes on.
type lines struct {
	t    *testing.T
	read <-chan string
}

func newLines(t *testing.T, from io.Reader) lines {
	t.Helper()
	out := make(chan string, 100)
	go func() {
		defer close(out)
		s := bufio.NewScanner(from)
		s.Buffer(nil, 1<<20)
		for s.Scan() {
			out <- s.Text()
		}
	}()
	return lines{t, out}
}

// next waits for the next line that has all the parts, in this order.
func (l lines) next(parts ...string) string {
	l.t.Helper()
	var passed []string
	limit := time.After(time.Minute)
	for {
		select {
		case line, ok := <-l.read:
			if !ok {
				l.t.Fatalf("no line with %q; the last were\n%s", parts, strings.Join(passed, "\n"))
			}
			if inOrder(line, parts) {
				return line
			}
			passed = append(passed, line)
		case <-limit:
			l.t.Fatalf("no line with %q in time; the last were\n%s", parts, strings.Join(passed, "\n"))
		}
	}
}

func inOrder(text string, parts []string) bool {
	for _, p := range parts {
		_, after, ok := strings.Cut(text, p)
		if !ok {
			return false
		}
		text = after
	}
	return true
}

func first[T, U any](v T, _ U) T { return v }

// until waits until the cluster is as it shall be.
func (s *site) until(done func() bool) {
	s.t.Helper()
	limit := time.After(time.Minute)
	for tick := time.NewTicker(20 * time.Millisecond); !done(); {
		select {
		case <-tick.C:
		case <-limit:
			s.t.Fatal("not in time")
		}
	}
}
