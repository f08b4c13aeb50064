package jenkinstest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Fault is a way in which a Jenkins, or what is between it and its client, misbehaves.
type Fault string

// The faults.
const (
	Hang          Fault = "hang"           // the connection is accepted, nothing is answered
	HangBody      Fault = "hang-body"      // the answer stops in the middle
	Reset         Fault = "reset"          // the connection is closed without an answer
	ResetBody     Fault = "reset-body"     // the connection is closed in the middle of the answer
	ServerError   Fault = "server-error"   // 500 with a page
	Restarting    Fault = "restarting"     // 503, as before a restart
	Starting      Fault = "starting"       // 503, as while it starts
	BadGateway    Fault = "bad-gateway"    // 502 of a proxy
	HTML          Fault = "html"           // 200 with a login page of a proxy, no X-Jenkins
	LoginRedirect Fault = "login-redirect" // 302 to an identity provider
	Forbidden     Fault = "forbidden"      // 403 that is not of Jenkins
	TokenRevoked  Fault = "token-revoked"  // 401 for right credentials
	Anonymous     Fault = "anonymous"      // a proxy drops the credentials, and anybody may read Jenkins, but no job
	NoJobRead     Fault = "no-job-read"    // the account may read no job: the queue is empty, with 200
	NotJSON       Fault = "not-json"       // JSON with the type text/html
	EmptyBody     Fault = "empty-body"     // 200, nothing
	EmptyObject   Fault = "empty-object"   // {}
	Null          Fault = "null"           // null
	EmptyArray    Fault = "empty-array"    // []
	NoFields      Fault = "no-fields"      // an object with the right class and nothing else
	WrongClass    Fault = "wrong-class"    // the _class of something else
	Truncated     Fault = "truncated"      // half of the JSON, the length matches
	Trailing      Fault = "trailing"       // garbage behind the JSON
	TwoDocuments  Fault = "two-documents"  // the JSON twice
	NaN           Fault = "nan"            // a number that JSON does not have
	Overflow      Fault = "overflow"       // ids that are too large for 64 bits
	InvalidUTF8   Fault = "invalid-utf8"   // texts that are no UTF-8
	DuplicateKeys Fault = "duplicate-keys" // each object has its class twice
	Deep          Fault = "deep"           // 10,000 levels
	Huge          Fault = "huge"           // 100 MB
)

// Faults are all of them.
var Faults = []Fault{
	Hang, HangBody, Reset, ResetBody, ServerError, Restarting, Starting, BadGateway, HTML, LoginRedirect, Forbidden, TokenRevoked, Anonymous, NoJobRead, NotJSON, EmptyBody,
	EmptyObject, Null, EmptyArray, NoFields, WrongClass, Truncated, Trailing, TwoDocuments, NaN, Overflow, InvalidUTF8, DuplicateKeys, Deep, Huge,
}

// fault is one that is switched on.
type fault struct {
	kind  Fault
	paths []string
	left  int // requests, -1 for no limit
}

// Fault switches a fault on, for requests whose path begins with one of paths, or for all.
func (j *Jenkins) Fault(kind Fault, paths ...string) { j.fault(kind, -1, paths) }

// FaultTimes switches a fault on for the next n requests.
func (j *Jenkins) FaultTimes(kind Fault, n int, paths ...string) { j.fault(kind, n, paths) }

func (j *Jenkins) fault(kind Fault, n int, paths []string) {
	if !slices.Contains(Faults, kind) {
		panic(fmt.Sprintf("there is no fault %q", kind))
	}
	j.do(func(*world) { j.faults = append(j.faults, &fault{kind: kind, paths: paths, left: n}) })
}

// Heal switches faults off, all if none is named. Requests that hang get their answer.
func (j *Jenkins) Heal(kinds ...Fault) {
	j.do(func(*world) {
		j.faults = slices.DeleteFunc(j.faults, func(f *fault) bool { return len(kinds) == 0 || slices.Contains(kinds, f.kind) })
	})
}

// SetSkew makes the clock of Jenkins differ: all of its times and the header Date.
func (j *Jenkins) SetSkew(d time.Duration) { j.do(func(w *world) { w.skew = d }) }

// faultOf takes the first fault that is for a request.
func (j *Jenkins) faultOf(r *http.Request) *fault {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, f := range j.faults {
		if f.left != 0 && f.covers(r.URL.Path) {
			if f.left > 0 {
				f.left--
			}
			return f
		}
	}
	return nil
}

func (f *fault) covers(path string) bool {
	return len(f.paths) == 0 || slices.ContainsFunc(f.paths, func(p string) bool { return strings.HasPrefix(path, p) })
}

