package config

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// checkOIDC returns every problem of the options for an OpenID provider.
func (o Options) checkOIDC() error {
	if o.OIDCIssuerURL == "" {
		if o.OIDCClientID != "" || o.OIDCClientSecretFile != "" {
			return errors.New("oidc-issuer-url: is missing, and there is a client for it")
		}
		return nil
	}
	var errs []error
	u, err := url.Parse(o.OIDCIssuerURL)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		errs = append(errs, errors.New("oidc-issuer-url: is no address of a provider; allowed is https://HOST, with port and path if there are"))
	}
	if o.OIDCClientID == "" {
		errs = append(errs, errors.New("oidc-client-id: is missing; the provider knows majordomo by it"))
	}
	if !strings.HasPrefix(o.DashboardURL, "https://") {
		errs = append(errs, fmt.Errorf("dashboard-url: is %q; with oidc-issuer-url it has to be the https address of the page, to which the provider sends people back", o.DashboardURL))
	}
	return errors.Join(errs...)
}
