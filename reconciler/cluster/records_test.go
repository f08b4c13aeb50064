package cluster

import (
	"fmt"
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"majordomo.dev/reconciler/object"
)

// asked is an Environment object of a version, in which somebody asks for a sync.
func asked(version int, sync string) object.Object {
	return object.Object{
		"apiVersion": "majordomo.dev/v1alpha1", "kind": "Environment", "metadata": map[string]any{
			"name": "gke", "uid": "1", "resourceVersion": fmt.Sprint(version), "annotations": map[string]any{SyncAnnotation: sync},
		},
	}
}

// The answer to a request of the loop itself may bring what somebody asks before the watch does, in the middle of a visit that does not go by it.
func TestTheWatchTellsOfWhatIsNotHeeded(t *testing.T) {
	const watched, answer, heed = "the watch brings", "an answer brings", "the loop heeds"
	type step struct {
		what    string
		version int
		sync    string
	}
	for name, c := range map[string]struct {
		steps []step
		told  []int // versions
	}{
		"an unknown one":           {[]step{{watched, 1, ""}}, []int{1}},
		"one that is heeded":       {[]step{{answer, 1, "a"}, {heed, 1, "a"}, {watched, 1, "a"}}, nil},
		"a further one":            {[]step{{answer, 1, "a"}, {heed, 1, "a"}, {watched, 2, "b"}}, []int{2}},
		"one that an answer knew":  {[]step{{answer, 1, "a"}, {heed, 1, "a"}, {answer, 2, "b"}, {watched, 2, "b"}}, []int{2}},
		"one that was heeded then": {[]step{{answer, 1, "a"}, {heed, 1, "a"}, {answer, 2, "b"}, {heed, 2, "b"}, {watched, 2, "b"}}, nil},
		"an old one":               {[]step{{answer, 3, "a"}, {heed, 3, "a"}, {watched, 2, "b"}}, nil},
		"nothing that is asked":    {[]step{{answer, 1, "a"}, {heed, 1, "a"}, {watched, 2, "a"}}, nil},
	} {
		r := &Records{seen: map[string]object.Object{}, heeded: map[string]string{}}
		var told []int
		for _, s := range c.steps {
			switch o := asked(s.version, s.sync); s.what {
			case watched:
				_ = (&book{records: r, notify: func(string) { told = append(told, s.version) }}).Update(&unstructured.Unstructured{Object: o})
			case answer:
				r.remember(o)
			case heed:
				r.Heed(record(o))
			}
		}
		if !slices.Equal(told, c.told) {
			t.Errorf("%s: told of versions %v, want %v", name, told, c.told)
		}
	}
}
