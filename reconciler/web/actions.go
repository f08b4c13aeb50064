package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"majordomo.dev/reconciler/access"
	"majordomo.dev/reconciler/status"
)

// maxAction is how long the body of an action may be.
const maxAction = 64 << 10

// Done is the answer to an action: what was done, in the sentence that the command line has for it.
type Done struct {
	Done string `json:"done"`
}

// wish is the body of an action. Which fields count depends on the action; any other one is refused.
type wish struct {
	Reason   string `json:"reason"`
	Hash     string `json:"hash"`
	To       string `json:"to"`
	Agent    string `json:"agent"`
	Replicas *int   `json:"replicas"`
	For      string `json:"for"`
	Undo     bool   `json:"undo"`
}

// act is one kind of action.
type act struct {
	name   string // last part of the path
	do     access.Verb
	undo   bool
	fields string // of the body that it takes
}

// actions are what can be done with an environment, and with a pool.
func actions(pool bool) []act {
	if pool {
		return []act{
			{"scale", access.Scale, false, "replicas for reason"},
			{"drain", access.Drain, false, "agent reason undo"},
			{"suspend", access.Suspend, false, "reason"},
			{"resume", access.Suspend, true, ""},
		}
	}
	return []act{
		{"sync", access.Sync, false, ""},
		{"approve", access.Approve, false, "hash reason"},
		{"rollback", access.Rollback, false, "to undo"},
		{"suspend", access.Suspend, false, "reason"},
		{"resume", access.Suspend, true, ""},
	}
}

// actionRoutes adds what changes something.
func (h *Handler) actionRoutes() {
	for _, a := range actions(false) {
		h.routes.handle(http.MethodPost, "/api/v1/environments/{env}/"+a.name, h.action(a))
	}
	for _, a := range actions(true) {
		h.routes.handle(http.MethodPost, "/api/v1/pools/{env}/{namespace}/{pool}/"+a.name, h.action(a))
	}
}

// action serves one kind of action: who may not see the subject learns nothing of it, and who may not act is told so before anything is done.
func (h *Handler) action(a act) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		wanted := access.Action{
			Who: visiting(r.Context()).person, Do: a.do, Undo: a.undo,
			On: access.Subject{Environment: r.PathValue("env"), Namespace: r.PathValue("namespace"), Pool: r.PathValue("pool")},
		}
		err := h.read(w, r, a, &wanted)
		if err == nil {
			err = h.permit(r, wanted)
		}
		done := ""
		if err == nil {
			done, err = h.o.Act(r.Context(), wanted)
		}
		h.audit(r, a, wanted, err)
		if err != nil {
			refused(w, err)
			return
		}
		h.acts(wanted, done)
		w.Header().Set("Content-Type", "application/json")
		if a.do == access.Sync {
			w.WriteHeader(http.StatusAccepted)
		}
		_ = json.NewEncoder(w).Encode(Done{Done: done})
	}
}

// permit refuses who may not do what they want.
func (h *Handler) permit(r *http.Request, a access.Action) error {
	if v := visiting(r.Context()); !v.known {
		return &access.Refusal{Code: unauthenticated, Err: errors.New("without a login one can look, not act: send a bearer token, or log in at /login")}
	}
	if !h.haste.take(visiting(r.Context()).person.Name, h.o.Now()) {
		return &access.Refusal{Code: access.Limited, Err: errors.New("too many actions in a short time; wait a few seconds")}
	}
	sees, err := h.sees(r.Context(), a.On.Environment)
	if err == nil && sees {
		sees, err = h.may(r.Context(), a.Rights())
		if err == nil && !sees {
			return &access.Refusal{Code: access.Forbidden, Err: fmt.Errorf("you may not %s %s: that takes %s", a.Do, a.On.Key(), a.Rights()[0])}
		}
	}
	switch {
	case err != nil:
		return h.untold(r, "what you may do", err)
	case !sees:
		return &access.Refusal{Code: access.NotFound, Err: fmt.Errorf("no environment %q that you may see", a.On.Environment)}
	}
	return nil
}

