package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"majordomo.dev/reconciler/access/oidc"
	"majordomo.dev/reconciler/access/review"
	"majordomo.dev/reconciler/config"
	"majordomo.dev/reconciler/web"
)

// access is who may see and do what over HTTP: as the cluster says in which majordomo has its Lease. Without one nobody can log in.
func (a *app) access(o config.Options, h halves, log *slog.Logger) (*web.Access, error) {
	out := &web.Access{Local: o.Access == config.AccessLocal, Known: h.subjects}
	own, err := a.clusters("")
	if err != nil {
		log.Warn("nobody can log in: there is no cluster to ask who somebody is", "reason", err.Error())
		return out, nil
	}
	r, err := review.New(own, review.Options{Audiences: o.TokenAudiences, Now: a.now})
	if err != nil {
		return nil, err
	}
	out.May, out.Token = r.May, r.Token
	if o.OIDCIssuerURL == "" {
		return out, nil
	}
	out.OIDC, err = a.provider(o, log)
	return out, err
}

// provider is the OpenID provider that the options name.
func (a *app) provider(o config.Options, log *slog.Logger) (*oidc.Provider, error) {
	po := oidc.Options{
		Issuer: o.OIDCIssuerURL, ClientID: o.OIDCClientID, Redirect: strings.TrimSuffix(o.DashboardURL, "/") + web.CallbackPath, Scopes: o.OIDCScopes,
		UsernameClaim: o.OIDCUsernameClaim, UsernamePrefix: o.OIDCUsernamePrefix, GroupsClaim: o.OIDCGroupsClaim, GroupsPrefix: o.OIDCGroupsPrefix, Now: a.now,
	}
	var err error
	if po.Secret, err = secretOf("oidc-client-secret-file", o.OIDCClientSecretFile, logged(log)); err != nil {
		return nil, err
	}
	if o.OIDCCAFile != "" {
		if po.CA, err = os.ReadFile(filepath.Clean(o.OIDCCAFile)); err != nil {
			return nil, usagef("--oidc-ca-file: %w", err)
		}
	}
	p, err := oidc.New(po)
	if err != nil {
		return nil, usagef("--oidc-ca-file: %w", err)
	}
	return p, nil
}
