package cluster

import (
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"k8s.io/client-go/rest"

	"majordomo.dev/reconciler/plan"
)

// headers notes the identity of every request.
type headers struct {
	next http.RoundTripper
	mu   sync.Mutex
	seen map[string]int
}

func (h *headers) RoundTrip(r *http.Request) (*http.Response, error) {
	h.mu.Lock()
	h.seen[r.Header.Get("Impersonate-User")]++
	h.mu.Unlock()
	return h.next.RoundTrip(r)
}

func TestEveryRequestCarriesTheEnvironmentsIdentity(t *testing.T) {
	e := newEnv(t)
	var h *headers
	config := rest.CopyConfig(real.Config())
	config.Wrap(func(next http.RoundTripper) http.RoundTripper {
		h = &headers{next: next, seen: map[string]int{}}
		return h
	})
	account := e.name + "/deployer"
	c, err := NewServer(config, slog.New(slog.DiscardHandler)).Client(e.name, &account)
	if err != nil {
		t.Fatal(err)
	}
	e.client = c
	out := e.sync(e.configMap("a", map[string]any{"k": "v"}))
	for _, r := range out {
		if r.Step.Op != plan.Refuse || !strings.Contains(r.Step.Reason, "forbidden for system:serviceaccount:"+e.name+":deployer") {
			t.Errorf("an account without rights: %s %q %v, want a refusal that names it", r.Step.Op, r.Step.Reason, r.Err)
		}
	}
	if len(h.seen) != 1 || h.seen["system:serviceaccount:"+e.name+":deployer"] == 0 {
		t.Errorf("identities of the requests: %v, want only the deployer", h.seen)
	}
}

func TestEmptyIdentityIsRefused(t *testing.T) {
	s := NewServer(real.Config(), slog.New(slog.DiscardHandler))
	for _, account := range []string{"", "/", "ns/", "/name", "name", "a/b/c"} {
		if _, err := s.Client("gke", &account); !errors.Is(err, ErrNoIdentity) {
			t.Errorf("serviceAccount %q: error %v, want %v", account, err, ErrNoIdentity)
		}
	}
	if _, err := s.Client("gke", nil); err != nil {
		t.Errorf("without a serviceAccount: %v, want the program's own identity", err)
	}
}
