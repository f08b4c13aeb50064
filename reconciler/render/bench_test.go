package render

import (
	"fmt"
	"syscall"
	"testing"
	"testing/fstest"
	"time"
)

// workload is a Deployment such as people write, with its number.
const workload = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: app-%[1]d
  labels: {app: app-%[1]d}
spec:
  replicas: 2
  selector:
    matchLabels: {app: app-%[1]d}
  template:
    metadata:
      labels: {app: app-%[1]d}
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
`

const overlay = head + `namespace: env-%[1]d
resources: [../../base]
labels:
- pairs: {env: e%[1]d}
images:
- {name: registry.example/app, newTag: "2.0"}
patches:
- patch: |
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app-0}
    spec: {replicas: 5}
`

// fleet is a base of 20 objects, so many of them Deployments, under n overlays.
func fleet(n, workloads int) memory {
	m := tree(
		"base/service.yaml", "apiVersion: v1\nkind: Service\nmetadata:\n  name: app\nspec:\n  selector: {app: app-0}\n  ports:\n  - {name: http, port: 80, targetPort: http}\n",
		"base/account.yaml", "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: app\n",
		"base/namespace.yaml", "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: x\n",
	)
	list := "resources:\n- service.yaml\n- account.yaml\n- namespace.yaml\n"
	for i := range 16 {
		name, text := fmt.Sprintf("o%d.yaml", i), fmt.Sprintf(workload, i)
		if i >= workloads {
			text = fmt.Sprintf("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c-%d\ndata:\n  level: info\n  text: |\n    one\n    two\n", i)
		}
		m.put("base/"+name, text)
		list += "- " + name + "\n"
	}
	m.put("base/kustomization.yaml", head+list+"configMapGenerator:\n- name: settings\n  literals: [level=info]\n")
	for i := range n {
		m.put(fmt.Sprintf("overlays/e%d/kustomization.yaml", i), fmt.Sprintf(overlay, i))
	}
	return m
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
	t := fleet(1, 16)
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
	for _, c := range []struct {
		name, touched string
		workloads     int
	}{
		{"base of 16 workloads", "base/service.yaml", 16},
		{"base of 4 workloads", "base/service.yaml", 4},
		{"one overlay", "overlays/e7/kustomization.yaml", 16},
		{"no overlay", "README.md", 16},
	} {
		b.Run(c.name, func(b *testing.B) {
			t, r, i := fleet(environments, c.workloads), New(Limits{}), 0
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
