package web

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"majordomo.dev/reconciler/status"
)

// maxBody is the longest payload that is read.
const maxBody = 1 << 20

// hook receives webhooks. All that one can do is to wake the loop, which then asks the Git server itself.
type hook struct {
	keys       keys
	ref        string
	repository string // normal, "" for any
	wake       func()
	now        func() time.Time
	board      *status.Board
	log        *slog.Logger
	limits     *limits
	replays    *replays
}

func newHook(o Options) (*hook, error) {
	k, err := newKeys(o.Secrets)
	if err != nil {
		return nil, err
	}
	if len(k) > 0 && (!strings.HasPrefix(o.Ref, "refs/") || o.Wake == nil) {
		return nil, fmt.Errorf("webhooks need the full name of the ref that is followed, as in refs/heads/main, and somebody to wake; the ref is %q", o.Ref)
	}
	return &hook{
		keys: k, ref: o.Ref, repository: normal(o.Repository), wake: o.Wake, now: o.Now, board: o.Board, log: o.Log,
		limits: newLimits(hookPace()), replays: newReplays(),
	}, nil
}

// answer is what a webhook gets.
type answer struct {
	code   int
	result string // for metrics
	text   string
}

func refuse(code int, result string, err error) answer { return answer{code, result, err.Error()} }

func (h *hook) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Connection", "close") // whatever follows the body is not taken for a request
	p, a := h.receive(w, r)
	if a.code == http.StatusTooManyRequests || a.code == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "5")
	}
	h.board.Webhook(p.name, a.result)
	h.log.DebugContext(r.Context(), "webhook", "op", p.name, "reason", a.result+": "+a.text)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(a.code)
	_, _ = io.WriteString(w, a.text+"\n")
}

// receive goes from cheap to costly: nothing is read before the limits, nothing is parsed before the signature.
func (h *hook) receive(w http.ResponseWriter, r *http.Request) (provider, answer) {
	now := h.now()
	if len(h.keys) == 0 {
		return provider{name: "unknown"}, answer{http.StatusNotFound, "off", "webhooks are off: no secret is configured"}
	}
	if !h.limits.allow(r, now) {
		return provider{name: "unknown"}, answer{http.StatusTooManyRequests, "limited", "too many webhooks; polling goes on"}
	}
	p, err := identify(r.Header)
	if err != nil {
		return p, refuse(http.StatusBadRequest, "unknown", err)
	}
	if err := format(r.Header); err != nil {
		return p, refuse(http.StatusUnsupportedMediaType, "format", err)
	}
	body, a := h.read(w, r)
	if a.code != 0 {
		return p, a
	}
	if err := p.verify(r.Header, body, h.keys, now); err != nil {
		return p, refuse(http.StatusUnauthorized, "unauthorized", err)
	}
	return p, h.decide(p, r.Header, body, now)
}

// format refuses everything but plain JSON.
func format(h http.Header) error {
	if kind, _, err := mime.ParseMediaType(h.Get("Content-Type")); err != nil || kind != "application/json" || len(h.Values("Content-Type")) > 1 {
		return errors.New("the content type has to be application/json; choose it at the sender")
	}
	if e := h.Values("Content-Encoding"); len(e) > 0 && !slices.Equal(e, []string{"identity"}) {
		return errors.New("compressed payloads are not taken")
	}
	return nil
}

// read returns the whole body, or the answer that it gets instead.
func (h *hook) read(w http.ResponseWriter, r *http.Request) ([]byte, answer) {
	if !h.limits.enter() {
		return nil, answer{http.StatusServiceUnavailable, "busy", "too many webhooks at once; polling goes on"}
	}
	defer h.limits.leave()
	tooLarge := answer{http.StatusRequestEntityTooLarge, "too_large", fmt.Sprintf("the payload is longer than %d bytes; polling goes on", maxBody)}
	if r.ContentLength > maxBody {
		return nil, tooLarge
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var limit *http.MaxBytesError
	switch {
	case errors.As(err, &limit):
		return nil, tooLarge
	case err != nil:
		return nil, answer{http.StatusBadRequest, "malformed", "the payload ended early"}
	}
	return body, answer{}
}

// decide says what a verified delivery does.
func (h *hook) decide(p provider, header http.Header, body []byte, now time.Time) answer {
	payload := readFields(body)
	if payload == nil {
		return answer{http.StatusBadRequest, "malformed", "the payload is not a JSON object"}
	}
	if h.replays.again(p.name, p.delivery(header), now) {
		return answer{http.StatusOK, "duplicate", "this delivery was received before"}
	}
	e := p.read(header, payload)
	switch {
	case e.kind == ping:
		return answer{http.StatusOK, "ping", "pong"}
	case e.kind != push:
		return answer{http.StatusOK, "ignored", "ignored: not a push"}
	case !h.followed(e.repositories):
		return answer{http.StatusOK, "ignored", "ignored: another repository"}
	case len(e.moved)+len(e.gone) == 0:
		return answer{http.StatusBadRequest, "malformed", "the payload names no ref"}
	case !slices.Contains(e.moved, h.ref) && slices.Contains(e.gone, h.ref):
		// Nothing can be applied. The next poll finds the ref gone, or back: who renames a branch deletes one.
		return answer{http.StatusOK, "ignored", "ignored: the ref was deleted"}
	case !slices.Contains(e.moved, h.ref):
		return answer{http.StatusOK, "ignored", "ignored: another ref"}
	}
	h.wake()
	return answer{http.StatusAccepted, "accepted", "accepted"}
}

// followed tells whether one of the URLs is the repository's. A payload that names none is taken for it: its sender knows the secret.
func (h *hook) followed(urls []string) bool {
	if h.repository == "" || len(urls) == 0 {
		return true
	}
	return slices.ContainsFunc(urls, func(u string) bool { return normal(u) == h.repository })
}
