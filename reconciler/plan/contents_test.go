package plan

import (
	"strings"
	"testing"

	"majordomo.dev/reconciler/object"
)

// A namespace, like a definition, takes with it what is in it: it stays for as long as something stays that is.
func TestWhatHoldsOtherObjectsIsNotPrunedBeforeThem(t *testing.T) {
	space := object.Object{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": "jenkins"}}
	crd := object.Object{
		"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": map[string]any{"name": "things.example.com"},
		"spec": map[string]any{"group": "example.com", "names": map[string]any{"kind": "Thing"}},
	}
	thing := object.Object{"apiVersion": "example.com/v1", "kind": "Thing", "metadata": map[string]any{"name": "x", "namespace": "other"}}
	claim := object.Object{"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": map[string]any{"name": "home", "namespace": "jenkins"}}
	kept := object.Object{"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "kept", "namespace": "third"}}
	cases := map[string]struct {
		holder, content object.Object
		want            string
	}{
		"a namespace with a claim stays with the claim": {
			holder: space, content: claim, want: "no longer in Git, kept: PersistentVolumeClaim jenkins/home would go with it",
		},
		"a namespace with an object that is to stay": {
			holder: space, content: annotated(configMap("a", nil), object.Prune, "disabled"), want: "no longer in Git, kept: ConfigMap jenkins/a would go with it",
		},
		"a definition with an object that is to stay": {
			holder: crd, content: annotated(thing.Clone(), object.Prune, "disabled"), want: "no longer in Git, kept: example.com/Thing other/x would go with it",
		},
		"a namespace whose objects all go":  {holder: space, content: configMap("a", nil)},
		"a definition whose objects all go": {holder: crd, content: thing},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			d := Desire(Environment{Name: "gke", Namespaces: []string{"jenkins", "third"}}, object.NewSet(kept))
			holder := annotated(live(c.holder, "gke"), object.Prune, "allowed")
			p := Compute(Input{
				Desired: d, Gate: Gate{MaxObjects: 10},
				Inventory: Inventory{c.holder.ID(): entry(c.holder, "h"), c.content.ID(): entry(c.content, "h")},
				World: World{Objects: map[object.ID]Seen{
					kept.ID(): settled(d, kept), c.holder.ID(): {Live: holder}, c.content.ID(): {Live: live(c.content, "gke")},
				}},
			})
			for _, s := range p.Steps {
				if s.ID != c.holder.ID() {
					continue
				}
				if c.want == "" && s.Op != Prune || c.want != "" && (s.Op != Keep || !strings.HasPrefix(s.Reason, c.want)) {
					t.Errorf("%s: %s (%s), want %q", s.ID, s.Op, s.Reason, c.want)
				}
			}
		})
	}
}
