package window

import (
	"net/url"
	"reflect"
	"time"

	"majordomo.dev/reconciler/status"
)

// longest is how many bytes a text may have.
const longest = 1000

// Clean returns a copy of the state in which every text is fit to be shown on one line: much of what it says was written by others, in
// commits, Jenkins or the cluster.
func Clean(s State) State {
	return clean(reflect.ValueOf(s)).Interface().(State) //nolint:forcetypeassert // a copy is of the type of what it copies
}

var moment = reflect.TypeFor[time.Time]()

func clean(v reflect.Value) reflect.Value {
	out := reflect.New(v.Type()).Elem()
	switch {
	case v.Type() == moment:
		out.Set(v)
	case v.Kind() == reflect.String:
		out.SetString(status.Clean(v.String(), longest))
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			out.Field(i).Set(clean(v.Field(i)))
		}
	case v.Kind() == reflect.Slice && !v.IsNil():
		out.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		for i := range v.Len() {
			out.Index(i).Set(clean(v.Index(i)))
		}
	case v.Kind() == reflect.Pointer && !v.IsNil():
		out.Set(reflect.New(v.Type().Elem()))
		out.Elem().Set(clean(v.Elem()))
	default:
		out.Set(v)
	}
	return out
}

// Link returns an address that may stand in a page: http or https, with a host and without a user. Others are "".
func Link(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || len(address) > longest {
		return ""
	}
	return address
}
