package trace

import (
	"encoding/csv"
	"io"
	"strconv"
	"time"
)

// Record is one build as it is written.
type Record struct {
	Submit   time.Time
	Duration time.Duration
	Known    time.Duration // how long before Submit it was known, 0 for not
	Job      string
	Label    string
}

// Writer writes a trace that Read reads.
type Writer struct {
	csv   *csv.Writer
	begun bool
}

// NewWriter returns a writer. Nothing is written before the first record, or Flush.
func NewWriter(w io.Writer) *Writer { return &Writer{csv: csv.NewWriter(w)} }

// Write adds a record.
func (w *Writer) Write(r Record) error {
	if err := w.begin(); err != nil {
		return err
	}
	number := func(n int64) string { return strconv.FormatInt(n, 10) }
	known := ""
	if r.Known > 0 {
		known = number(r.Submit.Add(-r.Known).UnixMilli())
	}
	return w.csv.Write([]string{number(r.Submit.UnixMilli()), number(r.Duration.Milliseconds()), r.Job, r.Label, known})
}

func (w *Writer) begin() error {
	if w.begun {
		return nil
	}
	w.begun = true
	return w.csv.Write([]string{columnSubmit, columnDuration, columnJob, columnLabel, columnKnown})
}

// Flush writes what is left.
func (w *Writer) Flush() error {
	if err := w.begin(); err != nil {
		return err
	}
	w.csv.Flush()
	return w.csv.Error()
}
