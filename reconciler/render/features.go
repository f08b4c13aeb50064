package render

import (
	"sigs.k8s.io/kustomize/api/types"
)

// refuseFeatures refuses the fields that run programs, reach the network or change later builds.
func (k *kustomization) refuseFeatures() {
	for _, f := range []struct {
		field, why string
		used       bool
	}{
		{"helmCharts", "runs helm; render the chart once and commit the result", k.spec.HelmCharts != nil},
		{"helmGlobals", "runs helm; render the chart once and commit the result", k.spec.HelmGlobals != nil},
		{"helmChartInflationGenerator", "runs helm; render the chart once and commit the result", k.spec.HelmChartInflationGenerator != nil},
		{"openapi", "would change how every other environment is built; name merge keys with a JSON patch instead", k.spec.OpenAPI != nil},
		{"vars", "is deprecated in kustomize and replaces text in unforeseen places; use replacements", k.spec.Vars != nil},
	} {
		if f.used {
			k.refuse([]any{f.field}, "is not allowed: it %s", f.why)
		}
	}
	k.spec.HelmCharts, k.spec.HelmGlobals, k.spec.HelmChartInflationGenerator, k.spec.OpenAPI, k.spec.Vars = nil, nil, nil, nil, nil
}

// modernize turns deprecated fields into those that took their place, as "kustomize edit fix" does. Kustomize itself would print its
// warnings to the terminal.
func (k *kustomization) modernize() {
	deprecated := func(old, now string) { k.warn(k.file.Errorf([]any{old}, "is deprecated; use %s", now)) }
	s := &k.spec
	if s.Bases != nil {
		deprecated("bases", "resources")
	}
	if s.ImageTags != nil {
		deprecated("imageTags", "images")
		s.Images, s.ImageTags = append(s.Images, s.ImageTags...), nil
	}
	if s.CommonLabels != nil {
		deprecated("commonLabels", "labels with includeSelectors: true")
		for _, l := range s.Labels {
			for key := range l.Pairs {
				if _, ok := s.CommonLabels[key]; ok {
					k.refuse([]any{"commonLabels", key}, "is also in labels; keep one")
				}
			}
		}
		s.Labels = append(s.Labels, types.Label{Pairs: s.CommonLabels, IncludeSelectors: true})
		s.CommonLabels = nil
	}
	if s.PatchesStrategicMerge != nil {
		deprecated("patchesStrategicMerge", "patches")
	}
	if s.PatchesJson6902 != nil {
		deprecated("patchesJson6902", "patches")
	}
}
