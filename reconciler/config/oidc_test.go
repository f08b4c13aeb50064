package config_test

import (
	"strings"
	"testing"

	"majordomo.dev/reconciler/config"
)

func TestAProviderNeedsAnAddressAClientAndAPageToComeBackTo(t *testing.T) {
	good := config.Default()
	good.Repo, good.OIDCIssuerURL, good.OIDCClientID, good.DashboardURL = "x", "https://sso.example/realm", "majordomo", "https://majordomo.example"
	if err := good.Validate(); err != nil {
		t.Errorf("a whole one: %v", err)
	}
	for name, c := range map[string]struct {
		change func(*config.Options)
		want   string
	}{
		"http":             {func(o *config.Options) { o.OIDCIssuerURL = "http://sso.example" }, "oidc-issuer-url"},
		"with credentials": {func(o *config.Options) { o.OIDCIssuerURL = "https://a:b@sso.example" }, "oidc-issuer-url"},
		"no host":          {func(o *config.Options) { o.OIDCIssuerURL = "https:///realm" }, "oidc-issuer-url"},
		"no client":        {func(o *config.Options) { o.OIDCClientID = "" }, "oidc-client-id"},
		"no page":          {func(o *config.Options) { o.DashboardURL = "" }, "dashboard-url"},
		"an open page":     {func(o *config.Options) { o.DashboardURL = "http://majordomo.example" }, "dashboard-url"},
		"no provider":      {func(o *config.Options) { o.OIDCIssuerURL = "" }, "oidc-issuer-url"},
		"another access":   {func(o *config.Options) { o.Access = "open" }, "access"},
	} {
		o := good
		c.change(&o)
		if err := o.Validate(); err == nil || !strings.Contains(err.Error(), c.want+":") || strings.Contains(err.Error(), "a:b") {
			t.Errorf("%s: %v, want an error about %s", name, err, c.want)
		}
	}
}
