package object

import "strings"

// Annotations that majordomo writes or reads.
const (
	// Environment names the environment that applies the object. Majordomo writes it; who carries another name is not touched.
	Environment = "majordomo.dev/environment"
	// Ignore lists JSON pointers, separated by commas, of fields that others own: "/spec/replicas,/data/token".
	Ignore = "majordomo.dev/ignore"
	// Recreate "true" allows delete and create where a field cannot be changed in place. It has no effect on volumes and claims.
	Recreate = "majordomo.dev/recreate"
	// Prune "disabled" keeps an object that Git no longer has; "allowed" lets a protected kind be pruned.
	Prune = "majordomo.dev/prune"
	// Template is on the pods' template of what a pool scales, and so on its pods: a hash of the template.
	Template = "majordomo.dev/template"
	// RolledBack is on what a pool scales, while the fleet has gone back from a template: its hash.
	RolledBack = "majordomo.dev/rolled-back"
	// LastApplied is kubectl's copy of what was applied, secrets and all.
	LastApplied = "kubectl.kubernetes.io/last-applied-configuration"
)

// Field managers under which majordomo writes.
const (
	Manager      = "majordomo"       // everything that Git states
	FleetManager = "majordomo-fleet" // spec.replicas of the scale targets of pools, and their template while it is rolled back
)

// Volume tells whether the object holds data that no apply brings back.
func (id ID) Volume() bool {
	return id.Group == "" && (id.Kind == "PersistentVolume" || id.Kind == "PersistentVolumeClaim")
}

// Protected tells whether an object of this kind is kept when Git no longer has it, unless it carries the annotation Prune "allowed".
// Deleting one of these takes other people's objects or data with it.
func (id ID) Protected() bool {
	switch {
	case id.Volume():
		return true
	case id.Group == "" && id.Kind == "Namespace":
		return true
	case id.Group == "storage.k8s.io" && id.Kind == "StorageClass":
		return true
	}
	return id.Group == "apiextensions.k8s.io" && id.Kind == "CustomResourceDefinition"
}

// Own tells whether the object is one that majordomo itself needs to run. Those are never pruned, whatever they carry.
func (id ID) Own(namespace string) bool {
	switch id.Kind {
	case "Namespace":
		return id.Group == "" && (id.Name == namespace || id.Name == "default" || strings.HasPrefix(id.Name, "kube-"))
	case "CustomResourceDefinition":
		return strings.HasSuffix(id.Name, ".majordomo.dev")
	}
	return namespace != "" && id.Namespace == namespace
}
