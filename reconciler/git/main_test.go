package git

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// open returns a Mirror that is closed with the test.
func open(t testing.TB, o Options) *Mirror {
	t.Helper()
	m, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	return m
}

// fetchHead fetches what Head names.
func fetchHead(t testing.TB, m *Mirror) *Commit {
	t.Helper()
	h, err := m.Head(t.Context())
	if err != nil {
		t.Fatalf("Head: %v", err)
	}
	c, err := m.Fetch(t.Context(), h)
	if err != nil {
		t.Fatalf("Fetch(%s): %v", h, err)
	}
	return c
}

// wantReason fails the test unless err is an Error with that reason.
func wantReason(t testing.TB, err error, want Reason) {
	t.Helper()
	if got := ReasonOf(err); got != want {
		t.Fatalf("error %v has reason %q, want %q", err, got, want)
	}
}
