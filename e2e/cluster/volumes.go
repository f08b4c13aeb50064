package main

import (
	"context"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

const (
	// wantedFrom is what the volume controller writes on a claim once it is time to make its volume: at once, or
	// as soon as the scheduler has chosen the node where its storage class waits for the first consumer.
	wantedFrom    = "volume.kubernetes.io/storage-provisioner"
	provisionedBy = "pv.kubernetes.io/provisioned-by"
)

// provisioner stands in for the CSI drivers whose names begin with a prefix: it makes volumes that nobody ever mounts.
type provisioner struct {
	client   kubernetes.Interface
	prefixes []string
}

func (p provisioner) serves(driver string) bool {
	return slices.ContainsFunc(p.prefixes, func(prefix string) bool { return strings.HasPrefix(driver, prefix) })
}

// provision creates the volume of a claim that waits for one.
func (p provisioner) provision(ctx context.Context, object any) error {
	claim := object.(*corev1.PersistentVolumeClaim)
	driver := claim.Annotations[wantedFrom]
	if !p.serves(driver) || claim.Spec.VolumeName != "" || claim.DeletionTimestamp != nil || claim.Spec.StorageClassName == nil {
		return nil
	}
	class, err := p.client.StorageV1().StorageClasses().Get(ctx, *claim.Spec.StorageClassName, metav1.GetOptions{})
	if err != nil {
		return err
	}
	name := "pvc-" + string(claim.UID)
	volume := &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: map[string]string{provisionedBy: driver}},
		Spec: corev1.PersistentVolumeSpec{
			AccessModes:                   claim.Spec.AccessModes,
			Capacity:                      corev1.ResourceList{corev1.ResourceStorage: claim.Spec.Resources.Requests[corev1.ResourceStorage]},
			StorageClassName:              class.Name,
			MountOptions:                  class.MountOptions,
			PersistentVolumeReclaimPolicy: *class.ReclaimPolicy, // the API server fills in a default
			VolumeMode:                    claim.Spec.VolumeMode,
			PersistentVolumeSource: corev1.PersistentVolumeSource{
				CSI: &corev1.CSIPersistentVolumeSource{Driver: driver, VolumeHandle: name},
			},
			ClaimRef: &corev1.ObjectReference{
				APIVersion: "v1", Kind: "PersistentVolumeClaim", UID: claim.UID,
				Namespace: claim.Namespace, Name: claim.Name,
			},
		},
	}
	_, err = p.client.CoreV1().PersistentVolumes().Create(ctx, volume, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

// reclaim deletes a volume whose claim is gone, if its storage class says so.
func (p provisioner) reclaim(ctx context.Context, object any) error {
	volume := object.(*corev1.PersistentVolume)
	unused := volume.Status.Phase == corev1.VolumeReleased && volume.DeletionTimestamp == nil
	if !unused || !p.serves(volume.Annotations[provisionedBy]) || volume.Spec.PersistentVolumeReclaimPolicy != corev1.PersistentVolumeReclaimDelete {
		return nil
	}
	err := p.client.CoreV1().PersistentVolumes().Delete(ctx, volume.Name, metav1.DeleteOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
