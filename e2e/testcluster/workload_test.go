package testcluster

import (
	"fmt"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"
)

// resources is what the tests create, by kind.
var resources = map[string]schema.GroupVersionResource{
	"ConfigMap":             {Version: "v1", Resource: "configmaps"},
	"Node":                  {Version: "v1", Resource: "nodes"},
	"PersistentVolume":      {Version: "v1", Resource: "persistentvolumes"},
	"PersistentVolumeClaim": {Version: "v1", Resource: "persistentvolumeclaims"},
	"Pod":                   {Version: "v1", Resource: "pods"},
	"ReplicationController": {Version: "v1", Resource: "replicationcontrollers"},
	"Service":               {Version: "v1", Resource: "services"},
	"Deployment":            {Group: "apps", Version: "v1", Resource: "deployments"},
	"ReplicaSet":            {Group: "apps", Version: "v1", Resource: "replicasets"},
	"StatefulSet":           {Group: "apps", Version: "v1", Resource: "statefulsets"},
	"Job":                   {Group: "batch", Version: "v1", Resource: "jobs"},
	"StorageClass":          {Group: "storage.k8s.io", Version: "v1", Resource: "storageclasses"},
}

const template = `template: {metadata: {labels: {app: x}}, spec: {containers: [{name: c, image: x}]}}`

func TestWorkloadsBecomeReady(t *testing.T) {
	ns := cluster.Namespace(t, nil)
	class := storageClass(t, "WaitForFirstConsumer")
	for _, c := range []struct{ kind, manifest, field, want string }{
		{"ReplicaSet", `{apiVersion: apps/v1, kind: ReplicaSet, spec: {replicas: 3, selector: {matchLabels: {app: x}}, ` + template + `}}`, "status.readyReplicas", "3"},
		{"ReplicationController", `{apiVersion: v1, kind: ReplicationController, spec: {replicas: 3, selector: {app: x}, ` + template + `}}`, "status.readyReplicas", "3"},
		{"Deployment", `{apiVersion: apps/v1, kind: Deployment, spec: {replicas: 3, selector: {matchLabels: {app: x}}, ` + template + `}}`, "status.availableReplicas", "3"},
		{"StatefulSet", `{apiVersion: apps/v1, kind: StatefulSet, spec: {serviceName: x, replicas: 2, selector: {matchLabels: {app: x}}, ` + template +
			`, volumeClaimTemplates: [{metadata: {name: home}, spec: {storageClassName: ` + class + `, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}]}}`, "status.readyReplicas", "2"},
		{"Job", `{apiVersion: batch/v1, kind: Job, spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: x}]}}}}`, "status.succeeded", "1"},
		{"Service", `{apiVersion: v1, kind: Service, spec: {type: LoadBalancer, ports: [{port: 80}]}}`, "status.loadBalancer.ingress", "192.0.2."},
	} {
		t.Run(c.kind, func(t *testing.T) {
			create(t, ns, strings.ToLower(c.kind), c.manifest)
			awaitField(t, c.kind, ns, strings.ToLower(c.kind), c.field, c.want)
		})
	}
}

func TestPodIsReadyWhenItsAnnotationsSay(t *testing.T) {
	ns := cluster.Namespace(t, nil)
	pod := `{apiVersion: v1, kind: Pod, metadata: {annotations: {%s}}, spec: {containers: [{name: c, image: x}], initContainers: [{name: i, image: x}]}}`
	create(t, ns, "waits", fmt.Sprintf(pod, "e2e.majordomo.dev/waiting: ImagePullBackOff"))
	create(t, ns, "late", fmt.Sprintf(pod, "e2e.majordomo.dev/delay: 2s"))
	create(t, ns, "prompt", fmt.Sprintf(pod, ""))
	awaitField(t, "Pod", ns, "prompt", "status.podIP", "10.")
	awaitField(t, "Pod", ns, "late", "status.phase", "Running")
	awaitField(t, "Pod", ns, "waits", "status.containerStatuses", "ImagePullBackOff")
	awaitField(t, "Pod", ns, "waits", "status.phase", "Pending")
	late := get(t, "Pod", ns, "late")
	started, _, _ := unstructured.NestedString(late.Object, "status", "startTime")
	at, err := time.Parse(time.RFC3339, started)
	// Both times are cut to whole seconds, which a delay of whole seconds survives.
	if took := at.Sub(late.GetCreationTimestamp().Time); err != nil || took < 2*time.Second {
		t.Errorf("pod with a delay of 2s started after %v (%v)", took, err)
	}
}

