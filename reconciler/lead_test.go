package main

import (
	"context"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

func TestLostLeaseStopsTheWorkWithCode3(t *testing.T) {
	s := newSite(t)
	working := make(chan struct{})
	l := leader{
		config: real.Config(), namespace: s.env, log: discard(), leading: func(bool) {},
		pace: pace{lease: 3 * time.Second, deadline: 2 * time.Second, retry: 200 * time.Millisecond},
	}
	ended := make(chan error)
	go func() {
		ended <- l.run(t.Context(), func(ctx context.Context) error {
			close(working)
			<-ctx.Done()
			return nil
		})
	}()
	<-working
	steal := []byte(`{"spec":{"holderIdentity":"somebody-else","renewTime":"2099-01-01T00:00:00.000000Z"}}`)
	api := s.kube.Resource(schema.GroupVersionResource{Group: "coordination.k8s.io", Version: "v1", Resource: "leases"}).Namespace(s.env)
	if _, err := api.Patch(t.Context(), leaseName, types.MergePatchType, steal, metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; exitCode(t.Context(), err) != exitTimeout {
		t.Errorf("ended with %v, want exit code %d", err, exitTimeout)
	}
}
