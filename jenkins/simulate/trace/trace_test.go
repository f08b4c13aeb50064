package trace

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

const head = "submit_unix_ms,duration_ms,job\n"

func parse(text, label string) (*Trace, error) { return Read("t.csv", strings.NewReader(text), label) }

func TestReadRefusesWhatIsNoTrace(t *testing.T) {
	cases := []struct{ name, text, label, want string }{
		{"nothing", "", "", "t.csv:1: is empty; a trace begins with the line submit_unix_ms,duration_ms,job"},
		{"no column for the submission", "duration_ms,job\n1,a\n", "", "t.csv:1: has no column submit_unix_ms; the first line names the columns"},
		{"no column for the duration", "submit_unix_ms\n1\n", "", "t.csv:1: has no column duration_ms"},
		{"no first line", "1,2,a\n3,4,b\n", "", "t.csv:1: has no column submit_unix_ms"},
		{"a column twice", "submit_unix_ms,duration_ms,job,job\n", "", `t.csv:1: has the column "job" twice`},
		{"only a first line", head, "", "t.csv: has no builds, only a line of column names"},
		{"a label without a column for it", head + "1,2,a\n", "linux", `t.csv:1: has no column label, so builds of "linux" cannot be told from others`},
		{"a label that no build has", "submit_unix_ms,duration_ms,label\n1,2,mac\n", "linux", `t.csv: has no build of label "linux"`},
		{"a text", head + "1,2,a\nx,2,a\n", "", `t.csv:3: submit_unix_ms "x" is not a whole number of milliseconds`},
		{"a text for the duration", head + "1,,a\n", "", `t.csv:2: duration_ms "" is not a whole number of milliseconds`},
		{"not a number", head + "1,NaN,a\n", "", `t.csv:2: duration_ms "NaN" is not a whole number`},
		{"infinity", head + "Inf,1,a\n", "", `t.csv:2: submit_unix_ms "Inf" is not a whole number`},
		{"a fraction", head + "1,1.5,a\n", "", `t.csv:2: duration_ms "1.5" is not a whole number`},
		{"below zero", head + "1,-5,a\n", "", "t.csv:2: duration_ms -5 is negative"},
		{"a submission below zero", head + "-1,5,a\n", "", "t.csv:2: submit_unix_ms -1 is negative"},
		{"a duration of more than a month", head + "1,2592000001,a\n", "", `t.csv:2: duration_ms "2592000001" is too large; allowed are milliseconds up to 2592000000`},
		{"a number that fits nowhere", head + "1,99999999999999999999,a\n", "", `is too large`},
		{"seconds and milliseconds mixed", head + "1700000000,5,a\n1700000000000,5,a\n", "", "t.csv:3: submit_unix_ms 1700000000000 is more than two years from the first row's 1700000000"},
		{"too few fields", head + "1,2\n", "", "t.csv:2: has 2 fields; the first line names 3 columns"},
		{"too many fields", head + "1,2,a,b\n", "", "t.csv:2: has 4 fields; the first line names 3 columns"},
		{"a quote that does not end", head + "1,2,\"a\n3,4,b\n", "", "t.csv:2: not CSV: extraneous or missing \" in quoted-field"},
		{"a quote inside", head + "1,2,a\n1,2,a\"b\n", "", `t.csv:3: not CSV: bare " in non-quoted-field`},
		{"a name without end", head + "1,2," + strings.Repeat("x", 5000) + "\n", "", "t.csv:2: field 3 is longer than 4096 bytes"},
		{"known after it came", "submit_unix_ms,duration_ms,known_unix_ms\n5,1,6\n", "", "t.csv:2: known_unix_ms 6 is after submit_unix_ms 5"},
		{"a text for when it was known", "submit_unix_ms,duration_ms,known_unix_ms\n5,1,soon\n", "", `t.csv:2: known_unix_ms "soon" is not a whole number`},
		{"a line of another table", head + "\x00\x01\xff,2,a\n", "", `t.csv:2: submit_unix_ms "\x00\x01\xff" is not`},
		{"lines after a blank one are counted", head + "1,2,a\n\n\nx,2,a\n", "", "t.csv:5: submit_unix_ms"},
		{"lines after a name of two are counted", head + "1,2,\"a\nb\"\nx,2,a\n", "", "t.csv:4: submit_unix_ms"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got, err := parse(c.text, c.label); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Read(%.80q) = %v, error %v; want %q", c.text, got, err, c.want)
			}
		})
	}
}

func TestReadTellsAllThatIsWrongUpToTwentyLines(t *testing.T) {
	_, err := parse(head+"x,1,a\n1,2,a\n1,y,a\n", "")
	if err == nil || !strings.Contains(err.Error(), "t.csv:2: ") || !strings.Contains(err.Error(), "t.csv:4: ") {
		t.Errorf("error %v, want lines 2 and 4", err)
	}
	var one *Error
	if !errors.As(err, &one) || one.File != "t.csv" || one.Line != 2 {
		t.Errorf("error %#v, want an *Error of t.csv, line 2", one)
	}
	_, err = parse(head+strings.Repeat("x,1,a\n", 1000), "")
	if n := strings.Count(err.Error(), "\n"); n != maxProblems || !strings.HasSuffix(err.Error(), "nothing was read after 20 problems") {
		t.Errorf("%d lines of error, want %d; the last: %.100s", n+1, maxProblems+1, err.Error()[strings.LastIndex(err.Error(), "\n"):])
	}
}

