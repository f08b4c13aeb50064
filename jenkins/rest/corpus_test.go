package rest

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"majordomo.dev/jenkins"
)

const item = `{"_class":"hudson.model.Queue$BuildableItem","blocked":false,"buildable":true,"id":7,"inQueueSince":1795220205352,"stuck":false,` +
	`"task":{"_class":"hudson.model.FreeStyleProject","name":"a"},"why":"Waiting for next available executor","pending":false}`

func queueOf(items ...string) string {
	return `{"_class":"hudson.model.Queue","items":[` + strings.Join(items, ",") + `]}`
}

func itemWith(old, replacement string) string { return strings.Replace(item, old, replacement, 1) }

// bodies are answers with status 200 and the right headers that are not a queue.
var bodies = map[string]struct {
	body string
	say  string
}{
	"F48 empty body":                {"", "it is empty"},
	"F48 blanks":                    {" \n\t", "it is empty"},
	"F48 {}":                        {"{}", "its _class"},
	"F48 null":                      {"null", "its _class"},
	"F48 []":                        {"[]", "not what was asked for"},
	"F48 a string":                  {`"x"`, "not what was asked for"},
	"F48 a number":                  {"7", "not what was asked for"},
	"F48 true":                      {"true", "not what was asked for"},
	"F48 no items":                  {`{"_class":"hudson.model.Queue"}`, "no items"},
	"F48 items null":                {`{"_class":"hudson.model.Queue","items":null}`, "no items"},
	"F48 items object":              {`{"_class":"hudson.model.Queue","items":{}}`, "not what was asked for"},
	"F48 items of null":             {queueOf("null"), "no id"},
	"F48 items of {}":               {queueOf("{}"), "no id"},
	"F48 items of numbers":          {queueOf("1"), "not what was asked for"},
	"F48 wrong _class":              {`{"_class":"hudson.model.ComputerSet","items":[]}`, "ComputerSet"},
	"F48 no _class":                 {`{"items":[]}`, "its _class"},
	"F48 item without id":           {queueOf(itemWith(`"id":7,`, "")), "no id"},
	"F48 item with id 0":            {queueOf(itemWith(`"id":7`, `"id":0`)), "no id"},
	"F48 item with id -1":           {queueOf(itemWith(`"id":7`, `"id":-1`)), "no id"},
	"F48 item without buildable":    {queueOf(itemWith(`"buildable":true,`, "")), "buildable"},
	"F48 item without since":        {queueOf(itemWith(`"inQueueSince":1795220205352,`, "")), "inQueueSince"},
	"F48 buildable as text":         {queueOf(itemWith(`"buildable":true`, `"buildable":"true"`)), "not what was asked for"},
	"F48 task as text":              {queueOf(itemWith(`{"_class":"hudson.model.FreeStyleProject","name":"a"}`, `"a"`)), "not what was asked for"},
	"F49 truncated":                 {queueOf(item)[:100], "unexpected end of JSON input"},
	"F49 trailing garbage":          {emptyQ + "<!-- cached -->", "after top-level value"},
	"F49 trailing bracket":          {emptyQ + "}", "after top-level value"},
	"F49 two documents":             {emptyQ + emptyQ, "after top-level value"},
	"F49 NaN":                       {queueOf(itemWith(`"id":7`, `"id":NaN`)), "invalid character 'N'"},
	"F49 Infinity":                  {queueOf(itemWith(`"id":7`, `"id":Infinity`)), "invalid character 'I'"},
	"F49 single quotes":             {`{'_class':'hudson.model.Queue','items':[]}`, "invalid character"},
	"F49 id too large for 64 bits":  {queueOf(itemWith(`"id":7`, `"id":99999999999999999999`)), "not what was asked for"},
	"F49 id with a fraction":        {queueOf(itemWith(`"id":7`, `"id":7.5`)), "not what was asked for"},
	"F49 time too large":            {queueOf(itemWith("1795220205352", "9223372036854775808")), "not what was asked for"},
	"F49 invalid UTF-8":             {queueOf(itemWith(`"name":"a"`, "\"name\":\"\xff\xfe\"")), "not UTF-8"},
	"F49 UTF-16":                    {"\xff\xfe{\x00}\x00", "not UTF-8"},
	"F49 duplicate field":           {`{"_class":"hudson.model.Queue","items":[` + item + `],"items":[]}`, `"items" is there twice`},
	"F49 duplicate in another case": {`{"_class":"hudson.model.Queue","items":[` + item + `],"Items":[]}`, `"Items" is there twice`},
	"F49 duplicate by escapes":      {`{"_class":"hudson.model.Queue","items":[` + item + `],"\u0069tems":[]}`, "none of Jenkins"},
	"F49 duplicate by folding":      {`{"_class":"hudson.model.Queue","items":[` + item + `],"item` + "\u017f" + `":[]}`, "none of Jenkins"},
	"F49 duplicate deep inside":     {queueOf(itemWith(`"name":"a"`, `"name":"a","name":"b"`)), `"name" is there twice`},
	"F49 10,000 levels":             {strings.Repeat(`{"items":[`, 10_000) + strings.Repeat("]}", 10_000), "exceeded max depth"},
	"F49 1,000 levels":              {`{"x":` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + `}`, "nested more than 64 levels"},
	"F49 1,000 fields":              {manyFields(1000), "more than 100 fields"},
	"F49 raw control character":     {queueOf(itemWith(`"name":"a"`, "\"name\":\"a\nb\"")), "invalid character"},
}

