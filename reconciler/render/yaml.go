package render

import (
	"bytes"
	"fmt"

	"sigs.k8s.io/yaml"

	"majordomo.dev/reconciler/object"
)

// YAML writes the objects in order of application, always in the same way. Unless secrets is set, values that may be secret are masked.
func YAML(set object.Set, secrets bool) []byte {
	var b bytes.Buffer
	for i, id := range set.IDs() {
		o := set[id]
		if !secrets {
			o = object.Redact(o)
		}
		data, err := yaml.JSONToYAML(encode(o))
		if err != nil {
			panic(fmt.Sprintf("object %s is not JSON: %v", id, err)) // a broken invariant of object.Object
		}
		if i > 0 {
			b.WriteString("---\n")
		}
		b.Write(data)
	}
	return b.Bytes()
}
