// Package status says how an environment is: what one run of the line found becomes conditions, counts, events and the board that everybody reads.
package status

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"majordomo.dev/reconciler/object"
)

// Environment is the status of an Environment object, field by field as its definition has it.
type Environment struct {
	ObservedGeneration    int64            `json:"observedGeneration,omitempty"`    // of the spec that was obeyed
	Revision              string           `json:"revision,omitempty"`              // commit that is applied
	ShortRevision         string           `json:"shortRevision,omitempty"`         // its first digits, for tables
	Digest                string           `json:"digest,omitempty"`                // of what is wanted; commits that render alike share it
	LastAttemptedRevision string           `json:"lastAttemptedRevision,omitempty"` // newest commit that was tried; it differs from revision while a bad commit is refused
	Conditions            []Condition      `json:"conditions,omitempty"`            // Ready, Reconciling and Stalled as kstatus has them, and those of the stages
	Objects               Objects          `json:"objects"`                         // counts of the objects
	LastSync              *Sync            `json:"lastSync,omitempty"`              // the last sync that did something, or could not
	LastDrift             *Drift           `json:"lastDrift,omitempty"`             // the last object that was found changed and put right
	Drift                 Drifts           `json:"drift"`                           // repairs so far, and fights
	Held                  *Held            `json:"held,omitempty"`                  // a prune that waits for approval
	History               []Past           `json:"history,omitempty"`               // the last syncs, newest first, at most 20
	Inventory             []InventoryEntry `json:"inventory,omitempty"`             // what was applied and not yet seen deleted: only these objects are ever pruned

	Recent []Drift `json:"-"` // what this process put right, newest first, at most MaxRecent; it is not part of the object
}

// Objects counts the objects of an environment.
type Objects struct {
	Total   int `json:"total"`   // that are wanted
	Ready   int `json:"ready"`   // that are as they should be
	Failed  int `json:"failed"`  // could not be applied, or are in a state that they do not leave by themselves
	Refused int `json:"refused"` // in Git and never sent
}

// Sync is the last sync that did something, or could not.
type Sync struct {
	Time     time.Time `json:"time,omitzero"`      // when it ended
	Trigger  Trigger   `json:"trigger,omitempty"`  // what woke the loop: poll, webhook, drift, manual or retry
	Duration Duration  `json:"duration,omitempty"` // how long it took
	Created  int       `json:"created"`            // objects
	Updated  int       `json:"updated"`            // objects
	Pruned   int       `json:"pruned"`             // objects
	Failed   int       `json:"failed"`             // objects
}

// Drift is one object that was found changed and put right.
type Drift struct {
	Time    time.Time `json:"time,omitzero"`     // when it was put right
	Object  string    `json:"object,omitempty"`  // which
	Fields  []string  `json:"fields,omitempty"`  // that had been changed
	Manager string    `json:"manager,omitempty"` // field manager that changed them, as far as the object tells
}

// Drifts counts repairs and lists the objects that are fought over.
type Drifts struct {
	Repairs int64   `json:"repairs"`          // since the environment exists
	Fights  []Fight `json:"fights,omitempty"` // objects that another writer keeps changing back
}

// Fight is an object that another writer keeps changing back.
type Fight struct {
	Object  string   `json:"object"`            // which
	Manager string   `json:"manager,omitempty"` // the other writer
	Fields  []string `json:"fields,omitempty"`  // that it writes
}

// Held is a prune that waits for approval.
type Held struct {
	Hash    string   `json:"hash"`    // what an approval confirms; it changes with the set of objects
	Reason  string   `json:"reason"`  // why it is held
	Objects []string `json:"objects"` // the first 100 of them
}

// Past is one sync of the history.
type Past struct {
	Revision string    `json:"revision"`      // commit
	Time     time.Time `json:"time,omitzero"` // when it ended
	Duration Duration  `json:"duration"`      // how long it took
	Result   string    `json:"result"`        // synced, failed or held
	Changes  int       `json:"changes"`       // objects that were changed
}

// InventoryEntry is one object of the inventory, as EncodeInventory writes it.
type InventoryEntry struct {
	ID   string `json:"id"`             // GROUP/VERSION/KIND/NAMESPACE/NAME
	UID  string `json:"uid,omitempty"`  // absent until the first apply is confirmed
	Hash string `json:"hash,omitempty"` // of what was last applied
}

