package trace

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Columns of a trace. The order is free, others are passed over.
const (
	columnSubmit   = "submit_unix_ms"
	columnDuration = "duration_ms"
	columnKnown    = "known_unix_ms"
	columnJob      = "job"
	columnLabel    = "label"
)

// Bounds of a trace. What is beyond them is a mistake, such as seconds or microseconds in place of milliseconds.
const (
	MaxBuilds   = 2_000_000
	MaxBytes    = 256 << 20
	MaxDuration = 30 * 24 * time.Hour
	MaxSpan     = 2 * 366 * 24 * time.Hour
	maxField    = 4 << 10
	maxProblems = 20
	maxJobs     = 100_000
)

// Error is what is wrong with one line of a trace.
type Error struct {
	File    string
	Line    int
	Problem string
}

// Error returns file, line and problem.
func (e *Error) Error() string { return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Problem) }

// Read reads a trace, CSV with a line of column names. With a label, only builds of that label are taken. Rows need not be in order. The
// error joins all that is wrong, each an *Error with the name of the file and the line, or is that of the reader.
func Read(file string, r io.Reader, label string) (*Trace, error) {
	return read(file, r, label, limits{bytes: MaxBytes, builds: MaxBuilds})
}

type limits struct {
	bytes  int64
	builds int
}

func read(file string, r io.Reader, label string, l limits) (*Trace, error) {
	d := &decoder{file: file, label: label, limits: l, jobs: map[string]int{}, bytes: &io.LimitedReader{R: r, N: l.bytes + 1}}
	d.csv = csv.NewReader(d.bytes)
	d.csv.ReuseRecord = true
	d.csv.FieldsPerRecord = -1
	if err := d.header(); err != nil {
		return nil, err
	}
	if err := d.rows(); err != nil {
		return nil, err
	}
	return d.trace()
}

type decoder struct {
	file   string
	label  string
	limits limits
	csv    *csv.Reader
	bytes  *io.LimitedReader

	submit, duration, known, job, labels int // columns, -1 for none
	width                                int

	rowsRead int
	first    int64 // submission of the first row, which the others are relative to
	out      Trace
	jobs     map[string]int
	problems []error
}

func (d *decoder) fail(line int, format string, args ...any) error {
	return &Error{File: d.file, Line: line, Problem: fmt.Sprintf(format, args...)}
}

// header finds the columns.
func (d *decoder) header() error {
	record, err := d.csv.Read()
	if errors.Is(err, io.EOF) {
		return d.fail(1, "is empty; a trace begins with the line %s,%s,%s", columnSubmit, columnDuration, columnJob)
	}
	if err != nil {
		return d.readError(err)
	}
	columns := make([]string, len(record))
	for i, c := range record {
		columns[i] = strings.ToLower(strings.TrimSpace(strings.TrimPrefix(c, "\ufeff")))
	}
	at := func(name string) int { return slices.Index(columns, name) }
	d.submit, d.duration, d.known, d.job, d.labels = at(columnSubmit), at(columnDuration), at(columnKnown), at(columnJob), at(columnLabel)
	d.width = len(columns)
	for i, c := range columns {
		if at(c) != i {
			return d.fail(1, "has the column %s twice", quoted(c))
		}
	}
	for _, needed := range []string{columnSubmit, columnDuration} {
		if at(needed) < 0 {
			return d.fail(1, "has no column %s; the first line names the columns: %s,%s and, as far as known, %s, %s, %s",
				needed, columnSubmit, columnDuration, columnJob, columnLabel, columnKnown)
		}
	}
	if d.label != "" && d.labels < 0 {
		return d.fail(1, "has no column %s, so builds of %s cannot be told from others", columnLabel, quoted(d.label))
	}
	return nil
}

func (d *decoder) rows() error {
	for len(d.problems) < maxProblems {
		record, err := d.csv.Read()
		if errors.Is(err, io.EOF) && d.bytes.N > 0 {
			break
		}
		if err != nil || d.bytes.N <= 0 {
			return errors.Join(append(d.problems, d.readError(err))...)
		}
		if err := d.row(record); err != nil {
			line, _ := d.csv.FieldPos(0)
			d.problems = append(d.problems, d.fail(line, "%s", err))
		}
		if len(d.out.Builds) > d.limits.builds {
			line, _ := d.csv.FieldPos(0)
			return d.fail(line, "has more than %d builds, which is the most; cut it, or simulate one label with --label", d.limits.builds)
		}
	}
	if len(d.problems) == maxProblems {
		d.problems = append(d.problems, fmt.Errorf("%s: nothing was read after %d problems", d.file, maxProblems))
	}
	return errors.Join(d.problems...)
}

