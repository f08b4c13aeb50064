package plot

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"majordomo.dev/jenkins/simulate/engine"
)

func draw(t *testing.T, c Chart) string {
	t.Helper()
	var out bytes.Buffer
	if err := Write(&out, c); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// wellFormed reads the picture as XML to its end.
func wellFormed(svg string) error {
	d := xml.NewDecoder(strings.NewReader(svg))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

var sample = Chart{
	Title: "Agents for <a> & b", Subtitle: "10 builds",
	Panels: []Panel{{Name: "majordomo, rho 10", Note: "mean wait 3s", Course: []engine.Sample{
		{To: time.Hour, Running: 3, Busy: 3, Idle: 1, Wait: time.Second, Longest: 4 * time.Second, Began: 2},
		{From: time.Hour, To: 2 * time.Hour, Queued: 2, Running: 4, Busy: 4, Starting: 2, Draining: 1},
	}}},
	Points: []Point{{Name: "majordomo, rho 10", Own: true, Wait: 3 * time.Second, Ratio: 1.1}, {Name: "static", Wait: 0, Ratio: 12}},
}

func TestThePictureIsXMLWithWordsForThoseWhoDoNotSeeIt(t *testing.T) {
	svg := draw(t, sample)
	if err := wellFormed(svg); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`role="img"`, "<title id=\"t\">Agents for &lt;a&gt; &amp; b</title>", "static: mean wait 0s, 12.00 times the agent-hours",
		"prefers-color-scheme: dark", ">majordomo, rho 10<", ">1 h<", ">mean wait<", `class="own"`,
	} {
		if !strings.Contains(svg, want) {
			t.Errorf("the picture has no %s", want)
		}
	}
}

func TestThePictureRefersToNothingOutside(t *testing.T) {
	svg := draw(t, sample)
	for _, never := range []string{"<script", "url(", "@import", "href", "<image", "NaN", "Inf"} {
		if strings.Contains(svg, never) {
			t.Errorf("the picture has %s", never)
		}
	}
}

func TestEveryCourseCanBeDrawn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := Chart{Title: rapid.String().Draw(t, "title")}
		for range rapid.IntRange(0, 3).Draw(t, "panels") {
			p := Panel{Name: rapid.String().Draw(t, "name"), Executors: rapid.IntRange(0, 4).Draw(t, "executors")}
			at := time.Duration(0)
			for range rapid.IntRange(0, 5).Draw(t, "samples") {
				to := at + time.Duration(rapid.Int64Range(1, int64(365*24*time.Hour)).Draw(t, "length"))
				number := rapid.Float64Range(0, 1e6)
				p.Course = append(p.Course, engine.Sample{
					From: at, To: to, Queued: number.Draw(t, "queued"), Running: number.Draw(t, "running"), Busy: number.Draw(t, "busy"),
					Idle: number.Draw(t, "idle"), Longest: time.Duration(rapid.Int64Range(0, 1e18).Draw(t, "longest")),
				})
				at = to
			}
			c.Panels = append(c.Panels, p)
		}
		for range rapid.IntRange(0, 5).Draw(t, "points") {
			c.Points = append(c.Points, Point{Wait: time.Duration(rapid.Int64Range(0, 1e17).Draw(t, "wait")), Ratio: rapid.Float64Range(0.01, 1e6).Draw(t, "ratio")})
		}
		var out bytes.Buffer
		if err := Write(&out, c); err != nil {
			t.Fatal(err)
		}
		svg := out.String()
		if err := wellFormed(svg); err != nil {
			t.Fatalf("%v in\n%s", err, svg)
		}
		drawn := svg[strings.Index(svg, "</desc>"):]
		if strings.Contains(drawn, `"NaN`) || strings.Contains(drawn, `"+Inf`) || strings.Contains(drawn, "LNaN") || len(svg) > 1<<20 {
			t.Fatalf("%d bytes: %s", len(svg), drawn)
		}
	})
}

func TestTicksDivideWell(t *testing.T) {
	for v, want := range map[float64]float64{1: 1, 3: 4, 61: 80, 495: 500, 587: 600, 0.3: 0.4, 1815: 2000} {
		if got := ceiling(v); got < want*0.999 || got > want*1.001 {
			t.Errorf("ceiling(%g) = %g, want %g", v, got, want)
		}
	}
}
