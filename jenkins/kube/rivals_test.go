package kube

import (
	"fmt"
	"strings"
	"testing"

	"majordomo.dev/jenkins/pool"
)

func TestTwoPoolsOfOneTargetAreBothRefused(t *testing.T) {
	s := newSite(t)
	s.target("ReplicaSet", 1, "")
	s.pool("ReplicaSet", "")
	s.create(`{apiVersion: majordomo.dev/v1alpha1, kind: AgentPool, metadata: {name: other},
		spec: {scaleTargetRef: {apiVersion: apps/v1, kind: ReplicaSet, name: agent}, jenkins: {url: "http://jenkins", credentials: {name: jenkins-api}}, labels: [other], max: 5}}`)
	for mine, theirs := range map[string]string{"linux": "other", "other": "linux"} {
		s.eventually("pool "+mine+" to be refused", func() error {
			v, err := s.client.Look(Ref{s.ns, mine})
			if c, refused := pool.Refused(v.Problems); !refused || !strings.Contains(c.Message, "which pool "+theirs+" scales too") {
				return fmt.Errorf("problems %v, %w", v.Problems, err)
			}
			return nil
		})
	}
}
