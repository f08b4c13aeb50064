package jenkinstest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// transcript is one recorded exchange with a real Jenkins.
type transcript struct {
	number  int
	file    string
	at      time.Time
	request []byte // without the response of CURL ERROR files
	refused bool
	status  int
	header  http.Header
	body    []byte
}

func readTranscripts(t *testing.T) []*transcript {
	t.Helper()
	files, err := filepath.Glob("testdata/transcripts/*.http")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	slices.Sort(files)
	all := make([]*transcript, 0, len(files))
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, parseTranscript(t, filepath.Base(f), text))
	}
	return all
}

var timeLine = regexp.MustCompile(`(?m)^### TIME (\S+)`)

func parseTranscript(t *testing.T, file string, text []byte) *transcript {
	t.Helper()
	tr := &transcript{file: file, header: http.Header{}}
	var err error
	if tr.number, err = strconv.Atoi(file[:3]); err != nil {
		t.Fatal(err)
	}
	if at := timeLine.FindSubmatch(text); at != nil {
		if tr.at, err = time.Parse(time.RFC3339, string(at[1])); err != nil {
			t.Fatal(err)
		}
	}
	_, rest, _ := bytes.Cut(text, []byte("### REQUEST\n"))
	request, response, _ := bytes.Cut(rest, []byte("### RESPONSE\n"))
	tr.request = request
	if bytes.Contains(request, []byte("### CURL ERROR")) {
		tr.refused, tr.request = true, []byte("GET /login HTTP/1.1\nHost: 127.0.0.1:18081\n")
		return tr
	}
	head, _, _ := bytes.Cut(bytes.ReplaceAll(response, []byte("\r\n"), []byte("\n")), []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	if _, err := fmt.Sscanf(lines[0], "HTTP/1.1 %d", &tr.status); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	for _, l := range lines[1:] {
		k, v, _ := strings.Cut(l, ": ")
		tr.header.Add(k, v)
	}
	end := regexp.MustCompile(`\r?\n\r?\n`).FindIndex(response)
	tr.body = response[end[1]:]
	return tr
}

var contentLength = regexp.MustCompile(`Content-Length: (\d+)`)

// send makes the request of a transcript again.
func (tr *transcript) send(t *testing.T, j *Jenkins, session string) (*http.Response, []byte, error) {
	t.Helper()
	head, body, _ := bytes.Cut(bytes.ReplaceAll(tr.request, []byte("\r\n"), []byte("\n")), []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	method, rest, _ := strings.Cut(lines[0], " ")
	path, _, _ := strings.Cut(rest, " HTTP/")
	if n := contentLength.FindSubmatch(head); n != nil {
		length, _ := strconv.Atoi(string(n[1]))
		body = body[:min(length, len(body))]
	}
	r, err := http.NewRequestWithContext(t.Context(), method, "http://127.0.0.1:18080/", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	raw, query, _ := strings.Cut(path, "?")
	r.URL.Opaque, r.URL.RawQuery = "//x"+raw, query
	if r.URL, err = r.URL.Parse("http://x" + escapePath(raw)); err != nil {
		t.Fatal(err)
	}
	r.URL.RawQuery = query
	for _, l := range lines[1:] {
		k, v, _ := strings.Cut(l, ": ")
		if k == "Host" {
			r.Host = v
			continue
		}
		r.Header.Set(k, v)
	}
	if tr.header.Get("Server") == "" {
		r.SetBasicAuth(j.Credentials("admin"))
	}
	if session != "" && r.Header.Get("Jenkins-Crumb") != "" && r.Header.Get("Jenkins-Crumb") != "deadbeef" {
		j.look(func(w *world) { r.Header.Set("Jenkins-Crumb", w.crumb(session)) })
		if r.Header.Get("Cookie") != "" {
			r.Header.Set("Cookie", "JSESSIONID="+session)
		}
	}
	resp, err := j.Client().Do(r)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	return resp, got, err
}

// escapePath escapes what Go's URL parser would not take as it was sent.
func escapePath(p string) string { return strings.NewReplacer("|", "%7C", " ", "%20").Replace(p) }

// exact are the headers that must be the same; there are those that must be there.
var (
	exact = []string{
		"Content-Type", "Location", "X-Jenkins", "X-Error", "X-Required-Permission", "X-Permission-Implied-By", "X-You-Are-Authenticated-As",
		"Www-Authenticate", "X-Frame-Options", "Expires", "Cache-Control", "X-Jenkins-Agent-Protocols", "X-Remoting-Minimum-Version",
	}
	there = []string{"Date", "X-Jenkins-Session", "X-Hudson", "Set-Cookie", "X-Content-Type-Options", "X-Instance-Identity"}
)

// check compares an answer with the recorded one.
func (tr *transcript) check(resp *http.Response, body []byte) (diffs []string) {
	if resp.StatusCode != tr.status {
		return []string{fmt.Sprintf("status %d, want %d (%s)", resp.StatusCode, tr.status, firstLine(body))}
	}
	if tr.header.Get("Server") == "" { // two whose headers were not kept
		resp.Header = tr.header
	}
	for _, name := range exact {
		got, want := slices.Compact(slices.Clone(resp.Header.Values(name))), slices.Compact(slices.Clone(tr.header.Values(name)))
		if name == "X-Frame-Options" || name == "Expires" || name == "Cache-Control" {
			got, want = got[:min(len(got), 1)], want[:min(len(want), 1)]
		}
		if !slices.Equal(got, want) {
			diffs = append(diffs, fmt.Sprintf("header %s: %q, want %q", name, got, want))
		}
	}
	for _, name := range there {
		if got, want := resp.Header.Get(name) != "", tr.header.Get(name) != ""; got != want {
			diffs = append(diffs, fmt.Sprintf("header %s is there: %t, want %t", name, got, want))
		}
	}
	if tr.header.Get("Content-Encoding") == "gzip" {
		return diffs // the recorder has damaged the compressed bodies
	}
	if !strings.HasPrefix(tr.header.Get("Content-Type"), "application/json") {
		return append(diffs, compareText(body, tr.body)...)
	}
	var got, want any
	if err := decode(body, &got); err != nil {
		return append(diffs, "body: "+err.Error())
	}
	if err := decode(tr.body, &want); err != nil {
		return append(diffs, "recorded body: "+err.Error())
	}
	return append(diffs, compareJSON("", got, want)...)
}

func firstLine(b []byte) string {
	line, _, _ := strings.Cut(strings.TrimSpace(string(b)), "\n")
	return line[:min(len(line), 120)]
}

func decode(b []byte, into *any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	return d.Decode(into)
}

var (
	title    = regexp.MustCompile(`(?s)<title>(.*?)</title>`)
	volatile = regexp.MustCompile(`[0-9a-f]{16,}|\d{2}:\d{2}:\d{2}`)
)

// compareText compares pages by their titles, and short texts as they are.
func compareText(got, want []byte) []string {
	a, b := title.FindSubmatch(got), title.FindSubmatch(want)
	switch {
	case b != nil && a == nil:
		return []string{fmt.Sprintf("no title, want %s", b[1])}
	case b != nil && !bytes.Equal(a[1], b[1]):
		return []string{fmt.Sprintf("title %s, want %s", a[1], b[1])}
	case b != nil || bytes.HasPrefix(bytes.TrimSpace(want), []byte("<html>")):
		return nil
	}
	x := strings.TrimSpace(string(volatile.ReplaceAll(got, []byte("#"))))
	y := strings.TrimSpace(string(volatile.ReplaceAll(want, []byte("#"))))
	if x != y {
		return []string{fmt.Sprintf("text %q, want %q", x, y)}
	}
	return nil
}

// typeOnly are the fields whose values are of the moment, or of the machine.
var typeOnly = map[string]bool{
	"timestamp": true, "inQueueSince": true, "buildableStartMilliseconds": true, "duration": true, "estimatedDuration": true, "progress": true,
	"average": true, "size": true, "diff": true, "availablePhysicalMemory": true, "availableSwapSpace": true, "totalPhysicalMemory": true,
	"totalSwapSpace": true, "latest": true, "history": true, "crumb": true, "path": true, "tokenUuid": true, "healthReport": true, "likelyStuck": true,
	"tokenValue": true, "builtOn": true,
}

var (
	expires = regexp.MustCompile(`(Expires in|Endet in|Expire dans|あと|還要) ?[\d.]+`)
	eta     = regexp.MustCompile(`\(ETA: .*\)`)
	numbers = regexp.MustCompile(`(started at|completed by) \d+`)
)

func compareJSON(path string, got, want any) (diffs []string) {
	key := path[strings.LastIndexByte(path, '.')+1:]
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			return []string{fmt.Sprintf("%s = %s, want an object with %v", path, brief(got), slices.Sorted(maps.Keys(w)))}
		}
		return compareObjects(path, g, w)
	case []any:
		g, ok := got.([]any)
		if !ok {
			return []string{fmt.Sprintf("%s = %s, want a list", path, brief(got))}
		}
		return compareLists(path, key, g, w)
	}
	if typeOnly[key] {
		if fmt.Sprintf("%T", got) != fmt.Sprintf("%T", want) {
			return []string{fmt.Sprintf("%s = %s, want one like %s", path, brief(got), brief(want))}
		}
		return nil
	}
	if g, w := normal(key, got), normal(key, want); g != w {
		return []string{fmt.Sprintf("%s = %v, want %v", path, g, w)}
	}
	return nil
}

func normal(key string, v any) any {
	s, ok := v.(string)
	if !ok {
		return v
	}
	switch key {
	case "why":
		s = eta.ReplaceAllString(expires.ReplaceAllString(s, "$1 N"), "(ETA)")
	case "offlineCauseReason":
		s, _, _ = strings.Cut(numbers.ReplaceAllString(s, "$1 N"), "\n")
	}
	return s
}

func brief(v any) string {
	b, _ := json.Marshal(v)
	return string(b[:min(len(b), 80)])
}

func compareObjects(path string, got, want map[string]any) (diffs []string) {
	monitors := strings.HasSuffix(path, ".monitorData")
	for _, k := range slices.Sorted(maps.Keys(want)) {
		g, ok := got[k]
		switch {
		case !ok:
			diffs = append(diffs, fmt.Sprintf("%s.%s is missing", path, k))
		case monitors && (g == nil || want[k] == nil): // measured, or not yet
		default:
			diffs = append(diffs, compareJSON(path+"."+strings.ReplaceAll(k, ".", "/"), g, want[k])...)
		}
	}
	for _, k := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[k]; !ok {
			diffs = append(diffs, fmt.Sprintf("%s.%s should not be there", path, k))
		}
	}
	return diffs
}

