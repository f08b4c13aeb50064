package object

// Stage is the step of a sync in which an object is applied. All objects of one stage are applied in parallel; the next stage waits for them.
type Stage int

// The stages, in order of application.
const (
	StageDefinitions Stage = iota // namespaces and CRDs: everything else may live in or be one of them
	StageConfig                   // RBAC, service accounts, quotas, config: what workloads refer to
	StageStorage                  // storage classes, volumes, claims
	StageServices                 // services and network policies: names exist before the pods that ask for them
	StageWorkloads                // what runs pods
	StageCustom                   // objects of custom kinds
	StageLast                     // admission hooks, which must not judge the stages before
)

// Stages is the number of stages.
const Stages = int(StageLast) + 1

// Stage returns the stage in which an object of this group and kind is applied. A kind is never looked up by its name alone: a
// foreign "Namespace" is a custom object.
func (id ID) Stage() Stage {
	switch id.Group {
	case "":
		return coreStage(id.Kind)
	case "apiextensions.k8s.io":
		return StageDefinitions
	case "rbac.authorization.k8s.io", "scheduling.k8s.io", "node.k8s.io":
		return StageConfig
	case "storage.k8s.io":
		return StageStorage
	case "networking.k8s.io":
		return StageServices
	case "apps", "batch", "autoscaling", "policy":
		return StageWorkloads
	case "admissionregistration.k8s.io", "apiregistration.k8s.io":
		return StageLast
	}
	return StageCustom
}

func coreStage(kind string) Stage {
	switch kind {
	case "Namespace":
		return StageDefinitions
	case "PersistentVolume", "PersistentVolumeClaim":
		return StageStorage
	case "Service", "Endpoints":
		return StageServices
	case "Pod", "ReplicationController":
		return StageWorkloads
	}
	return StageConfig
}
