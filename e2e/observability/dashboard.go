// Package observability makes the Grafana dashboard of manifests/observability, and proves that it and the alerts go by what is served.
package observability

import (
	"bytes"
	"encoding/json"
)

// A row is a heading with its panels, which are laid out from left to right.
type row struct {
	title  string
	panels []panel
}

// A panel shows queries one way.
type panel struct {
	kind    string // of Grafana: stat, timeseries, table, state-timeline
	title   string
	help    string // one sentence, behind the i
	unit    string // of Grafana: s, bytes, ops, percentunit; "" for a plain number
	width   int    // of the 24 columns
	stacked bool
	colors  map[string]string // of series, by their names
	steps   []step            // colors of a stat by its value
	texts   map[string]string // shown in place of values
	queries []query
}

// step is a color from a value on.
type step struct {
	from  float64
	color string
}

// query is PromQL and what its series are called.
type query struct{ expr, name string }

// height is that of every panel, in rows of Grafana.
const height = 8

// variable is a choice above the panels: a label that the queries below go by.
type variable struct{ name, label, query string }

// object is an object of JSON.
type object = map[string]any

// dashboard returns the dashboard as Grafana imports it.
func dashboard(rows []row, variables []variable) ([]byte, error) {
	panels, y, id := []any{}, 0, 0
	next := func() int { id++; return id }
	for _, r := range rows {
		panels = append(panels, object{"id": next(), "type": "row", "title": r.title, "collapsed": false, "panels": []any{}, "gridPos": object{"x": 0, "y": y, "w": 24, "h": 1}})
		y++
		x := 0
		for _, p := range r.panels {
			if x+p.width > 24 {
				x, y = 0, y+height
			}
			panels = append(panels, p.json(next(), x, y))
			x += p.width
		}
		y += height
	}
	all := object{
		"uid": "majordomo", "title": "Majordomo", "description": "Jenkins masters and their agents, as Git says and the queue asks.", "tags": []string{"jenkins", "majordomo"},
		"schemaVersion": 41, "version": 1, "editable": true, "graphTooltip": 1, "refresh": "30s", "timezone": "browser", "time": object{"from": "now-6h", "to": "now"},
		"templating": object{"list": choices(variables)}, "annotations": object{"list": []any{}}, "links": []any{}, "panels": panels,
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(all)
	return b.Bytes(), err
}

// source is the Prometheus that a person chooses above the panels.
var source = object{"type": "prometheus", "uid": "${datasource}"}

func choices(variables []variable) []any {
	list := []any{object{"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus", "refresh": 1}}
	for _, v := range variables {
		list = append(list, object{
			"name": v.name, "label": v.label, "type": "query", "datasource": source, "query": object{"query": v.query, "refId": v.name}, "definition": v.query,
			"refresh": 2, "sort": 1, "multi": true, "includeAll": true, "allValue": ".*", "current": object{"text": "All", "value": "$__all"},
		})
	}
	return list
}

func (p panel) json(id, x, y int) object {
	targets := []any{}
	for i, q := range p.queries {
		t := object{"refId": string(rune('A' + i)), "datasource": source, "expr": q.expr, "legendFormat": q.name, "editorMode": "code", "range": true}
		if p.kind == "table" || p.kind == "stat" {
			t["instant"], t["range"] = true, false
		}
		if p.kind == "table" {
			t["format"] = "table"
		}
		targets = append(targets, t)
	}
	out := object{
		"id": id, "type": p.kind, "title": p.title, "description": p.help, "datasource": source, "targets": targets, "options": p.options(),
		"gridPos": object{"x": x, "y": y, "w": p.width, "h": height}, "fieldConfig": object{"defaults": p.defaults(), "overrides": p.overrides()},
	}
	if p.kind == "table" {
		out["transformations"] = []any{object{"id": "organize", "options": object{"excludeByName": object{"Time": true, "Value": true}}}}
	}
	return out
}

func (p panel) options() object {
	switch p.kind {
	case "timeseries":
		return object{"legend": object{"displayMode": "list", "placement": "bottom", "showLegend": true}, "tooltip": object{"mode": "multi", "sort": "desc"}}
	case "stat":
		return object{"reduceOptions": object{"calcs": []string{"lastNotNull"}}, "colorMode": "background", "graphMode": "none", "textMode": "value_and_name"}
	case "state-timeline":
		return object{"showValue": "never", "mergeValues": true, "legend": object{"displayMode": "list", "placement": "bottom", "showLegend": true}}
	}
	return object{"showHeader": true}
}

// defaults is how values look.
func (p panel) defaults() object {
	d := object{"unit": p.unit, "min": 0, "custom": object{}}
	if p.unit == "" {
		d["unit"] = "short"
	}
	if p.kind == "timeseries" {
		custom := object{"lineWidth": 1, "fillOpacity": 10, "showPoints": "never", "spanNulls": false}
		if p.stacked {
			custom["fillOpacity"], custom["stacking"] = 60, object{"mode": "normal", "group": "A"}
		}
		d["custom"] = custom
	}
	if len(p.steps) > 0 {
		steps := []any{}
		for i, s := range p.steps {
			var from any
			if i > 0 {
				from = s.from
			}
			steps = append(steps, object{"value": from, "color": s.color})
		}
		d["thresholds"], d["color"] = object{"mode": "absolute", "steps": steps}, object{"mode": "thresholds"}
	}
	if len(p.texts) > 0 {
		shown := object{}
		for value, text := range p.texts {
			shown[value] = object{"text": text}
		}
		d["mappings"] = []any{object{"type": "value", "options": shown}}
	}
	return d
}

// overrides gives series their colors. A limit is a dashed line over what is stacked.
func (p panel) overrides() []any {
	list := []any{}
	for _, q := range p.queries {
		color, ok := p.colors[q.name]
		if !ok {
			continue
		}
		properties := []any{object{"id": "color", "value": object{"mode": "fixed", "fixedColor": color}}}
		if limits[q.name] {
			properties = append(properties,
				object{"id": "custom.stacking", "value": object{"mode": "none"}}, object{"id": "custom.fillOpacity", "value": 0},
				object{"id": "custom.lineStyle", "value": object{"fill": "dash", "dash": []int{6, 4}}}, object{"id": "custom.lineWidth", "value": 2})
		}
		list = append(list, object{"matcher": object{"id": "byName", "options": q.name}, "properties": properties})
	}
	return list
}

// limits are the lines that agents are measured against.
var limits = map[string]bool{"desired": true, "min": true, "max": true}
