package render

import (
	"slices"

	"majordomo.dev/reconciler/object"
)

// namespaced are the kinds of Kubernetes that live in a namespace.
var namespaced = map[string][]string{
	"": {
		"ConfigMap", "Endpoints", "Event", "LimitRange", "PersistentVolumeClaim", "Pod", "PodTemplate", "ReplicationController",
		"ResourceQuota", "Secret", "Service", "ServiceAccount",
	},
	"apps":                      {"ControllerRevision", "DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"},
	"autoscaling":               {"HorizontalPodAutoscaler"},
	"batch":                     {"CronJob", "Job"},
	"coordination.k8s.io":       {"Lease"},
	"discovery.k8s.io":          {"EndpointSlice"},
	"networking.k8s.io":         {"Ingress", "NetworkPolicy"},
	"policy":                    {"PodDisruptionBudget"},
	"rbac.authorization.k8s.io": {"Role", "RoleBinding"},
	"majordomo.dev":             {"AgentPool"},
}

// clustered are the kinds of Kubernetes that do not.
var clustered = map[string][]string{
	"":                             {"Namespace", "Node", "PersistentVolume"},
	"admissionregistration.k8s.io": {"MutatingWebhookConfiguration", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "ValidatingWebhookConfiguration"},
	"apiextensions.k8s.io":         {"CustomResourceDefinition"},
	"apiregistration.k8s.io":       {"APIService"},
	"majordomo.dev":                {"Environment"},
	"networking.k8s.io":            {"IngressClass"},
	"rbac.authorization.k8s.io":    {"ClusterRole", "ClusterRoleBinding"},
	"scheduling.k8s.io":            {"PriorityClass"},
	"storage.k8s.io":               {"CSIDriver", "CSINode", "StorageClass"},
}

// scopeProblem says what is wrong with the namespace of an object, "" if nothing, or if the kind is not known here.
func scopeProblem(id object.ID) string {
	switch {
	case id.Namespace == "" && slices.Contains(namespaced[id.Group], id.Kind):
		return "has no namespace; set namespace: in the kustomization, or metadata.namespace"
	case id.Namespace != "" && slices.Contains(clustered[id.Group], id.Kind):
		return "is not in any namespace, being cluster-scoped; remove metadata.namespace"
	}
	return ""
}
