package main

import (
	"context"
	"fmt"
	"hash/fnv"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// loadBalancer stands in for a cloud's: it gives each such service an address of the range for documentation.
type loadBalancer struct{ client kubernetes.Interface }

func (l loadBalancer) assign(ctx context.Context, object any) error {
	service := object.(*corev1.Service)
	if service.Spec.Type != corev1.ServiceTypeLoadBalancer || service.Spec.LoadBalancerClass != nil ||
		len(service.Status.LoadBalancer.Ingress) > 0 || service.DeletionTimestamp != nil {
		return nil
	}
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(service.UID)) // a hash takes everything
	service = service.DeepCopy()
	service.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: fmt.Sprintf("192.0.2.%d", 1+hash.Sum32()%254)}}
	_, err := l.client.CoreV1().Services(service.Namespace).UpdateStatus(ctx, service, metav1.UpdateOptions{})
	if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
		return nil // gone, or changed: the change brings it back here
	}
	return err
}