// is tells whether the fault is that one; f may be nil.
func (f *fault) is(kind Fault) bool { return f != nil && f.kind == kind }

// hang waits until the fault is off or the client has gone; it tells whether the client is still there.
func (j *Jenkins) hang(r *http.Request, f *fault) bool {
	for {
		j.mu.Lock()
		on, changed := slices.Contains(j.faults, f), j.changed
		j.mu.Unlock()
		if !on {
			return true
		}
		select {
		case <-r.Context().Done():
			return false
		case <-changed:
		}
	}
}

// spoil answers instead of Jenkins; nil if the fault lets Jenkins answer.
func (f *fault) spoil(r *http.Request) *answer {
	switch f.kind {
	case BadGateway:
		return newAnswer(http.StatusBadGateway, "text/html", []byte("<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center><hr><center>nginx</center></body></html>"))
	case Restarting:
		return unavailable("0", false)
	case Starting:
		return unavailable("0", true)
	case ServerError:
		return container(r, http.StatusInternalServerError, "java.lang.OutOfMemoryError: Java heap space")
	case Forbidden:
		return newAnswer(http.StatusForbidden, "text/html", []byte("<html><body><h1>403 Forbidden</h1>Blocked by policy.</body></html>"))
	case HTML:
		a := newAnswer(http.StatusOK, "text/html; charset=utf-8", []byte("<!DOCTYPE html><html><head><title>Sign in</title></head><body><form action=\"/sso\"><input name=\"user\"></form></body></html>"))
		a.header.Del("Server")
		return a
	case LoginRedirect:
		a := newAnswer(http.StatusFound, "text/html", nil)
		a.header.Set("Location", "https://sso.example.com/authorize?redirect_uri="+r.URL.Path)
		return a
	}
	return nil
}

// after spoils the answer of Jenkins.
func (f *fault) after(a *answer) *answer {
	if a.status != http.StatusOK || !strings.HasPrefix(a.header.Get("Content-Type"), "application/json") {
		return a
	}
	whole := a.body
	switch f.kind {
	case NotJSON:
		a.header.Set("Content-Type", "text/html")
	case EmptyBody:
		a.body = nil
	case EmptyObject:
		a.body = []byte("{}")
	case Null:
		a.body = []byte("null")
	case EmptyArray:
		a.body = []byte("[]")
	case NoFields:
		first, _, _ := bytes.Cut(whole, []byte(","))
		a.body = append(bytes.TrimSuffix(bytes.Clone(first), []byte("}")), '}')
	case WrongClass:
		a.body = bytes.Replace(whole, []byte(`{"_class":"`), []byte(`{"_class":"com.example.Other$`), 1)
	case Truncated:
		a.body = whole[:len(whole)/2]
	case Trailing:
		a.body = append(bytes.Clone(whole), "<!-- cached -->"...)
	case TwoDocuments:
		a.body = append(bytes.Clone(whole), whole...)
	case NaN:
		a.body = append(bytes.TrimSuffix(bytes.Clone(whole), []byte("}")), `,"busyExecutors":NaN,"items":[{"id":NaN}],"computer":[{"numExecutors":NaN}]}`...)
	case Overflow:
		a.body = append(bytes.TrimSuffix(bytes.Clone(whole), []byte("}")), `,"busyExecutors":99999999999999999999,"items":[{"id":99999999999999999999}],"computer":[{"numExecutors":99999999999999999999}]}`...)
	case InvalidUTF8:
		a.body = bytes.ReplaceAll(whole, []byte(`"_class":"`), []byte("\"_class\":\"\xff\xfe"))
	case DuplicateKeys:
		a.body = bytes.ReplaceAll(whole, []byte(`{"_class":`), []byte(`{"_class":"first","_class":`))
	case Deep:
		a.body = bytes.Join([][]byte{bytes.Repeat([]byte(`{"items":[`), 10000), bytes.Repeat([]byte("]}"), 10000)}, nil)
	case Huge:
		a.stream = huge
	}
	return a
}

// huge writes 100 MB of JSON with an end.
func huge(w io.Writer) {
	line := []byte(`{"_class":"hudson.model.Queue$BuildableItem","id":1,"why":"` + strings.Repeat("x", 1<<16) + `"},`)
	_, err := io.WriteString(w, `{"_class":"hudson.model.Queue","items":[`)
	for n := 0; err == nil && n < 100<<20; n += len(line) {
		_, err = w.Write(line)
	}
	if err == nil {
		_, _ = io.WriteString(w, `{"id":2}]}`) // a client that has gone
	}
}
