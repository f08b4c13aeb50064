package main

import (
	"context"
	"fmt"
	"strings"

	"majordomo.dev/reconciler/cluster"
)

// deed is what an act has to say, whoever asked for it: what was done, then what somebody should know beside it. The command line and the
// API act by the same functions, and so say the same.
type deed struct {
	done  string // "" where nothing was to do
	notes []string
}

func didf(format string, args ...any) deed { return deed{done: fmt.Sprintf(format, args...)} }

// needless is a deed where nothing was to do.
func needless(format string, args ...any) deed {
	return deed{notes: []string{fmt.Sprintf(format, args...)}}
}

func (t deed) note(format string, args ...any) deed {
	t.notes = append(t.notes, fmt.Sprintf(format, args...))
	return t
}

// String is all of it in one text.
func (t deed) String() string {
	if t.done == "" {
		return strings.Join(t.notes, ". ")
	}
	return strings.Join(append([]string{t.done}, t.notes...), ". ")
}

// tell says what an act has to say to the person at the command line.
func (a *app) tell(t deed, err error) error {
	if err != nil {
		return err
	}
	if t.done != "" {
		a.done("%s", t.done)
	}
	for _, note := range t.notes {
		a.warn("%s", note)
	}
	return nil
}

// booked is an environment that somebody acts on: its record, and the books that this is in.
type booked struct {
	records *cluster.Records
	record  cluster.Record
}

func (b booked) name() string { return b.record.Object.ID().Name }

// set merges fields into the spec of the environment.
func (b booked) set(ctx context.Context, field string, value any) error {
	_, err := b.records.Patch(ctx, b.name(), map[string]any{"spec": map[string]any{field: value}})
	return err
}

// mark merges annotations into the environment. A nil takes one away.
func (b booked) mark(ctx context.Context, notes map[string]any) error {
	_, err := b.records.Patch(ctx, b.name(), map[string]any{"metadata": map[string]any{"annotations": notes}})
	return err
}
