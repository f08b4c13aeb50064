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
	s, eyes := h.o.Board.Snapshot(), h.eyes(r.Context())
	l := List{APIVersion: "majordomo.dev/v1alpha1", Kind: "EnvironmentStatusList", Leader: s.Leader, Source: s.Source, Items: []Item{}}
	for _, e := range s.Environments {
		if eyes.see(e.Name) {
			l.Items = append(l.Items, Item{Name: e.Name, Next: e.Next, Status: e.Status})
		}
	}
	if eyes.err != nil {
		h.unknowable(w, r, eyes.err)
		return
	}
	sendJSON(w, l)
}

func (h *Handler) pools(w http.ResponseWriter, r *http.Request) {
	eyes := h.eyes(r.Context())
	list := h.o.Pools(eyes.see)
	if eyes.err != nil {
		h.unknowable(w, r, eyes.err)
		return
	}
	sendJSON(w, list)
}
