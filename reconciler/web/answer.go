package web

import (
	"encoding/json"
	"net/http"
	"strings"
)

// Problem is the answer of the API to what it does not do.
type Problem struct {
	Error Fault `json:"error"`
}

// Fault says what is wrong.
type Fault struct {
	Code    string `json:"code"`            // one word: NotFound
	Message string `json:"message"`         // a sentence
	Field   string `json:"field,omitempty"` // of the request that is wrong
}

// codes are the words for statuses.
var codes = map[int]string{
	http.StatusBadRequest: "BadRequest", http.StatusUnauthorized: "Unauthorized", http.StatusForbidden: "Forbidden", http.StatusNotFound: "NotFound",
	http.StatusMethodNotAllowed: "MethodNotAllowed", http.StatusConflict: "Conflict", http.StatusTooManyRequests: "TooManyRequests",
	http.StatusInternalServerError: "InternalError", http.StatusServiceUnavailable: "Unavailable",
}

// sendJSON answers with a value.
func sendJSON(w http.ResponseWriter, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		http.Error(w, "the state is not JSON", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(b, '\n'))
}

// decline answers with an error: JSON to those who use the API, a line of text to others.
func decline(w http.ResponseWriter, r *http.Request, status int, message string) {
	if !strings.HasPrefix(r.URL.Path, "/api/") {
		http.Error(w, message, status)
		return
	}
	fail(w, status, Fault{Message: message})
}

// fail answers with an error of the API. Where it has no code, it is the word for the status.
func fail(w http.ResponseWriter, status int, f Fault) {
	if f.Code == "" {
		f.Code = codes[status]
	}
	b, _ := json.Marshal(Problem{Error: f}) // three texts
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n'))
}