func compareLists(path, key string, got, want []any) (diffs []string) {
	switch key {
	case "actions":
		got, want = classed(got), classed(want)
	case "nodes", "tiedJobs", "oneOffExecutors", "executors":
		sortByName(got)
		sortByName(want)
	}
	if typeOnly[key] {
		return nil
	}
	if len(got) != len(want) {
		return []string{fmt.Sprintf("%s has %d elements, want %d: %s, want %s", path, len(got), len(want), names(got), names(want))}
	}
	for i := range want {
		diffs = append(diffs, compareJSON(fmt.Sprintf("%s[%d]", path, i), got[i], want[i])...)
	}
	return diffs
}

// classed drops what shows nothing, and what only plugins have.
func classed(l []any) []any {
	return slices.DeleteFunc(slices.Clone(l), func(v any) bool {
		o, _ := v.(map[string]any)
		class, _ := o["_class"].(string)
		return class == "" || strings.HasPrefix(class, "org.jenkinsci.plugins.workflow.job.views.")
	})
}

func nameOf(v any) string {
	o, _ := v.(map[string]any)
	if run, ok := o["currentExecutable"].(map[string]any); ok {
		return fmt.Sprint(run["url"])
	}
	for _, k := range []string{"id", "number", "displayName", "nodeName", "name", "url", "_class"} {
		if o[k] != nil {
			return fmt.Sprint(o[k])
		}
	}
	return brief(v)
}

