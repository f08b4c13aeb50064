package testcluster

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"time"
)

// Mark is a moment in the cluster's audit log.
type Mark int64

// Request is one request that the API server answered, by anybody, the cluster's own controllers among them.
type Request struct {
	Verb        string // get, list, watch, create, update, patch, delete, deletecollection; of other paths the HTTP method
	User        string // who authenticated
	As          string // whom he impersonated
	Group       string
	Version     string
	Resource    string
	Subresource string
	Namespace   string
	Name        string
	URI         string // path and query
	UserAgent   string
	Code        int
	Answered    time.Time // a watch: when it was established
}

// Mark is now. Requests that were answered, or watches that were established, before are not after it.
func (c *Cluster) Mark() Mark {
	info, err := os.Stat(c.server().AuditLog)
	if err != nil {
		panic(fmt.Errorf("test cluster: audit log: %w", err))
	}
	return Mark(info.Size())
}

// Requests are those that were answered since the mark, the ones of this process complete.
func (c *Cluster) Requests(since Mark) []Request {
	requests, err := readAudit(c.server().AuditLog, since)
	if err != nil {
		panic(fmt.Errorf("test cluster: audit log: %w", err))
	}
	return requests
}

func readAudit(path string, since Mark) ([]Request, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.NewSectionReader(f, int64(since), 1<<62))
	if err != nil {
		return nil, err
	}
	b = b[:bytes.LastIndexByte(b, '\n')+1] // a line may just be in the making
	var requests []Request
	for line := range bytes.Lines(b) {
		var e event
		if err := json.Unmarshal(line, &e); err != nil {
			return nil, err
		}
		if !e.repeated() {
			requests = append(requests, e.request())
		}
	}
	return requests, nil
}

// event is a line of the audit log.
type event struct {
	Stage      string
	RequestURI string
	Verb       string
	User       struct{ Username string }
	As         struct{ Username string } `json:"impersonatedUser"`
	UserAgent  string
	ObjectRef  struct{ Resource, Subresource, Namespace, Name, APIGroup, APIVersion string }
	Response   struct{ Code int } `json:"responseStatus"`
	Stamp      time.Time          `json:"stageTimestamp"`
}

// repeated tells whether the request was in the log before: one that lasts is written down when its answer starts and
// again when that ends.
func (e event) repeated() bool {
	lasting := slices.Contains([]string{"watch", "proxy"}, e.Verb) ||
		slices.Contains([]string{"attach", "exec", "log", "portforward", "proxy"}, e.ObjectRef.Subresource)
	return lasting && e.Stage == "ResponseComplete"
}

func (e event) request() Request {
	o := e.ObjectRef
	return Request{
		Verb: e.Verb, User: e.User.Username, As: e.As.Username,
		Group: o.APIGroup, Version: o.APIVersion, Resource: o.Resource, Subresource: o.Subresource,
		Namespace: o.Namespace, Name: o.Name,
		URI: e.RequestURI, UserAgent: e.UserAgent, Code: e.Response.Code, Answered: e.Stamp,
	}
}