func manyFields(n int) string {
	var b strings.Builder
	b.WriteString(`{"_class":"hudson.model.Queue","items":[]`)
	for i := range n {
		fmt.Fprintf(&b, `,"f%d":0`, i)
	}
	return b.String() + "}"
}

func TestBodiesThatAreNoQueue(t *testing.T) {
	for name, c := range bodies {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			f.json("GET "+queuePath, c.body)
			s, err := f.client().Snapshot(t.Context())
			if s != nil {
				t.Errorf("Snapshot = %+v, want none", s)
			}
			wantFault(t, err, jenkins.BadAnswer, c.say)
		})
	}
}

func TestBodiesThatAreNoComputers(t *testing.T) {
	agent := strings.NewReplacer("Hudson$MasterComputer", "hudson.slaves.SlaveComputer", `"executors":[]`, `"executors":[{"idle":true}]`).Replace(builtIn)
	list := func(c string) string {
		return `{"_class":"hudson.model.ComputerSet","computer":[` + builtIn + `,` + c + `]}`
	}
	for name, c := range map[string]struct{ body, say string }{
		"F48 {}":                    {"{}", "its _class"},
		"F48 a queue":               {emptyQ, "hudson.model.Queue"},
		"F48 no computer":           {`{"_class":"hudson.model.ComputerSet"}`, "no computer"},
		"F48 nobody":                {`{"_class":"hudson.model.ComputerSet","computer":[]}`, "built-in node"},
		"F48 null":                  {list("null"), "no _class or no displayName"},
		"F48 no name":               {list(strings.Replace(agent, `"displayName":"master",`, "", 1)), "no displayName"},
		"F48 no executors":          {list(strings.Replace(agent, `"executors":[{"idle":true}],`, "", 1)), "lacks one of"},
		"F48 executors null":        {list(strings.Replace(agent, `"executors":[{"idle":true}]`, `"executors":null`, 1)), "lacks one of"},
		"F48 executor of {}":        {list(strings.Replace(agent, `[{"idle":true}]`, `[{}]`, 1)), "whether it is idle"},
		"F48 no offline":            {list(strings.Replace(agent, `"offline":false,`, "", 1)), "lacks one of"},
		"F48 no temporarilyOffline": {list(strings.Replace(agent, `,"temporarilyOffline":false`, "", 1)), "lacks one of"},
		"F48 no idle":               {list(strings.Replace(agent, `"idle":true,"num`, `"num`, 1)), "lacks one of"},
		"F49 negative executors":    {list(strings.Replace(agent, `"numExecutors":0`, `"numExecutors":-1`, 1)), "fewer than no executors"},
		"F49 executors overflow":    {list(strings.Replace(agent, `"numExecutors":0`, `"numExecutors":99999999999999999999`, 1)), "not what was asked for"},
		"F49 offline twice":         {list(strings.Replace(agent, `"offline":false`, `"offline":true,"offline":false`, 1)), "twice"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			f.json("GET "+computersPath, c.body)
			_, err := f.client().Snapshot(t.Context())
			wantFault(t, err, jenkins.BadAnswer, c.say)
			_, err = f.client().Computers(t.Context())
			wantFault(t, err, jenkins.BadAnswer, c.say)
		})
	}
	f := newFake(t)
	f.json("GET "+computersPath, list(agent))
	snapshot(t, f.client())
}

func TestServerAndIdentityThatAreNone(t *testing.T) {
	for _, body := range []string{"", "{}", "null", "[]", emptyQ, `{"_class":"hudson.model.Hudson"}`, `{"_class":"hudson.security.WhoAmI"}`} {
		for _, path := range []string{rootPath, whoPath} {
			f := newFake(t)
			f.json("GET "+path, body)
			_, err := f.client().Snapshot(t.Context())
			wantFault(t, err, jenkins.BadAnswer)
		}
	}
}