func names(l []any) string {
	var all []string
	for _, v := range l {
		all = append(all, nameOf(v))
	}
	return strings.Join(all, ",")
}

func sortByName(l []any) {
	slices.SortFunc(l, func(a, b any) int { return strings.Compare(nameOf(a), nameOf(b)) })
}

func TestSimulatedJenkinsAnswersAsTheRecordedOne(t *testing.T) {
	p := newPlay(t)
	transcripts := readTranscripts(t)
	for n, reason := range notPlayed {
		if reason == "" || !slices.ContainsFunc(transcripts, func(tr *transcript) bool { return tr.number == n }) {
			t.Errorf("transcript %d is not played, but there is none, or no reason", n)
		}
	}
	for _, tr := range transcripts {
		if p.clock.Now().Before(tr.at) {
			p.clock.Advance(tr.at.Sub(p.clock.Now()))
		}
		p.pick(tr)
		if before := script[tr.number]; before != nil {
			before(p)
		}
		if _, skipped := notPlayed[tr.number]; skipped {
			continue
		}
		t.Run(tr.file, func(t *testing.T) {
			p.hold()
			resp, body, err := tr.send(t, p.j, p.session)
			switch {
			case tr.refused && err == nil:
				t.Errorf("answered with %d, want no connection", resp.StatusCode)
			case tr.refused:
			case err != nil:
				t.Errorf("not answered: %v", err)
			default:
				for _, d := range tr.check(resp, body) {
					t.Error(d)
				}
				p.remember(resp)
			}
		})
	}
}
