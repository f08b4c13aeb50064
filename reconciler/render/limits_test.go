package render

import (
	"fmt"
	"strings"
	"testing"

	"majordomo.dev/reconciler/plan"
)

// objects is a file of n objects.
func objects(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("---\n" + settings(fmt.Sprintf("s%d", i)))
	}
	return b.String()
}

// doubling is a tree of bases in which each level has each object of the one before twice.
func doubling() memory {
	m := tree("b0/kustomization.yaml", head+"resources: [s.yaml]\n", "b0/s.yaml", settings("s"), "overlay/kustomization.yaml", head+"resources: [../b40]\n")
	for i := range 40 {
		m.put(fmt.Sprintf("l%d/kustomization.yaml", i), head+fmt.Sprintf("namePrefix: l-\nresources: [../b%d]\n", i))
		m.put(fmt.Sprintf("r%d/kustomization.yaml", i), head+fmt.Sprintf("namePrefix: r-\nresources: [../b%d]\n", i))
		m.put(fmt.Sprintf("b%d/kustomization.yaml", i+1), head+fmt.Sprintf("resources: [../l%d, ../r%d]\n", i, i))
	}
	return m
}

// chain is a tree in which each kustomization has the next as its base.
func chain() memory {
	m := tree("overlay/kustomization.yaml", head+"resources: [../c0]\n")
	for i := range maxFolders + 5 {
		m.put(fmt.Sprintf("c%d/kustomization.yaml", i), head+fmt.Sprintf("resources: [../c%d]\n", i+1))
	}
	return m
}

func TestLimit(t *testing.T) {
	cases := []struct {
		name   string
		limits Limits
		tree   memory
		want   string
	}{
		{
			"generator with 5 MiB",
			Limits{FileBytes: 6 << 20},
			tree("overlay/kustomization.yaml", head+"configMapGenerator:\n- name: x\n  files: [big]\n", "overlay/big", strings.Repeat("x", 5<<20)),
			".configMapGenerator[0]: makes an object of 5242880 bytes; allowed are 1048576",
		},
		{
			"object over 1 MiB",
			Limits{},
			tree("overlay/kustomization.yaml", head+"resources: [s.yaml]\n", "overlay/s.yaml", settings("s")+"binaryData: {x: "+strings.Repeat("A", 1<<20)+"}\n"),
			"overlay/s.yaml:1: ConfigMap jenkins/s: is 1048",
		},
		{
			"file over 5 MiB",
			Limits{},
			tree("overlay/kustomization.yaml", head+"resources: [s.yaml]\n", "overlay/s.yaml", "#"+strings.Repeat("x", 5<<20)),
			"overlay/s.yaml: is 5242881 bytes; allowed are 5242880",
		},
		{
			"20,000 objects",
			Limits{},
			tree("overlay/kustomization.yaml", head+"resources: [s.yaml]\n", "overlay/s.yaml", objects(20_000)),
			"the overlay describes 20000 objects; allowed are 5000",
		},
		{
			"one object more than allowed",
			Limits{Objects: 10},
			tree("overlay/kustomization.yaml", head+"resources: [s.yaml]\n", "overlay/s.yaml", objects(11)),
			"the overlay describes 11 objects; allowed are 10",
		},
		{"bases that double 40 times", Limits{}, doubling(), "allowed are 5000"},
		{"a chain of bases", Limits{}, chain(), "made of too many kustomizations; allowed are 500"},
		{
			"all objects together",
			Limits{TotalBytes: 1000},
			tree("overlay/kustomization.yaml", head+"resources: [s.yaml]\n", "overlay/s.yaml", objects(10)),
			"bytes of objects; allowed are 1000",
		},
		{
			"line of an env file over 64 KiB",
			Limits{},
			tree("overlay/kustomization.yaml", head+"configMapGenerator:\n- name: x\n  envs: [e.env]\n", "overlay/e.env", "A=1\nB="+strings.Repeat("x", 70<<10)+"\n"),
			"overlay/e.env:2: the line is longer than 64 KiB",
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := New(c.limits).Render(t.Context(), c.tree, "overlay")
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %.300v\nwant %s", err, c.want)
			}
		})
	}
}

func TestLimitIsAllowed(t *testing.T) {
	m := tree("overlay/kustomization.yaml", head+"resources: [a.yaml, b.yaml]\n", "overlay/a.yaml", settings("a"), "overlay/b.yaml", settings("b"))
	if _, err := New(Limits{Objects: 2}).Render(t.Context(), m, "overlay"); err != nil {
		t.Error(err)
	}
}

// TestOutOfBounds proves that patches cannot carry objects out of their environment: what is rendered is judged, not what files say.
func TestOutOfBounds(t *testing.T) {
	patch := func(options, ops string) memory {
		return tree("overlay/kustomization.yaml", head+"resources: [s.yaml]\npatches:\n- target: {kind: ConfigMap}\n  options: {"+options+"}\n  patch: |-\n"+ops,
			"overlay/s.yaml", settings("s"))
	}
	cases := []struct {
		name, want string
		tree       memory
	}{
		{"namespace of another environment", "namespace kube-system is outside the environment", tree("overlay/kustomization.yaml", head+"namespace: kube-system\nresources: [s.yaml]\n", "overlay/s.yaml", settings("s"))},
		{"cluster-scoped kind", "ClusterRole has no namespace, or is of a cluster-scoped kind", tree("overlay/kustomization.yaml", head+"resources: [r.yaml]\n", "overlay/r.yaml", "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: r}\n")},
		{"patch of the namespace", "namespace kube-system is outside the environment", patch("", "    - {op: replace, path: /metadata/namespace, value: kube-system}\n")},
		{"patch of the kind", "namespace jenkins-b is outside the environment", patch("allowKindChange: true", "    - {op: replace, path: /kind, value: Secret}\n    - {op: replace, path: /metadata/namespace, value: jenkins-b}\n")},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := New(Limits{}).Render(t.Context(), c.tree, "overlay")
			if err != nil {
				t.Fatal(err)
			}
			d := plan.Desire(plan.Environment{Name: "ci", Namespaces: []string{"jenkins"}}, got.Objects)
			if len(d.Objects) != 0 || len(d.Refused) != 1 || !strings.Contains(d.Refused[0].Reason, c.want) {
				t.Errorf("Desire = %v, refused %v; want refused with %q", d.IDs(), d.Refused, c.want)
			}
		})
	}
}