// F47: answers that are not from Jenkins, although their status is 200.
func TestAnswersOfSomebodyElse(t *testing.T) {
	type headers map[string]string
	good := headers{"Content-Type": "application/json;charset=utf-8", "X-Jenkins": "2.263.4", "X-Jenkins-Session": session}
	with := func(k, v string) headers {
		h := headers{}
		for name, value := range good {
			h[name] = value
		}
		h[k] = v
		return h
	}
	for name, c := range map[string]struct {
		headers headers
		body    string
		reason  jenkins.Reason
		say     string
	}{
		"login page":                 {headers{"Content-Type": "text/html"}, "<!DOCTYPE html><html><title>Sign in</title></html>", jenkins.AuthLost, "(Sign in)"},
		"login page that says JSON":  {good, " \n<html><head><title>Sign in</title></head></html>", jenkins.AuthLost, "(Sign in)"},
		"login page with a mark":     {good, "\ufeff<html></html>", jenkins.AuthLost, "in place of JSON"},
		"XML":                        {with("Content-Type", "application/xml"), "<?xml version='1.0'?><queue/>", jenkins.AuthLost, "in place of JSON"},
		"JSON that says text":        {with("Content-Type", "text/plain"), emptyQ, jenkins.BadAnswer, "text/plain"},
		"JSON that says HTML":        {with("Content-Type", "text/html"), emptyQ, jenkins.BadAnswer, "text/html"},
		"JSON that says JavaScript":  {with("Content-Type", "application/javascript"), emptyQ, jenkins.BadAnswer, "application/javascript"},
		"JSON without a type":        {with("Content-Type", ""), emptyQ, jenkins.BadAnswer, "want application/json"},
		"JSON with a type of junk":   {with("Content-Type", "\"';;;"), emptyQ, jenkins.BadAnswer, "want application/json"},
		"JSON not of Jenkins":        {with("X-Jenkins", ""), emptyQ, jenkins.BadAnswer, "X-Jenkins"},
		"JSON of no session":         {with("X-Jenkins-Session", ""), emptyQ, jenkins.BadAnswer, "X-Jenkins-Session"},
		"page with an endless title": {headers{"Content-Type": "text/html"}, "<title>" + strings.Repeat("x\x1b[31m", 100_000) + "</title>", jenkins.AuthLost, "in place of JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			f.handle("GET "+queuePath, func(w http.ResponseWriter, _ *http.Request) {
				for k, v := range c.headers {
					w.Header()[k] = []string{v}
				}
				_, _ = io.WriteString(w, c.body)
			})
			_, err := f.client().Snapshot(t.Context())
			if got := faultIn(t, err, c.reason, c.say); len(got.Text) > 500 || strings.Contains(got.Text, "\x1b") {
				t.Errorf("text %q is too long or has control characters", got.Text)
			}
		})
	}
}

// F49: an answer of 100 MB is not read to its end, nor is one that only unpacks to that.
func TestHugeAnswersAreNotReadToTheirEnd(t *testing.T) {
	const huge = 100 << 20
	fill := func(w io.Writer) (n int) {
		line := []byte(`"` + strings.Repeat("x", 1<<20) + `",`)
		_, err := io.WriteString(w, `{"_class":"hudson.model.Queue","items":[`)
		for n < huge && err == nil {
			_, err = w.Write(line)
			n += len(line)
		}
		return n
	}
	f := newFake(t)
	sent := make(chan int, 1)
	f.handle("GET "+queuePath, func(w http.ResponseWriter, _ *http.Request) {
		asJenkins(w)
		sent <- fill(w)
	})
	_, err := f.client(patient).Snapshot(t.Context())
	wantFault(t, err, jenkins.BadAnswer, "larger than 33554432 bytes")
	if n := <-sent; n > huge/2 {
		t.Errorf("%d MB were taken, want a little more than 32", n>>20)
	}
	f.handle("GET "+queuePath, func(w http.ResponseWriter, _ *http.Request) {
		asJenkins(w)
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		fill(z)
		_ = z.Close()
	})
	_, err = f.client(patient, func(o *Options) { o.MaxBody = 1 << 20 }).Snapshot(t.Context())
	wantFault(t, err, jenkins.BadAnswer, "larger than 1048576 bytes")
	f.json("GET "+queuePath, emptyQ)
	_, err = f.client(func(o *Options) { o.MaxBody = int64(len(emptyQ)) - 1 }).Snapshot(t.Context())
	wantFault(t, err, jenkins.BadAnswer, "larger than")
	if _, err = f.client(func(o *Options) { o.MaxBody = maxPage }).Snapshot(t.Context()); err != nil {
		t.Errorf("a limit of %d: %v", maxPage, err)
	}
}

// patient is for much data on a slow machine.
func patient(o *Options) { o.Timeout = 10 * time.Minute }

