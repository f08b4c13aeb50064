package stapler

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// JSON writes an object with its class.
func JSON(o *Object, p Pruner) []byte {
	var w writer
	w.object(o, "", p)
	return w.b
}

type writer struct{ b []byte }

func (w *writer) object(o *Object, declared string, p Pruner) {
	w.b = append(w.b, '{')
	first := true
	comma := func() {
		if !first {
			w.b = append(w.b, ',')
		}
		first = false
	}
	if o.Class != "" && o.Class != declared {
		comma()
		w.text("_class")
		w.b = append(w.b, ':')
		w.text(o.Class)
	}
	for _, prop := range o.Props {
		child := p.accept(prop)
		if child == nil {
			continue
		}
		v := prop.Value()
		if v == nil && prop.Skip {
			continue
		}
		comma()
		w.text(prop.Name)
		w.b = append(w.b, ':')
		w.value(v, prop.Type, child)
	}
	w.b = append(w.b, '}')
}

func (w *writer) value(v any, declared string, p Pruner) {
	switch v := v.(type) {
	case nil:
		w.b = append(w.b, "null"...)
	case bool:
		w.b = strconv.AppendBool(w.b, v)
	case int:
		w.b = strconv.AppendInt(w.b, int64(v), 10)
	case int64:
		w.b = strconv.AppendInt(w.b, v, 10)
	case float32:
		s := strconv.FormatFloat(float64(v), 'f', -1, 32)
		if !strings.Contains(s, ".") {
			s += ".0"
		}
		w.b = append(w.b, s...)
	case string:
		w.text(v)
	case *Object:
		if v == nil {
			w.b = append(w.b, "null"...)
			return
		}
		w.object(v, declared, p)
	case List:
		w.list(v, declared, p)
	case Map:
		w.pairs(v, p)
	default:
		panic(fmt.Sprintf("stapler: a value of type %T", v))
	}
}

func (w *writer) list(l List, declared string, p Pruner) {
	from, to := p.span(len(l))
	w.b = append(w.b, '[')
	for i, v := range l[from:to] {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.value(v, declared, p)
	}
	w.b = append(w.b, ']')
}

func (w *writer) pairs(m Map, p Pruner) {
	w.b = append(w.b, '{')
	for i, e := range m {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.text(e.Key)
		w.b = append(w.b, ':')
		w.value(e.Value, "", p)
	}
	w.b = append(w.b, '}')
}

func (w *writer) text(s string) {
	w.b = append(w.b, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			w.b = append(w.b, '\\', byte(r))
		case r < 0x20:
			w.b = fmt.Appendf(w.b, `\u%04x`, r)
		default:
			w.b = utf8.AppendRune(w.b, r)
		}
	}
	w.b = append(w.b, '"')
}
