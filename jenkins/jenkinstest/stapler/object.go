// Package stapler writes objects as Jenkins's remote API does: with a depth, or with a tree of names.
package stapler

// Object is something that the API shows. Without a class it has nothing to show: {}.
type Object struct {
	Class string
	Props []Prop
}

// Prop is a property of an object.
type Prop struct {
	Name string
	// Visibility is at which depth it is shown: 1 only where its object is what was asked for, 2 one level below, and so on.
	Visibility int
	// Type is the declared class. The class of a value is written where it is another one.
	Type string
	// Inline shows the value at the same level, not one below.
	Inline bool
	// Skip leaves the property out where it is nil.
	Skip bool
	// Value is asked for when the property is shown: nil, bool, int, int64, float32, string, *Object, List or Map.
	Value func() any
}

// List is an array.
type List []any

// Map is a map, in order; its values are written with the pruner of the map itself.
type Map []Entry

// Entry is a pair of a Map.
type Entry struct {
	Key   string
	Value any
}

// Visibilities.
const (
	Top    = 1
	Second = 2
	Always = 999
)

// Val is a property with a plain value.
func Val(name string, visibility int, value any) Prop {
	return Prop{Name: name, Visibility: visibility, Value: func() any { return value }}
}

// Func is a property whose value is made when it is shown, declared as class.
func Func(name string, visibility int, class string, value func() any) Prop {
	return Prop{Name: name, Visibility: visibility, Type: class, Value: value}
}

// Objects makes a List.
func Objects[T any](of []T, object func(T) *Object) List {
	l := make(List, 0, len(of))
	for _, v := range of {
		l = append(l, object(v))
	}
	return l
}