func TestReadPassesOnWhatTheReaderSays(t *testing.T) {
	broken := errors.New("disk gone")
	if _, err := Read("t.csv", io.MultiReader(strings.NewReader(head+"1,2,a\n"), failing{broken}), ""); !errors.Is(err, broken) {
		t.Errorf("error %v, want %v", err, broken)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// endless is a file that does not end, of one line.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func TestReadIsBounded(t *testing.T) {
	l := limits{bytes: 2 << 20, builds: 1000}
	if _, err := read("t.csv", io.MultiReader(strings.NewReader(head), endless{}), "", l); err == nil || err.Error() != "t.csv: is larger than 2 MiB, which is the most" {
		t.Errorf("an endless line: error %v", err)
	}
	rows := strings.NewReader(head + strings.Repeat("1,2,a\n", l.builds+1))
	if _, err := read("t.csv", rows, "", l); err == nil || !strings.Contains(err.Error(), "t.csv:1002: has more than 1000 builds") {
		t.Errorf("too many builds: error %v", err)
	}
}

func TestReadTakesColumnsInAnyOrderAndRowsToo(t *testing.T) {
	got, err := parse("\ufeffLabel, duration_ms,workflow,submit_unix_ms,job,known_unix_ms\r\nlinux,2000,w,1005000,b,1000000\r\nmac,1,w,1,b,\r\nlinux,1000,w,1000000,a,\r\nlinux,0,w,1005000,a,\r\n", "linux")
	want := &Trace{
		Start: time.UnixMilli(1_000_000).UTC(), Jobs: []string{"b", "a"}, Lead: 5 * time.Second,
		Builds: []Build{
			{Duration: time.Second, Job: 1},
			{Submit: 5 * time.Second, Duration: 2 * time.Second, Job: 0, Known: 5 * time.Second},
			{Submit: 5 * time.Second, Duration: time.Millisecond, Job: 1},
		},
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("error %v, (-want +got):\n%s", err, diff)
	}
}

func TestReadUsesTheLabelForAJobThatIsNotNamed(t *testing.T) {
	got, err := parse("submit_unix_ms,duration_ms,label\n1,1,x\n2,1,y\n3,1,x\n", "")
	if err != nil || cmp.Diff([]string{"x", "y"}, got.Jobs) != "" || got.Builds[2].Job != 0 {
		t.Errorf("jobs %v, error %v", got, err)
	}
}

func TestWhatIsWrittenReadsTheSame(t *testing.T) {
	want := Diurnal(3, 2000)
	want.Builds[100].Known, want.Lead = 5*time.Second, 5*time.Second
	var file bytes.Buffer
	w := NewWriter(&file)
	for _, b := range want.Builds {
		if err := w.Write(Record{Submit: want.Start.Add(b.Submit), Duration: b.Duration, Known: b.Known, Job: want.Jobs[b.Job], Label: "linux, \"big\""}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	got, err := Read("t.csv", &file, `linux, "big"`)
	if err != nil {
		t.Fatal(err)
	}
	names := func(t *Trace) string {
		var all strings.Builder
		for _, b := range t.Builds {
			fmt.Fprintln(&all, b.Submit, b.Duration, b.Known, t.Jobs[b.Job])
		}
		return all.String()
	}
	if diff := cmp.Diff(names(want), names(got)); diff != "" || !got.Start.Equal(want.Start) {
		t.Errorf("start %s, want %s; (-want +got):\n%s", got.Start, want.Start, diff)
	}
}

func TestDiurnalIsTheSameForASeed(t *testing.T) {
	a, b, c := Diurnal(1, 5000), Diurnal(1, 5000), Diurnal(2, 5000)
	if len(a.Builds) != 5000 || cmp.Diff(a, b) != "" || cmp.Diff(a.Builds, c.Builds) == "" {
		t.Errorf("%d builds; the same seed differs or another one does not", len(a.Builds))
	}
}

func TestDiurnalIsBusyByDayAndQuietAtNight(t *testing.T) {
	hours := map[int]int{}
	weekend, builds := 0, Diurnal(1, 50_000)
	for _, b := range builds.Builds {
		at := builds.Start.Add(b.Submit)
		if day := at.Weekday(); day == time.Saturday || day == time.Sunday {
			weekend++
			continue
		}
		hours[at.Hour()]++
	}
	if hours[10] < 5*hours[5] || hours[14] < 5*hours[23] || weekend*5 > len(builds.Builds) {
		t.Errorf("builds by hour of working days: %v; at weekends %d of %d", hours, weekend, len(builds.Builds))
	}
	d := builds.Demand()
	if d.Mean < 5 || d.Mean > 20 || d.Peak < 60 || d.Span < 14*24*time.Hour {
		t.Errorf("mean %.1f, peak %d, span %s", d.Mean, d.Peak, d.Span)
	}
}

func TestPercentileIsALevelThatIsEnoughForThatPartOfTheTime(t *testing.T) {
	b := &Trace{Builds: []Build{{Duration: 100 * time.Second}, {Submit: 90 * time.Second, Duration: 10 * time.Second}}}
	d := b.Demand()
	if d.Percentile(0.9) != 1 || d.Percentile(0.91) != 2 || d.Peak != 2 || d.Mean != 1.1 || d.Span != 100*time.Second {
		t.Errorf("demand %+v, p90 %d, p91 %d", d, d.Percentile(0.9), d.Percentile(0.91))
	}
}

func TestReadNeverPanics(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SampledFrom([]string{"", head, "submit_unix_ms,duration_ms,label,known_unix_ms\n"}).Draw(t, "head") +
			rapid.StringOf(rapid.SampledFrom([]rune("0123456789,,\n\n\"-ax\x00\ufeff"))).Draw(t, "rows")
		got, err := parse(text, rapid.SampledFrom([]string{"", "a"}).Draw(t, "label"))
		if (got == nil) == (err == nil) {
			t.Fatalf("Read(%q) = %v, error %v", text, got, err)
		}
	})
}
