package web

import (
	"net/http"
	"time"

	"majordomo.dev/reconciler/status"
)

// List is the answer of /api/v1/environments.
type List struct {
	APIVersion string        `json:"apiVersion"` // majordomo.dev/v1alpha1
	Kind       string        `json:"kind"`       // EnvironmentStatusList
	Leader     bool          `json:"leader"`
	Source     status.Source `json:"source"`
	Items      []Item        `json:"items"`
}

// Item is one environment of a List.
type Item struct {
	Name   string             `json:"name"`
	Next   time.Time          `json:"next,omitzero"` // when it is looked at again
	Status status.Environment `json:"status"`
}

func (h *Handler) environments(w http.ResponseWriter, r *http.Request) {
	seen, err := h.sight(r.Context())
	if err != nil {
		h.unknowable(w, r, err)
		return
	}
	s := h.o.Board.Snapshot()
	l := List{APIVersion: "majordomo.dev/v1alpha1", Kind: "EnvironmentStatusList", Leader: s.Leader, Source: s.Source, Items: []Item{}}
	for _, e := range s.Environments {
		if seen(e.Name) {
			l.Items = append(l.Items, Item{Name: e.Name, Next: e.Next, Status: e.Status})
		}
	}
	sendJSON(w, l)
}

func (h *Handler) pools(w http.ResponseWriter, r *http.Request) {
	seen, err := h.sight(r.Context())
	if err != nil {
		h.unknowable(w, r, err)
		return
	}
	sendJSON(w, h.o.Pools(seen))
}
