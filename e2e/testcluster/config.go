package testcluster

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"path/filepath"
	"testing"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// Config is the administrator's, without a client-side rate limit.
func (c *Cluster) Config() *rest.Config { return c.server().config() }

func (s *server) config() *rest.Config {
	return &rest.Config{
		Host:            s.Server,
		BearerToken:     s.AdminToken,
		TLSClientConfig: rest.TLSClientConfig{CAFile: s.CA},
		QPS:             -1,
	}
}

// ConfigFor is that of any user, who needs no account: a client certificate names him and his groups. A service account
// is the user system:serviceaccount:NAMESPACE:NAME. What he may do is up to the cluster's RBAC.
func (c *Cluster) ConfigFor(user string, groups ...string) *rest.Config {
	s := c.server()
	cert, key, err := s.sign(user, groups, time.Now())
	if err != nil {
		panic(fmt.Errorf("test cluster: sign the certificate of %s: %w", user, err))
	}
	cfg := s.config()
	cfg.BearerToken = ""
	cfg.TLSClientConfig.CertData, cfg.TLSClientConfig.KeyData = cert, key
	return cfg
}

// sign makes a client certificate by the cluster's own authority.
func (s *server) sign(user string, groups []string, now time.Time) (cert, key []byte, err error) {
	ca, err := tls.LoadX509KeyPair(s.CA, s.CAKey)
	if err != nil {
		return nil, nil, err
	}
	own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()),
		Subject:      pkix.Name{CommonName: user, Organization: groups},
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.Add(24 * time.Hour),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}, ca.Leaf, &own.PublicKey, ca.PrivateKey)
	if err != nil {
		return nil, nil, err
	}
	raw, err := x509.MarshalECPrivateKey(own)
	if err != nil {
		return nil, nil, err
	}
	cert = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return cert, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: raw}), nil
}

// Kubeconfig writes a file in which every given context is the administrator on this cluster; the first is the current one.
func (c *Cluster) Kubeconfig(t testing.TB, contexts ...string) string {
	t.Helper()
	s := c.server()
	cfg := api.NewConfig()
	cfg.Clusters["cluster"] = &api.Cluster{Server: s.Server, CertificateAuthority: s.CA}
	cfg.AuthInfos["admin"] = &api.AuthInfo{Token: s.AdminToken}
	for i, name := range contexts {
		cfg.Contexts[name] = &api.Context{Cluster: "cluster", AuthInfo: "admin"}
		if i == 0 {
			cfg.CurrentContext = name
		}
	}
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := clientcmd.WriteToFile(*cfg, path); err != nil {
		t.Fatal(err)
	}
	return path
}
