package render

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"
)

func fleet(n int) memory {
	files := fstest.MapFS{}
	put := func(name, text string) { files[name] = &fstest.MapFile{Data: []byte(text)} }
	var resources strings.Builder
	for i := range 16 {
		fmt.Fprintf(&resources, "- d%d.yaml\n", i)
		put(fmt.Sprintf("base/d%d.yaml", i), fmt.Sprintf(`apiVersion: apps/v1
kind: Deployment
metadata:
  name: app-%d
  labels: {app: app-%d}
spec:
  replicas: 2
  selector:
    matchLabels: {app: app-%d}
  template:
    metadata:
      labels: {app: app-%d}
    spec:
      securityContext:
        runAsNonRoot: true
        runAsUser: 1000
      containers:
      - name: main
        image: registry.example/app:1.0
        args: ["--listen=:8080", "--log=info"]
        env:
        - {name: A, value: "1"}
        - name: CONFIG
          valueFrom:
            configMapKeyRef: {name: settings, key: level}
        ports:
        - containerPort: 8080
          name: http
        resources:
          requests: {cpu: 100m, memory: 128Mi}
          limits: {memory: 256Mi}
        readinessProbe:
          httpGet: {path: /healthz, port: http}
        volumeMounts:
        - {name: data, mountPath: /data}
      volumes:
      - name: data
        emptyDir: {}
`, i, i, i, i))
	}
	put("base/service.yaml", "apiVersion: v1\nkind: Service\nmetadata:\n  name: app\nspec:\n  selector: {app: app-0}\n  ports:\n  - {name: http, port: 80, targetPort: http}\n")
	put("base/sa.yaml", "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: app\n")
	put("base/ns.yaml", "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: x\n")
	put("base/kustomization.yaml", "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n- service.yaml\n- sa.yaml\n- ns.yaml\n"+resources.String()+"configMapGenerator:\n- name: settings\n  literals: [level=info]\n")
	for i := range n {
		put(fmt.Sprintf("overlays/e%d/kustomization.yaml", i), fmt.Sprintf(`apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: env-%d
resources: [../../base]
labels:
- pairs: {env: e%d}
images:
- {name: registry.example/app, newTag: "2.0"}
patches:
- patch: |
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app-3}
    spec: {replicas: 5}
`, i, i))
	}
	return memory{files}
}

// cpu returns the time that the process has had of the processor.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func measure(b *testing.B, renders int, do func()) {
	b.Helper()
	b.ReportAllocs()
	do()
	start := cpu(b)
	for b.Loop() {
		do()
	}
	b.ReportMetric(float64((cpu(b)-start).Microseconds())/1000/float64(b.N*renders), "cpu-ms/render")
}

func BenchmarkKustomize(b *testing.B) {
	t := fleet(1)
	measure(b, 1, func() {
		objects, err := kustomize(filesystem{reads: newReads(t, 5<<20)}, "overlays/e0")
		if err != nil || len(objects) != 20 {
			b.Fatal(len(objects), err)
		}
	})
}

// BenchmarkFleet renders 50 environments of 20 objects after a commit.
func BenchmarkFleet(b *testing.B) {
	const environments = 50
	for _, c := range []struct{ name, touched string }{
		{"base", "base/service.yaml"}, {"overlay", "overlays/e7/kustomization.yaml"}, {"other", "README.md"},
	} {
		b.Run(c.name, func(b *testing.B) {
			t, r, i := fleet(environments), New(Limits{}), 0
			measure(b, environments, func() {
				i++
				old := t.files[c.touched]
				text := "# read me\n"
				if old != nil {
					text = string(old.Data)
				}
				t.files[c.touched] = &fstest.MapFile{Data: []byte(text + fmt.Sprintf("# %d\n", i))}
				for e := range environments {
					if got, err := r.Render(b.Context(), t, fmt.Sprintf("overlays/e%d", e)); err != nil || len(got.Objects) != 20 {
						b.Fatal(len(got.Objects), err)
					}
				}
			})
		})
	}
}
