package kube

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"majordomo.dev/jenkins/pool"
)

// ErrSecret means that a Secret is missing, or lacks what is needed.
var ErrSecret = errors.New("Secret")

// Account is as whom a Jenkins is asked. However it is printed, only the user is.
type Account struct {
	User     string
	Token    string // of the API, or else
	Password string
	CA       []byte // PEM, nil for those of the system alone
}

// Format prints the user for every verb.
func (a Account) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("account " + a.User)) }

// LogValue logs the user.
func (a Account) LogValue() slog.Value { return slog.StringValue("account " + a.User) }

// MarshalText encodes the user.
func (a Account) MarshalText() ([]byte, error) { return []byte("account " + a.User), nil }

// Account reads the credentials of a pool. The error wraps ErrSecret where the cluster has answered and what is needed is not there.
func (c *Client) Account(ctx context.Context, p *pool.Pool) (Account, error) {
	j := p.Spec.Jenkins
	data, err := c.secret(ctx, p.Namespace, j.Credentials.Name)
	if err != nil {
		return Account{}, err
	}
	a := Account{User: data["username"], Token: data["token"], Password: data["password"]}
	lacks := func(key string) error {
		return fmt.Errorf("%w %s/%s lacks the key %s; want username and token, or username and password", ErrSecret, p.Namespace, j.Credentials.Name, key)
	}
	switch {
	case a.User == "":
		return Account{}, lacks("username")
	case a.Token == "" && a.Password == "":
		return Account{}, lacks("token")
	case a.Token != "":
		a.Password = "" // a token needs no crumb, and asks no user database
	}
	if j.CA.Name == "" {
		return a, nil
	}
	if data, err = c.secret(ctx, p.Namespace, j.CA.Name); err != nil {
		return Account{}, err
	}
	if data["ca.crt"] == "" {
		return Account{}, fmt.Errorf("%w %s/%s lacks the key ca.crt; want certificates in PEM", ErrSecret, p.Namespace, j.CA.Name)
	}
	a.CA = []byte(data["ca.crt"])
	return a, nil
}

// secret reads the texts of a Secret, without the line break that editors put at their end.
func (c *Client) secret(ctx context.Context, namespace, name string) (map[string]string, error) {
	o, err := c.get(ctx, secrets, Ref{namespace, name})
	if errors.Is(err, ErrGone) {
		return nil, fmt.Errorf("%w %s/%s is not there; create it, with the keys username and token", ErrSecret, namespace, name)
	}
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	data, _ := o["data"].(map[string]any)
	for key, v := range data {
		packed, _ := v.(string)
		raw, err := base64.StdEncoding.DecodeString(packed)
		if err != nil {
			continue // the API server has let in nothing else
		}
		out[key] = strings.TrimRight(string(raw), "\r\n")
	}
	return out, nil
}
