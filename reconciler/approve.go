package main

import (
	"bufio"
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"majordomo.dev/reconciler/cluster"
	"majordomo.dev/reconciler/status"
)

// approvalReason is the annotation that keeps why a prune was approved, beside the approval.
const approvalReason = cluster.ApproveAnnotation + "-reason"

func (a *app) approveCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "approve ENV [HASH]", Short: "Let a prune go on that waits for a person", GroupID: groupAsk,
		Long: `Show which objects a held prune would delete, and let it go on.

An approval is for exactly these objects: if others come to be deleted, it counts no
longer. With HASH, which status and plan print, it fails unless the hash is still that.`,
		Example: `  majordomo approve gke                              shows the objects and asks
  majordomo approve gke 9c1185a5c5e9fc54 --yes       in a script, for exactly these
  majordomo approve gke --yes --reason "agents of the old pool, CHG-4711"`,
		Args: arguments(1, 2, "an environment"), ValidArgsFunction: a.completeRecord,
		Annotations: codes("1 nothing is held, or it was not confirmed", "5 other objects are held than those of HASH"),
	}
	w := whereFlags(c)
	yes := c.Flags().BoolP("yes", "y", false, "do not ask")
	reason := c.Flags().String("reason", "", "why, for the record")
	c.RunE = func(c *cobra.Command, args []string) error {
		records, rec, err := a.record(c.Context(), w, args[0])
		if err != nil {
			return err
		}
		b, hash := booked{records, rec}, ""
		if len(args) == 2 {
			hash = args[1]
		}
		held, err := b.held(hash)
		if err != nil {
			return err
		}
		a.showHeld(held)
		if err := a.confirm(*yes, "Delete these objects?"); err != nil {
			return err
		}
		return a.tell(b.approve(c.Context(), held, *reason))
	}
	return c
}

// held returns the prune that waits for approval. With a hash it has to be that very one.
func (b booked) held(hash string) (*status.Held, error) {
	held := b.record.Status.Held
	switch {
	case held == nil:
		return nil, fmt.Errorf("environment %s has no prune that waits for approval", b.name())
	case hash != "" && hash != held.Hash:
		return nil, exit{exitHeld, fmt.Errorf("environment %s: the prune that waits is %s, not %q; look at it again", b.name(), held.Hash, hash)}
	}
	return held, nil
}

// approve lets a held prune go on. The approval names its hash: if it is another one when the loop looks, the approval counts for nothing.
func (b booked) approve(ctx context.Context, held *status.Held, reason string) (deed, error) {
	notes := map[string]any{cluster.ApproveAnnotation: held.Hash, approvalReason: orNull(reason)}
	return didf("approved; `majordomo wait %s --for=idle` tells when it is done", b.name()), b.mark(ctx, notes)
}

// orNull takes a field out of a merge patch where there is no value for it.
func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func (a *app) showHeld(held *status.Held) {
	a.printf("%s\n", oneLine(held.Reason))
	for _, o := range held.Objects {
		a.printf("%s\n", a.stdout.paint(red, "- "+oneLine(o)))
	}
	if len(held.Objects) == status.MaxListed {
		a.printf("  … `majordomo plan` lists all\n")
	}
	a.printf("hash %s\n", oneLine(held.Hash))
}

// confirm asks a person. Where nobody can be asked, only --yes will do.
func (a *app) confirm(yes bool, question string) error {
	if yes {
		return nil
	}
	if !isTTY(a.stdin) {
		return usagef("there is nobody to ask: the input is no terminal; confirm with --yes")
	}
	_ = a.out.Flush()
	_, _ = fmt.Fprintf(a.stderr, "%s [y/N] ", question)
	answer, err := bufio.NewReader(a.stdin).ReadString('\n')
	if err != nil && answer == "" {
		return fmt.Errorf("no answer: %w", err)
	}
	if answer = strings.ToLower(strings.TrimSpace(answer)); answer != "y" && answer != "yes" {
		return exit{exitFailure, fmt.Errorf("not confirmed; nothing was changed")}
	}
	return nil
}
