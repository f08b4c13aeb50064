package web

import (
	"bytes"
	"encoding/csv"
	"net/http"
	"strconv"
	"strings"
	"time"

	"majordomo.dev/reconciler/window"
)

// sheet is a table as spreadsheets read it.
type sheet struct {
	b bytes.Buffer
	w *csv.Writer
}

func newSheet(header ...string) *sheet {
	s := &sheet{}
	s.w = csv.NewWriter(&s.b)
	s.row(header...)
	return s
}

// row adds a row. What a spreadsheet would take for a formula is text: it begins with a '.
func (s *sheet) row(cells ...string) {
	for i, c := range cells {
		if c != "" && strings.ContainsRune("=+-@\t\r\n", rune(c[0])) {
			cells[i] = "'" + c
		}
	}
	_ = s.w.Write(cells) // a buffer takes all
}

// send answers with the table, to be kept under a name.
func (s *sheet) send(w http.ResponseWriter, name string) {
	s.w.Flush()
	w.Header().Set("Content-Type", "text/csv; charset=utf-8; header=present")
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`.csv"`)
	_, _ = w.Write(s.b.Bytes())
}

func sendSeries(w http.ResponseWriter, s window.Series) {
	out := newSheet("time", "queued", "oldest_seconds", "busy", "idle", "starting", "draining", "offline", "desired", "min", "max")
	for i, at := range s.At {
		row := []string{time.Unix(at, 0).UTC().Format(time.RFC3339)}
		for _, column := range [][]int{s.Queued, s.Oldest, s.Busy, s.Idle, s.Starting, s.Draining, s.Offline, s.Desired, s.Min, s.Max} {
			row = append(row, strconv.Itoa(column[i]))
		}
		out.row(row...)
	}
	out.send(w, "majordomo-history")
}

func sendEntries(w http.ResponseWriter, list []window.Entry) {
	out := newSheet("id", "time", "kind", "environment", "pool", "text", "revision", "actor", "from", "to", "bad")
	for _, e := range list {
		from, to := "", ""
		if e.Kind == window.Scaled {
			from, to = strconv.Itoa(e.From), strconv.Itoa(e.To)
		}
		out.row(strconv.FormatUint(e.ID, 10), e.At.UTC().Format(time.RFC3339), string(e.Kind), e.Environment, e.Pool, e.Text, e.Revision, e.Actor,
			from, to, strconv.FormatBool(e.Bad))
	}
	out.send(w, "majordomo-timeline")
}