func TestClaimBinds(t *testing.T) {
	ns := cluster.Namespace(t, nil)
	claim := `{apiVersion: v1, kind: PersistentVolumeClaim, spec: {storageClassName: %s, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}`

	t.Run("of a CSI class, whose volume goes with it", func(t *testing.T) {
		create(t, ns, "csi", fmt.Sprintf(claim, storageClass(t, "Immediate")))
		awaitField(t, "PersistentVolumeClaim", ns, "csi", "status.phase", "Bound")
		volume, _, _ := unstructured.NestedString(get(t, "PersistentVolumeClaim", ns, "csi").Object, "spec", "volumeName")
		if err := client(t, "PersistentVolumeClaim", ns).Delete(t.Context(), "csi", metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		await(t, "the volume is gone", func() error {
			_, err := client(t, "PersistentVolume", "").Get(t.Context(), volume, metav1.GetOptions{})
			if err == nil {
				return fmt.Errorf("volume %s is still there", volume)
			}
			return nil
		})
	})

	t.Run("to a hostPath volume that comes after it", func(t *testing.T) {
		name := uniqueName(t.Name())
		create(t, ns, "host", fmt.Sprintf(claim, name))
		create(t, "", name, `{apiVersion: v1, kind: PersistentVolume, spec: {storageClassName: `+name+`, capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], hostPath: {path: /x}}}`)
		awaitField(t, "PersistentVolumeClaim", ns, "host", "status.phase", "Bound")
	})
}

func TestNamespaceEnforcesPodSecurity(t *testing.T) {
	ns := cluster.Namespace(t, map[string]string{"pod-security.kubernetes.io/enforce": "restricted"})
	pod := parse(t, "p", `{apiVersion: v1, kind: Pod, spec: {containers: [{name: c, image: x, securityContext: {privileged: true}}]}}`)
	_, err := client(t, "Pod", ns).Create(t.Context(), pod, metav1.CreateOptions{})
	if err == nil || !strings.Contains(err.Error(), `violates PodSecurity "restricted`) {
		t.Errorf("privileged pod: %v, want it refused by PodSecurity", err)
	}
}

// storageClass creates a class that GKE's driver would serve.
func storageClass(t *testing.T, binding string) string {
	t.Helper()
	name := uniqueName(t.Name())
	create(t, "", name, `{apiVersion: storage.k8s.io/v1, kind: StorageClass, provisioner: pd.csi.storage.gke.io, volumeBindingMode: `+binding+`}`)
	return name
}

func client(t *testing.T, kind, ns string) dynamic.ResourceInterface {
	t.Helper()
	return clientFor(t, cluster.Config(), kind, ns)
}

func clientFor(t *testing.T, cfg *rest.Config, kind, ns string) dynamic.ResourceInterface {
	t.Helper()
	c, err := dynamic.NewForConfig(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if ns == "" {
		return c.Resource(resources[kind])
	}
	return c.Resource(resources[kind]).Namespace(ns)
}

func parse(t *testing.T, name, manifest string) *unstructured.Unstructured {
	t.Helper()
	o := new(unstructured.Unstructured)
	if err := yaml.Unmarshal([]byte(manifest), &o.Object); err != nil {
		t.Fatal(err)
	}
	o.SetName(name)
	return o
}

// create creates an object, and deletes it after the test if no namespace does.
func create(t *testing.T, ns, name, manifest string) {
	t.Helper()
	o := parse(t, name, manifest)
	c := client(t, o.GetKind(), ns)
	if _, err := c.Create(t.Context(), o, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if ns == "" {
		t.Cleanup(func() { _ = c.Delete(t.Context(), name, metav1.DeleteOptions{}) })
	}
}

func get(t *testing.T, kind, ns, name string) *unstructured.Unstructured {
	t.Helper()
	o, err := client(t, kind, ns).Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// awaitField waits until a field, printed, contains the text.
func awaitField(t *testing.T, kind, ns, name, field, want string) {
	t.Helper()
	await(t, kind+" "+name+" is ready", func() error {
		o := get(t, kind, ns, name)
		value, _, err := unstructured.NestedFieldNoCopy(o.Object, strings.Split(field, ".")...)
		if err == nil && !strings.Contains(fmt.Sprint(value), want) {
			err = fmt.Errorf("%s is %v, want %s", field, value, want)
		}
		return err
	})
}
