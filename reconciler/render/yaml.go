package render

import (
	"bytes"
	"fmt"

	"sigs.k8s.io/yaml"

	"majordomo.dev/reconciler/object"
)

// YAML writes the objects in order of application, always in the same way. It masks nothing: object.Redact does.
func YAML(set object.Set) []byte {
	var b bytes.Buffer
	for i, id := range set.IDs() {
		data, err := yaml.JSONToYAML(encode(set[id]))
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
