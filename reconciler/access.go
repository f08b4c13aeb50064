package main

import (
	"log/slog"

	"majordomo.dev/reconciler/access/review"
	"majordomo.dev/reconciler/config"
	"majordomo.dev/reconciler/web"
)

// access is who may see and do what over HTTP: as the cluster says in which majordomo has its Lease. Without one nobody can log in.
func (a *app) access(o config.Options, h halves, log *slog.Logger) *web.Access {
	out := &web.Access{Local: o.Access == config.AccessLocal, Known: h.subjects}
	own, err := a.clusters("")
	if err != nil {
		log.Warn("nobody can log in: there is no cluster to ask who somebody is", "reason", err.Error())
		return out
	}
	r, err := review.New(own, review.Options{Audiences: o.TokenAudiences, Now: a.now})
	if err != nil {
		log.Warn("nobody can log in: the cluster cannot be asked who somebody is", "reason", err.Error())
		return out
	}
	out.May, out.Token = r.May, r.Token
	return out
}
