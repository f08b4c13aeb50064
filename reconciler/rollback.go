package main

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"majordomo.dev/reconciler/status"
)

// mostRejected is what the definition of the Environment kind allows.
const mostRejected = 100

func (a *app) rollbackCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "rollback ENV --to COMMIT", Short: "Go back to a commit, and do not apply the bad one again", GroupID: groupAsk,
		Long: `Bring an environment to an earlier commit, and remember what it had instead as bad: it
is not applied again. The branch is followed again as soon as it wants something else
of this environment. Git stays ahead of the cluster until then, so correct it there too.`,
		Example: `  majordomo history gke                      which commits there were
  majordomo rollback gke --to 3f2c1ab
  majordomo rollback gke --undo              follow the branch again`,
		Args: arguments(1, 1, "an environment"), ValidArgsFunction: a.completeRecord, Annotations: codes("6 no such environment, or no such commit in its history"),
	}
	w := whereFlags(c)
	to := c.Flags().String("to", "", "commit to go back to: from the history, or all 40 digits")
	undo := c.Flags().Bool("undo", false, "end the rollback and follow the branch again")
	c.RunE = func(c *cobra.Command, args []string) error {
		if *undo == (*to != "") {
			return usagef("`majordomo rollback` needs one of --to COMMIT and --undo")
		}
		records, rec, err := a.record(c.Context(), w, args[0])
		if err != nil {
			return err
		}
		if *undo {
			return a.tell(booked{records, rec}.unpin(c.Context()))
		}
		return a.tell(booked{records, rec}.rollback(c.Context(), *to))
	}
	return c
}

// rollback has the environment go back to a commit.
func (b booked) rollback(ctx context.Context, to string) (deed, error) {
	pin, err := rollback(environmentOf(b.record, ""), strings.ToLower(to))
	if err != nil {
		return deed{}, err
	}
	return didf("environment %s goes back to %s", b.name(), short(pin.Revision)).
			note("Git is ahead of the cluster now: correct it there, the next change of this environment is applied again"),
		b.set(ctx, "pin", map[string]any{"revision": pin.Revision, "rejected": pin.Rejected})
}

// unpin has it follow the branch again.
func (b booked) unpin(ctx context.Context) (deed, error) {
	if b.record.Pin == "" {
		return needless("environment %s was not rolled back", b.name()), nil
	}
	return didf("environment %s follows the branch again", b.name()), b.set(ctx, "pin", nil)
}

var wholeHash = regexp.MustCompile(`^[0-9a-f]{40}$`)

// rollback returns the pin for going back to a commit. What is in force, the newest commit that was tried, and what both want of
// the environment is rejected: by the digest it is known again in later commits that are about something else.
func rollback(e environment, to string) (pinned, error) {
	revision, err := fromHistory(e, to)
	if err != nil {
		return pinned{}, err
	}
	s := e.Status
	if revision == s.Revision && e.Pin == nil {
		return pinned{}, usagef("environment %s is at %s already", e.Name, short(revision))
	}
	var rejected []string
	if e.Pin != nil {
		rejected = e.Pin.Rejected
	}
	rejected = slices.Clone(rejected)
	for _, bad := range []string{s.Revision, s.LastAttemptedRevision, s.Digest} {
		if bad != "" && !slices.Contains(rejected, bad) {
			rejected = append(rejected, bad)
		}
	}
	rejected = slices.DeleteFunc(rejected, func(r string) bool { return r == revision })
	return pinned{Revision: revision, Rejected: rejected[max(0, len(rejected)-mostRejected):]}, nil
}

// fromHistory completes a commit from the environment's past. One that is not there has to be given whole.
func fromHistory(e environment, to string) (string, error) {
	var found []string
	for _, p := range e.Status.History {
		if strings.HasPrefix(p.Revision, to) && len(to) >= 4 && !slices.Contains(found, p.Revision) {
			if p.Result == status.ResultRefused {
				return "", usagef("commit %s did not render; `majordomo history %s` shows those that were applied", short(p.Revision), e.Name)
			}
			found = append(found, p.Revision)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return "", usagef("%q is the start of several commits: %s", to, strings.Join(found, ", "))
	case wholeHash.MatchString(to):
		return to, nil
	}
	return "", exit{exitNotFound, fmt.Errorf("no commit %q in the history of environment %s; `majordomo history %s` shows it, older ones need all 40 digits", to, e.Name, e.Name)}
}
