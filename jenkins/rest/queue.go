package rest

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"time"

	"majordomo.dev/jenkins"
)

const (
	queueClass = "hudson.model.Queue"
	queueTree  = "items[id,inQueueSince,buildableStartMilliseconds,timestamp,why,stuck,blocked,buildable,pending," +
		"task[name,fullName,fullDisplayName,url,labelExpression]],discoverableItems[task[name]]"
)

// queueAnswer is the queue as Jenkins writes it. Pointers are what must be there.
type queueAnswer struct {
	Class        string        `json:"_class"`
	Items        *[]itemAnswer `json:"items"`
	Discoverable []struct{}    `json:"discoverableItems"`
}

type itemAnswer struct {
	Class        string     `json:"_class"`
	ID           int64      `json:"id"`
	InQueueSince *int64     `json:"inQueueSince"`
	BuildableMS  int64      `json:"buildableStartMilliseconds"`
	TimestampMS  int64      `json:"timestamp"`
	Why          string     `json:"why"`
	Stuck        *bool      `json:"stuck"`
	Blocked      *bool      `json:"blocked"`
	Buildable    *bool      `json:"buildable"`
	Pending      bool       `json:"pending"`
	Task         taskAnswer `json:"task"`
}

type taskAnswer struct {
	Class           string   `json:"_class"`
	Name            string   `json:"name"`
	FullName        string   `json:"fullName"`
	FullDisplayName string   `json:"fullDisplayName"`
	URL             string   `json:"url"`
	Label           optional `json:"labelExpression"`
}

// optional is a text that is there, null or not there: of a label expression null is "no label", and not there is "not told".
type optional struct {
	told bool
	text string
}

// UnmarshalJSON is called for null, too.
func (o *optional) UnmarshalJSON(data []byte) error {
	o.told = true
	return json.Unmarshal(data, &o.text)
}

func (o optional) pointer() *string {
	if !o.told {
		return nil
	}
	return &o.text
}

func (c *Client) queue(ctx context.Context) (*queueAnswer, *exchange, error) {
	x := &exchange{name: "queue", path: "/queue", tree: queueTree}
	var a queueAnswer
	if err := c.get(ctx, x, &a); err != nil {
		return nil, nil, err
	}
	if problem := a.problem(); problem != "" {
		return nil, nil, x.fault(jenkins.BadAnswer, "the answer is not a queue: %s; want that of Jenkins", problem)
	}
	return &a, x, nil
}

// problem tells what is missing, "" if nothing is.
func (a *queueAnswer) problem() string {
	switch {
	case a.Class != queueClass:
		return "its _class is " + quote(a.Class) + ", not " + queueClass
	case a.Items == nil:
		return "it has no items"
	}
	for i := range *a.Items {
		it := &(*a.Items)[i]
		switch {
		case it.ID <= 0:
			return "an item has no id"
		case it.Class == "" || it.InQueueSince == nil || it.Stuck == nil || it.Blocked == nil || it.Buildable == nil:
			return "an item lacks one of _class, inQueueSince, stuck, blocked and buildable"
		}
	}
	return ""
}

// items are the queue as values, with times by our clock.
func (a *queueAnswer) items(t translation) []jenkins.Item {
	items := make([]jenkins.Item, len(*a.Items))
	for i := range *a.Items {
		it := &(*a.Items)[i]
		since := t.past(*it.InQueueSince)
		items[i] = jenkins.Item{
			ID: it.ID, Class: it.Class, Since: since, Why: it.Why,
			Stuck: *it.Stuck, Blocked: *it.Blocked, Buildable: *it.Buildable, Pending: it.Pending,
			Task: jenkins.Task{
				Class: it.Task.Class, Name: it.Task.Name, FullName: it.Task.FullName, URL: t.absolute(it.Task.URL), Label: it.Task.Label.pointer(),
			},
		}
		if it.Task.FullName == "" {
			items[i].Task.FullName = it.Task.FullDisplayName
		}
		if it.BuildableMS > 0 {
			items[i].BuildableSince = later(t.past(it.BuildableMS), since)
		}
		if it.TimestampMS > 0 {
			items[i].QuietUntil = later(t.time(it.TimestampMS), since)
		}
	}
	return items
}

// What Jenkins says about buildable items, as far as it tells whether it is quieting down.
const shutting = "Jenkins is about to shut down"

var waiting = []string{"Waiting for next available executor", "There are no nodes with the label ", "All nodes of label "}

// quieting tells whether the sentences about the items say that Jenkins starts nothing, and whether they say anything about it at all: only
// those about items that miss nothing but an executor do, and those of pipelines that are not stopped by it do not.
func (a *queueAnswer) quieting() (quieting, told bool) {
	for i := range *a.Items {
		it := &(*a.Items)[i]
		if !*it.Buildable || it.Pending || strings.Contains(it.Task.Class, "AfterRestartTask") {
			continue
		}
		if strings.HasPrefix(it.Why, shutting) {
			return true, true
		}
		for _, w := range waiting {
			told = told || strings.HasPrefix(it.Why, w)
		}
		told = told || strings.HasSuffix(it.Why, " is offline")
	}
	return false, told
}

// buildable counts the items that Jenkins's statistics count, and those that they have just ceased to.
func (a *queueAnswer) buildable() (n int) {
	for i := range *a.Items {
		if *(*a.Items)[i].Buildable {
			n++
		}
	}
	return n
}

// translation makes the times and URLs of Jenkins ours.
type translation struct {
	at   time.Time // the snapshot
	skew time.Duration
	base *url.URL
}

// time is a time of Jenkins by our clock.
func (t translation) time(ms int64) time.Time { return time.UnixMilli(ms).Add(-t.skew) }

// past is a time that has come, whatever the clocks say: nothing has waited for less than no time. One that makes no sense is now.
func (t translation) past(ms int64) time.Time {
	if then := t.time(ms); ms > 0 && then.Before(t.at) {
		return then
	}
	return t.at
}

// absolute is a URL, which Jenkins writes without its beginning in some places.
func (t translation) absolute(u string) string {
	if u == "" || strings.Contains(u, "://") {
		return u
	}
	return t.base.String() + "/" + strings.TrimLeft(u, "/")
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

func quote(s string) string { return `"` + clip(s) + `"` }
