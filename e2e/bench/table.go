package main

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"text/tabwriter"
	"time"
)

// table is the result: what was measured beside what was promised.
type table struct{ rows []row }

type row struct {
	what, measured, bar, note string
	met                       bool
}

func (t *table) add(what, measured, bar, note string, met bool) {
	t.rows = append(t.rows, row{what, measured, bar, note, met})
}

func (t *table) print(w io.Writer, b *bench) {
	fmt.Fprintf(w, "\n%d environments x %d objects, %d cores, everything on one machine\n\n", b.size.environments, objects, runtime.NumCPU())
	tw := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprintln(tw, "what\tmeasured\tbar\t\tnote")
	for _, r := range t.rows {
		mark := "met"
		if !r.met {
			mark = "MISSED"
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\n", r.what, r.measured, r.bar, mark, r.note)
	}
	_ = tw.Flush()
}

func median(ds []time.Duration) time.Duration {
	s := slices.Clone(ds)
	slices.Sort(s)
	return s[len(s)/2]
}

func ms(d time.Duration) string { return fmt.Sprintf("%.0f ms", float64(d.Microseconds())/1000) }
