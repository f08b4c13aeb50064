// Package plot draws what policies did on a trace: an SVG that is readable on light and on dark ground.
package plot

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"time"

	"majordomo.dev/jenkins/simulate/engine"
)

// Chart is what is drawn, from top to bottom: the course of some policies over time, and all policies by wait and cost.
type Chart struct {
	Title    string
	Subtitle string
	Panels   []Panel
	Points   []Point
}

// Panel is the course of one policy.
type Panel struct {
	Name      string
	Note      string
	Executors int // per agent
	Course    []engine.Sample
}

// Point is one policy by what it came to.
type Point struct {
	Name  string
	Own   bool // it is the policy that others are compared with
	Wait  time.Duration
	Ratio float64 // agent-hours over those of the clairvoyant
}

// Measures in pixels.
const (
	width     = 960.0
	left      = 64.0
	right     = width - 24
	headLine  = 92.0
	agentsTop = 40.0 // below the top of a panel
	agents    = 150.0
	waitTop   = agentsTop + agents + 14
	waits     = 56.0
	panelPace = waitTop + waits + 30
	rowPace   = 18.0
	cloud     = 300.0
)

// Write draws the chart.
func Write(w io.Writer, c Chart) error {
	height := headLine + float64(len(c.Panels))*panelPace + 16
	cloudTop := height
	if len(c.Points) > 0 {
		height += max(cloud, float64(len(c.Points))*rowPace+40) + 40
	}
	d := &drawing{}
	d.printf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %.0f" width="%g" height="%.0f" role="img" aria-labelledby="t d">`+"\n", width, height, width, height)
	d.printf("<title id=\"t\">%s</title>\n<desc id=\"d\">%s</desc>\n", escape(c.Title), escape(c.describe()))
	d.printf("<style>%s</style>\n", style)
	d.printf(`<rect class="ground" width="%g" height="%.0f"/>`+"\n", width, height)
	d.text(left, 30, "title", c.Title)
	d.text(left, 52, "note", c.Subtitle)
	if len(c.Panels) > 0 {
		d.legend(left, 76)
	}
	s := scales(c.Panels)
	for i, p := range c.Panels {
		d.panel(p, headLine+float64(i)*panelPace, s)
	}
	if len(c.Points) > 0 {
		d.cloud(c.Points, cloudTop)
	}
	d.printf("</svg>\n")
	_, err := w.Write(d.Bytes())
	return err
}

// describe says in words what the picture shows.
func (c Chart) describe() string {
	text := c.Subtitle
	for _, p := range c.Points {
		text += fmt.Sprintf("; %s: mean wait %s, %.2f times the agent-hours of a clairvoyant", p.Name, p.Wait.Round(100*time.Millisecond), p.Ratio)
	}
	return text
}

// drawing is an SVG in the making.
type drawing struct{ bytes.Buffer }

func (d *drawing) printf(format string, args ...any) { fmt.Fprintf(d, format, args...) }

func (d *drawing) text(x, y float64, class, text string) {
	d.printf(`<text x="%.1f" y="%.1f" class="%s">%s</text>`+"\n", x, y, class, escape(text))
}

func (d *drawing) line(x1, y1, x2, y2 float64, class string) {
	d.printf(`<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" class="%s"/>`+"\n", x1, y1, x2, y2, class)
}

func escape(text string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(text)) // a buffer takes all
	return b.String()
}

// style has the colours of both grounds. Areas differ in lightness as well as in hue.
const style = `
text { font: 12px system-ui, sans-serif; fill: var(--ink); }
.title { font-size: 18px; font-weight: 600; } .name { font-size: 13px; font-weight: 600; }
.note, .tick, .axis { fill: var(--soft); } .tick { font-size: 11px; } .r { text-anchor: end; } .m { text-anchor: middle; }
.ground { fill: var(--ground); } .grid { stroke: var(--grid); } .base { stroke: var(--soft); }
.busy { fill: var(--busy); } .starting { fill: var(--starting); } .idle { fill: var(--idle); } .draining { fill: var(--draining); }
.demand { fill: none; stroke: var(--ink); stroke-width: 1.2; } .mean { fill: var(--wait); } .longest { fill: none; stroke: var(--wait); stroke-width: 1; stroke-dasharray: 3 2; }
.own { fill: var(--busy); stroke: var(--ink); } .other { fill: var(--ground); stroke: var(--ink); } .number { font-size: 10px; text-anchor: middle; } .inside { fill: var(--onbusy); }
svg { --ground: #ffffff; --ink: #1b1f24; --soft: #57606a; --grid: #d8dee4; --busy: #2f6db3; --onbusy: #ffffff; --starting: #e08a1e; --idle: #b9d6f2; --draining: #b8bcc2; --wait: #b03a5b; }
@media (prefers-color-scheme: dark) {
svg { --ground: #14181d; --ink: #e6edf3; --soft: #9aa5b1; --grid: #30363d; --busy: #4a90d9; --onbusy: #0b0e12; --starting: #f0a64a; --idle: #27496d; --draining: #5a626b; --wait: #e5738f; }
}
`