// readError is what kept the reader from a row.
func (d *decoder) readError(err error) error {
	var syntax *csv.ParseError
	switch {
	case d.bytes.N <= 0:
		return fmt.Errorf("%s: is larger than %d MiB, which is the most", d.file, d.limits.bytes>>20)
	case errors.As(err, &syntax):
		return d.fail(syntax.StartLine, "not CSV: %s", syntax.Err)
	}
	return fmt.Errorf("%s: %w", d.file, err)
}

func (d *decoder) row(record []string) error {
	if len(record) != d.width {
		return fmt.Errorf("has %d fields; the first line names %d columns", len(record), d.width)
	}
	for i, field := range record {
		if len(field) > maxField {
			return fmt.Errorf("field %d is longer than %d bytes", i+1, maxField)
		}
	}
	if d.label != "" && record[d.labels] != d.label {
		return nil
	}
	submit, err := milliseconds(columnSubmit, record[d.submit], 1<<52)
	if err != nil {
		return err
	}
	if d.rowsRead++; d.rowsRead == 1 {
		d.first = submit
	}
	if off := submit - d.first; max(off, -off) > MaxSpan.Milliseconds() {
		return fmt.Errorf("%s %d is more than two years from the first row's %d; allowed are milliseconds since 1970, all within two years", columnSubmit, submit, d.first)
	}
	took, err := milliseconds(columnDuration, record[d.duration], MaxDuration.Milliseconds())
	if err != nil {
		return err
	}
	known, err := d.lead(record, submit)
	if err != nil {
		return err
	}
	job, err := d.name(record)
	if err != nil {
		return err
	}
	d.out.Builds = append(d.out.Builds, Build{Submit: ms(submit - d.first), Duration: max(ms(took), time.Millisecond), Known: known, Job: job})
	return nil
}

// lead returns how long before its submission a build was known.
func (d *decoder) lead(record []string, submit int64) (time.Duration, error) {
	if d.known < 0 || record[d.known] == "" {
		return 0, nil
	}
	known, err := milliseconds(columnKnown, record[d.known], 1<<52)
	if err != nil {
		return 0, err
	}
	if known > submit {
		return 0, fmt.Errorf("%s %d is after %s %d", columnKnown, known, columnSubmit, submit)
	}
	return min(ms(submit-known), MaxDuration), nil
}

// name returns the index of the row's job.
func (d *decoder) name(record []string) (int, error) {
	column := d.job
	if column < 0 {
		column = d.labels
	}
	name := ""
	if column >= 0 {
		name = record[column]
	}
	i, ok := d.jobs[name]
	if !ok {
		if len(d.out.Jobs) == maxJobs {
			return 0, fmt.Errorf("is of job number %d, and %d different jobs are the most", maxJobs+1, maxJobs)
		}
		i = len(d.out.Jobs)
		name = strings.Clone(name) // the record's memory is used again
		d.jobs[name] = i
		d.out.Jobs = append(d.out.Jobs, name)
	}
	return i, nil
}

func (d *decoder) trace() (*Trace, error) {
	if len(d.out.Builds) == 0 {
		if d.label != "" {
			return nil, fmt.Errorf("%s: has no build of label %s", d.file, quoted(d.label))
		}
		return nil, fmt.Errorf("%s: has no builds, only a line of column names", d.file)
	}
	d.out.Start = time.UnixMilli(d.first).UTC()
	d.out.sort()
	return &d.out, nil
}

// milliseconds reads a field.
func milliseconds(column, text string, most int64) (int64, error) {
	v, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	switch {
	case errors.Is(err, strconv.ErrRange), err == nil && v > most:
		return 0, fmt.Errorf("%s %s is too large; allowed are milliseconds up to %d", column, quoted(text), most)
	case err != nil:
		return 0, fmt.Errorf("%s %s is not a whole number of milliseconds", column, quoted(text))
	case v < 0:
		return 0, fmt.Errorf("%s %d is negative", column, v)
	}
	return v, nil
}

// quoted returns a text from the file so that it fits into a message.
func quoted(text string) string {
	const longest = 60
	if len(text) > longest {
		text = strings.ToValidUTF8(text[:longest], "") + "…"
	}
	return strconv.Quote(text)
}

func ms(n int64) time.Duration { return time.Duration(n) * time.Millisecond }