// What a status holds at most.
const (
	MaxHistory = 20  // syncs in the history
	MaxFights  = 50  // fights
	MaxRecent  = 20  // repairs that are shown
	MaxListed  = 100 // objects of a held prune that are named
	MaxFields  = 10  // fields of one drift or fight that are named
	shortSHA   = 7
)

// Trigger is what woke the loop.
type Trigger string

// The triggers.
const (
	Poll    Trigger = "poll"
	Webhook Trigger = "webhook"
	Drifted Trigger = "drift"
	Manual  Trigger = "manual"
	Retry   Trigger = "retry"
)

// Results of a sync, in the history and in metrics.
const (
	ResultSynced = "synced"
	ResultFailed = "failed"
	ResultHeld   = "held"
)

// Duration is a time.Duration that is written as "1.25s".
type Duration time.Duration

// MarshalText writes the duration in the form of time.Duration.String.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads what MarshalText writes.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	*d = Duration(v)
	return err
}

// Condition is one condition in the form that all of Kubernetes uses.
type Condition struct {
	Type               string    `json:"type"`                         // what it is about
	Status             string    `json:"status"`                       // True, False or Unknown
	Reason             string    `json:"reason"`                       // in one word
	Message            string    `json:"message"`                      // in a sentence
	LastTransitionTime time.Time `json:"lastTransitionTime"`           // when the status last changed
	ObservedGeneration int64     `json:"observedGeneration,omitempty"` // of the spec that it is about
}

// Values of Condition.Status.
const (
	True    = "True"
	False   = "False"
	Unknown = "Unknown"
)

// Condition returns the condition of this type, and whether there is one.
func (e Environment) Condition(kind string) (Condition, bool) {
	for _, c := range e.Conditions {
		if c.Type == kind {
			return c, true
		}
	}
	return Condition{}, false
}

// Is tells whether the condition of this type is there and True.
func (e Environment) Is(kind string) bool {
	c, _ := e.Condition(kind)
	return c.Status == True
}

// Same tells whether two statuses say the same but for points in time and durations. What is the same is not written again.
func (e Environment) Same(o Environment) bool {
	return bytes.Equal(e.timeless(), o.timeless())
}

func (e Environment) timeless() []byte {
	e.Conditions = slices.Clone(e.Conditions)
	for i := range e.Conditions {
		e.Conditions[i].LastTransitionTime = time.Time{}
	}
	e.History = slices.Clone(e.History)
	for i := range e.History {
		e.History[i].Time, e.History[i].Duration = time.Time{}, 0
	}
	if e.LastSync != nil {
		s := *e.LastSync
		s.Time, s.Duration = time.Time{}, 0
		e.LastSync = &s
	}
	if e.LastDrift != nil {
		d := *e.LastDrift
		d.Time = time.Time{}
		e.LastDrift = &d
	}
	return marshal(e)
}

func marshal(e Environment) []byte {
	b, err := json.Marshal(e)
	if err != nil {
		panic(fmt.Sprintf("a status is not JSON: %v", err)) // times beyond the year 9999 are the only cause
	}
	return b
}

// Fields returns the status as the API server takes it: maps, slices, strings, bools and int64.
func (e Environment) Fields() map[string]any {
	var m map[string]any
	d := json.NewDecoder(bytes.NewReader(marshal(e)))
	d.UseNumber()
	if err := d.Decode(&m); err != nil {
		panic(fmt.Sprintf("a status is not a JSON object: %v", err))
	}
	integers(m)
	return m
}

// integers replaces every number below v by its int64: a status has no others.
func integers(v any) {
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			if n, ok := e.(json.Number); ok {
				v[k], _ = n.Int64()
				continue
			}
			integers(e)
		}
	case []any:
		for _, e := range v {
			integers(e)
		}
	}
}

// Read returns the status of an Environment object. An object without one has the zero status; one that somebody else has written
// wrongly is an error, and its inventory is then unknown, not empty.
func Read(o object.Object) (Environment, error) {
	var e Environment
	raw, ok := o["status"]
	if !ok {
		return e, nil
	}
	b, err := json.Marshal(raw)
	if err != nil {
		return Environment{}, fmt.Errorf("%s: status: %w", o.ID(), err)
	}
	if err := json.Unmarshal(b, &e); err != nil {
		return Environment{}, fmt.Errorf("%s: status: %w", o.ID(), err)
	}
	return e, nil
}
