package stage_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"majordomo.dev/e2e/browser/stage"
	"majordomo.dev/e2e/browser/world"
	"majordomo.dev/reconciler/window"
)

var now = time.Date(2026, 3, 10, 10, 41, 5, 0, time.UTC)

func TestWhatChangesIsAnswered(t *testing.T) {
	w, err := world.New("normal", now)
	if err != nil {
		t.Fatal(err)
	}
	s := stage.New(w, func() time.Time { return now })
	h, err := s.Handler(slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	before, changed := s.State(), s.Changed()
	s.Change(func(state *window.State) { state.Pools[0].Busy = 77 })
	select {
	case <-changed:
	default:
		t.Error("nobody was told of the change")
	}
	if before.Pools[0].Busy == 77 {
		t.Error("a state that was handed out has changed")
	}
	answer := httptest.NewRecorder()
	ask := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/v1/state", http.NoBody)
	ask.Header.Set("Authorization", "Bearer "+stage.Reader)
	h.ServeHTTP(answer, ask)
	var got window.State
	if err := json.Unmarshal(answer.Body.Bytes(), &got); err != nil {
		t.Fatalf("%v: %s", err, answer.Body)
	}
	if diff := cmp.Diff(s.State(), got); diff != "" {
		t.Errorf("the state differs from the answer: %s", diff)
	}
}
