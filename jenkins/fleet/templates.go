package fleet

import (
	"context"
	"errors"

	"majordomo.dev/jenkins/kube"
)

// keepTemplates keeps the template that the target has, and the last one that is known to work; others are dropped.
func (v *visit) keepTemplates(ctx context.Context) {
	p, t := v.sight.Pool, v.sight.Target
	if t.Template == "" {
		return // not majordomo's
	}
	if v.t.templates == nil {
		list, err := v.site.client.Templates(ctx, p, t)
		if err != nil {
			v.warn("templates not listed", err)
			return
		}
		v.t.templates = map[string]bool{}
		for _, hash := range list {
			v.t.templates[hash] = true
		}
	}
	if !v.t.templates[t.Template] {
		if err := v.site.client.KeepTemplate(ctx, p, t); err != nil {
			if !errors.Is(err, kube.ErrChanged) {
				v.warn("template not kept", err)
			}
			return
		}
		v.t.templates[t.Template] = true
	}
	for hash := range v.t.templates {
		if hash == t.Template || hash == v.t.memory.Rollout.Good || v.roster.Unknown != "" || v.inUse(hash) {
			continue
		}
		if err := v.site.client.DropTemplate(ctx, p, t, hash); err != nil {
			v.warn("template not dropped", err)
			return
		}
		delete(v.t.templates, hash)
	}
}

// inUse tells whether an agent was made from a template.
func (v *visit) inUse(hash string) bool {
	for _, p := range v.sight.Pods {
		if p.Template == hash {
			return true
		}
	}
	return false
}

// rollBack goes back from a template whose first agents did not come up.
func (v *visit) rollBack(ctx context.Context) {
	a := v.outcome.Action
	if a.RollBack == "" || !v.world.fresh || v.roster.Unknown != "" {
		return
	}
	err := v.site.client.RollBack(ctx, v.sight.Pool, v.sight.Target, a.To, a.RollBack)
	switch {
	case errors.Is(err, kube.ErrChanged):
		v.log.Debug("roll-back overtaken", "err", err)
		return
	case err != nil:
		v.warn("template not rolled back", err)
		return
	}
	v.log.Info("rolled back", "reason", a.Reason)
	v.tell(ctx, kube.Event{Warning: true, Reason: "RolledBack", Message: a.Reason})
}