// read takes what the body says into the action.
func (h *Handler) read(w http.ResponseWriter, r *http.Request, a act, to *access.Action) error {
	if err := only(r.Header.Get("Content-Type")); err != nil {
		return err
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxAction))
	if err != nil {
		return invalid("", "the body cannot be read, or has more than %d bytes", maxAction)
	}
	var sent map[string]json.RawMessage
	if err := json.Unmarshal(body, &sent); err != nil || sent == nil {
		return invalid("", "the body is no JSON object")
	}
	for field := range sent {
		if !strings.Contains(" "+a.fields+" ", " "+field+" ") || field == "" {
			return invalid(status.Clean(field, 100), "%s takes no such field; allowed: %s", a.name, orNone(a.fields))
		}
	}
	var in wish
	d := json.NewDecoder(bytes.NewReader(body))
	if err := d.Decode(&in); err != nil {
		return invalid(field(err), "%s", status.Clean(strings.TrimPrefix(err.Error(), "json: "), 300))
	}
	return in.into(a, to)
}

// only refuses a body that is not JSON by its type, as the forms of other sites are.
func only(contentType string) error {
	if kind, _, err := mime.ParseMediaType(contentType); err != nil || kind != "application/json" {
		return invalid("", "the body is %q; want application/json", status.Clean(contentType, 100))
	}
	return nil
}

func orNone(fields string) string {
	if fields == "" {
		return "none"
	}
	return strings.Join(strings.Fields(fields), ", ")
}

// field returns the field whose value has the wrong type.
func field(err error) string {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return wrong.Field
	}
	return ""
}

// into brings a wish into the action.
func (in wish) into(a act, to *access.Action) error {
	to.Reason, to.Hash, to.Commit, to.Agent, to.Undo = in.Reason, in.Hash, in.To, in.Agent, a.undo || in.Undo
	switch {
	case a.do == access.Approve && in.Hash == "":
		return invalid("hash", "is missing; it names the objects that the held prune would delete, as the status shows them")
	case a.do == access.Rollback && in.Undo == (in.To != ""):
		return invalid("to", "want one of a commit to go back to, and undo")
	case a.do != access.Scale:
		return nil
	case in.Replicas == nil || *in.Replicas < 0:
		return invalid("replicas", "want a number of agents; 0 ends what was set by hand")
	case *in.Replicas == 0:
		to.Undo = true
		return nil
	}
	to.Replicas, to.For = *in.Replicas, time.Hour
	if in.For != "" {
		span, err := time.ParseDuration(in.For)
		if err != nil {
			return invalid("for", "%q is no duration; allowed are values such as 90m or 8h", status.Clean(in.For, 100))
		}
		to.For = span
	}
	return nil
}

func invalid(field, format string, args ...any) error {
	return &access.Refusal{Code: access.Invalid, Field: field, Err: fmt.Errorf(format, args...)}
}

// unauthenticated is the code for who has not logged in, which only the API knows.
const unauthenticated access.Code = "Unauthorized"

// statusOf returns the HTTP status of an error.
func statusOf(err error) int {
	var why *access.Refusal
	if !errors.As(err, &why) {
		return http.StatusInternalServerError
	}
	return map[access.Code]int{
		access.Invalid: http.StatusBadRequest, unauthenticated: http.StatusUnauthorized, access.Forbidden: http.StatusForbidden, access.Limited: http.StatusTooManyRequests,
		access.NotFound: http.StatusNotFound, access.Conflict: http.StatusConflict, access.Unavailable: http.StatusServiceUnavailable,
	}[why.Code]
}

// refused answers with why an action was not done.
func refused(w http.ResponseWriter, err error) {
	f := Fault{Message: status.Clean(err.Error(), 2000)}
	var why *access.Refusal
	if errors.As(err, &why) {
		f.Field = why.Field
	}
	if statusOf(err) == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	fail(w, statusOf(err), f)
}
