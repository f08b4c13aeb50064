package config

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFleetLoads(t *testing.T) {
	got, err := ParseFleet("fleet.yaml", []byte(`apiVersion: majordomo.dev/v1alpha1
kind: Fleet
environments:
- name: vagrant
  path: overlays/vagrant/
  context: vagrant
- name: gke
  path: overlays/gke
  namespaces: [jenkins]
  clusterKinds: [ClusterRole]
  serviceAccount: jenkins/deployer
  prune: {maxObjects: 0, maxPercent: 50}
`))
	want := Fleet{Environments: []Environment{
		{Name: "vagrant", Path: "overlays/vagrant", Context: "vagrant", Prune: Prune{MaxObjects: 5, MaxPercent: 20}},
		{
			Name: "gke", Path: "overlays/gke", Namespaces: []string{"jenkins"}, ClusterKinds: []string{"ClusterRole"},
			ServiceAccount: ServiceAccount{Namespace: "jenkins", Name: "deployer"}, Prune: Prune{MaxObjects: 0, MaxPercent: 50},
		},
	}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("error %v, (-want +got):\n%s", err, diff)
	}
}
