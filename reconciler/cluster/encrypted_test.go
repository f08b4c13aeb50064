package cluster

import (
	"strings"
	"testing"
)

// TestEncryptedSecretFailsAloneAndIsNotApplied has a Secret as SOPS leaves it in Git, which nobody has decrypted: its passwords would be the
// encrypted texts.
func TestEncryptedSecretFailsAloneAndIsNotApplied(t *testing.T) {
	e := newEnv(t)
	secret := e.object("v1", "Secret", "a", map[string]any{
		"stringData": map[string]any{"password": "ENC[AES256_GCM,data:abc,iv:def,tag:ghi,type:str]"},
		"sops":       map[string]any{"mac": "ENC[AES256_GCM,data:xyz]", "version": "3.9.0"},
	})
	beside := e.configMap("b", map[string]any{"k": "v"})
	out := e.sync(secret, beside)
	if err := out[secret.ID()].Err; err == nil || !strings.Contains(err.Error(), "sops") || strings.Contains(err.Error(), "AES256") {
		t.Errorf("error %v, want one that names the field sops, and no value", err)
	}
	if err := out[beside.ID()].Err; err != nil || value(e.get(beside), "data", "k") != "v" {
		t.Errorf("the object beside it: %v", err)
	}
	if e.get(secret) != nil {
		t.Error("the encrypted Secret is there")
	}
}
