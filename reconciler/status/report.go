package status

import (
	"errors"
	"time"

	"majordomo.dev/reconciler/object"
	"majordomo.dev/reconciler/plan"
)

// Report is all that is known of an environment after one run of the line. It states what is, not what changed: a report that
// is given twice makes no second difference, but for what Synced counts.
type Report struct {
	Name       string // of the environment, for the commands that messages name
	Generation int64  // of the Environment object whose spec was obeyed

	Revision  string // commit in force after this run, "" while there is none
	Attempted string // newest commit that was tried, "" if none could be fetched
	Digest    string // of what is wanted: plan.Desired.Digest

	// The stages, nil where the last attempt went well. An error may name its reason by a method Reason() string, see Because.
	Source  error // fetch, verify
	Render  error // of the commit Attempted
	Cluster error // the cluster could not be read or written as a whole

	// Plan and Results are those of the last sync, nil before the first one of this process. What is known from before stays then.
	Plan    *plan.Plan
	Results []plan.Result
	// Synced tells that this sync is this run's: it becomes the last sync, is counted, and enters the history.
	Synced            bool
	Trigger           Trigger
	Started, Finished time.Time

	Inventory plan.Inventory
	// Live is what the cluster has of the inventory, for health. A missing object is one that is not there.
	Live map[object.ID]object.Object
	// Patience is how long objects may take to become ready before the environment counts as stalled; 0 means DefaultPatience.
	Patience time.Duration

	Suspended     bool
	SuspendReason string
	Fights        []Fight
	// NextRetry is when a failed run is tried again, zero if nothing failed or only a person or a commit can help.
	NextRetry time.Time
}

// DefaultPatience is how long objects may take to become ready: a Jenkins with many plugins needs minutes.
const DefaultPatience = 10 * time.Minute

// Reasons of conditions and events. They are part of the interface: people match on them.
const (
	FetchFailed    = "FetchFailed"
	AuthFailed     = "AuthFailed"
	NotFastForward = "NotFastForward"

	RenderFailed = "RenderFailed"

	ClusterUnreachable = "ClusterUnreachable"
	InventoryDamaged   = "InventoryDamaged"

	ApplyFailed    = "ApplyFailed"
	ApplyConflict  = "ApplyConflict"
	ApplyForbidden = "ApplyForbidden"
	Refused        = "Refused"

	PruneGuard  = "PruneGuard"
	PruneFailed = "PruneFailed"

	HealthFailed  = "HealthFailed"
	HealthTimeout = "HealthTimeout"

	DriftLoop     = "DriftLoop"
	DriftRepaired = "DriftRepaired"

	Synced               = "Synced"
	Progressing          = "Progressing"
	ProgressingWithRetry = "ProgressingWithRetry"
)

// because is an error with its reason.
type because struct {
	reason string
	err    error
}

func (b because) Error() string  { return b.err.Error() }
func (b because) Unwrap() error  { return b.err }
func (b because) Reason() string { return b.reason }

// Because gives an error the reason under which conditions and events report it. A nil error stays nil.
func Because(reason string, err error) error {
	if err == nil {
		return nil
	}
	return because{reason, err}
}

// Reason returns the reason that an error names, or the one that errors of its stage have otherwise.
func Reason(err error, otherwise string) string {
	var named interface{ Reason() string }
	if errors.As(err, &named) && named.Reason() != "" {
		return named.Reason()
	}
	if errors.Is(err, ErrInventory) {
		return InventoryDamaged
	}
	return otherwise
}
