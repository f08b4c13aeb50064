// Package crds holds the definitions of Majordomo's own kinds, Environment and AgentPool.
package crds

import "embed"

// Files holds one CustomResourceDefinition per file: agentpools.yaml and environments.yaml, the same that `kubectl apply -k` installs.
//
//go:embed agentpools.yaml environments.yaml
var Files embed.FS