// asJenkins sets the headers of its API.
func asJenkins(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json;charset=utf-8")
	w.Header().Set("X-Jenkins", "2.263.4")
	w.Header().Set("X-Jenkins-Session", session)
}

func TestPackedAnswersAreUnpacked(t *testing.T) {
	f := newFake(t)
	f.handle("GET "+queuePath, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Accept-Encoding") != "gzip" {
			t.Errorf("Accept-Encoding = %q", r.Header.Get("Accept-Encoding"))
		}
		asJenkins(w)
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = io.WriteString(z, queueOf(item))
		_ = z.Close()
	})
	if s := snapshot(t, f.client()); len(s.Items) != 1 {
		t.Errorf("%d items, want 1", len(s.Items))
	}
}

// F51: 10,000 items and 2,000 nodes. The bound on time is one that no machine comes near unless something is quadratic.
func TestLargeJenkins(t *testing.T) {
	queue, computers := large(10_000, 2_000)
	f := newFake(t)
	f.json("GET "+queuePath, queue)
	f.json("GET "+computersPath, computers)
	c := f.client(patient)
	snapshot(t, c)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	s := snapshot(t, c)
	runtime.ReadMemStats(&after)
	if len(s.Items) != 10_000 || len(s.Computers) != 2_001 {
		t.Fatalf("%d items and %d nodes", len(s.Items), len(s.Computers))
	}
	if got := after.TotalAlloc - before.TotalAlloc; got > 100<<20 {
		t.Errorf("%d MB were allocated for %d MB of answers, want at most 100", got>>20, (len(queue)+len(computers))>>20)
	}
}

func BenchmarkLargeJenkins(b *testing.B) {
	queue, computers := large(10_000, 2_000)
	c := open(b, "http://jenkins", func(o *Options) { o.Transport = canned{queuePath: queue, computersPath: computers} })
	for b.Loop() {
		if _, err := c.Snapshot(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

func large(items, nodes int) (queue, computers string) {
	var q, c bytes.Buffer
	q.WriteString(`{"_class":"hudson.model.Queue","discoverableItems":[],"items":[`)
	for i := range items {
		if i > 0 {
			q.WriteByte(',')
		}
		fmt.Fprintf(&q, `{"_class":"hudson.model.Queue$BuildableItem","blocked":false,"buildable":true,"id":%d,"inQueueSince":1795220205352,"stuck":true,`+
			`"task":{"_class":"hudson.model.FreeStyleProject","fullName":"team-%d/job-%d","name":"job-%d","url":"http://127.0.0.1:18080/job/team-%d/job/job-%d/",`+
			`"labelExpression":"linux && docker"},"why":"All nodes of label ‘linux&&docker’ are offline","buildableStartMilliseconds":1795220205353,"pending":false}`,
			i+1, i%50, i, i, i%50, i)
	}
	q.WriteString("]}")
	c.WriteString(`{"_class":"hudson.model.ComputerSet","computer":[` + builtIn)
	for i := range nodes {
		fmt.Fprintf(&c, `,{"_class":"hudson.slaves.SlaveComputer","assignedLabels":[{"name":"agent-%d"},{"name":"docker"},{"name":"linux"},{"name":"swarm"}],`+
			`"description":"Swarm agent from 10.0.0.1: ns/agent-%d","displayName":"agent-%d","executors":[{"currentExecutable":{"_class":"hudson.model.FreeStyleBuild",`+
			`"estimatedDuration":30554,"fullDisplayName":"job-%d #%d","number":%d,"timestamp":1795220200817,"url":"http://127.0.0.1:18080/job/job-%d/%d/"},"idle":false,`+
			`"number":0}],"idle":false,"numExecutors":1,"offline":false,"offlineCause":null,"offlineCauseReason":"","oneOffExecutors":[],"temporarilyOffline":false,`+
			`"absoluteRemotePath":"/home/jenkins"}`, i, i, i, i, i, i, i, i)
	}
	c.WriteString("]}")
	return q.String(), c.String()
}

// canned answers without a network.
type canned map[string]string

func (c canned) RoundTrip(r *http.Request) (*http.Response, error) {
	body, ok := c[r.URL.Path]
	switch {
	case ok:
	case r.URL.Path == queuePath:
		body = emptyQ
	case r.URL.Path == computersPath:
		body = builtInOnly
	case r.URL.Path == rootPath:
		body = rootOK
	case r.URL.Path == whoPath:
		body = whoOK
	}
	return &http.Response{
		StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Request: r,
		Header: http.Header{
			"Content-Type": {"application/json;charset=utf-8"}, "X-Jenkins": {"2.263.4"}, "X-Jenkins-Session": {session},
			"Date": {time.Now().UTC().Format(http.TimeFormat)},
		},
	}, nil
}
