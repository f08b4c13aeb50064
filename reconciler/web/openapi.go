package web

import (
	_ "embed"
	"net/http"
)

// description is the OpenAPI document of all routes. A test makes it from the types of the answers and their comments, and holds every answer
// against it.
//
//go:embed openapi.json
var description []byte

// openapi answers with what there is to ask.
func (h *Handler) openapi(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(description)
}
