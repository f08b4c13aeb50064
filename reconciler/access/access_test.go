package access_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"majordomo.dev/reconciler/access"
)

func TestOnlyAddressesOfTheMachineItselfAreLoopback(t *testing.T) {
	for address, want := range map[string]bool{
		"localhost": true, "localhost:8080": true, "LOCALHOST:1": true, "127.0.0.1": true, "127.0.0.1:8080": true, "127.8.9.1:80": true,
		"[::1]": true, "[::1]:8080": true, "::1": true, "[::ffff:127.0.0.1]:80": true,
		"": false, ":8080": false, "0.0.0.0:8080": false, "[::]:8080": false, "10.0.0.1:8080": false, "192.168.1.1": false,
		"localhost.evil.example": false, "evil.example:8080": false, "127.0.0.1.evil.example": false, "127.0.0.1.nip.io:8080": false,
		"localhost@evil.example": false, "127.1": false, "2130706433": false, "0x7f000001": false, "[::1": false, "::1]:80": false, "[::1]x:80": false,
		"[fe80::1%lo]:80": false, "[::1%lo]:80": false, "localhost.": false, "local host": false, "127.0.0.1:80:80": false,
	} {
		if got := access.Loopback(address); got != want {
			t.Errorf("Loopback(%q) = %t, want %t", address, got, want)
		}
	}
}

func TestALoginLeadsToOwnPathsOnly(t *testing.T) {
	for to, want := range map[string]string{
		"/": "/", "/pools/gke/jenkins/linux": "/pools/gke/jenkins/linux", "/history?from=1&to=2": "/history?from=1&to=2",
		"": "/", "//evil.example": "/", "///evil.example": "/", "/\\evil.example": "/", "\\\\evil.example": "/", "https://evil.example/": "/",
		"javascript:alert(1)": "/", "/\tevil": "/", "/a\r\nSet-Cookie: x=1": "/", "/ü": "/", "evil": "/", "/login": "/", "/login/oidc": "/", "/api/v1/state": "/",
	} {
		if got := access.OwnPath(to); got != want {
			t.Errorf("OwnPath(%q) = %q, want %q", to, got, want)
		}
	}
}

func TestEachVerbTakesTheRightToChangeWhatTheCommandLineChanges(t *testing.T) {
	env, pool := access.Subject{Environment: "gke"}, access.Subject{Environment: "gke", Namespace: "jenkins", Pool: "linux"}
	got := map[string][]string{}
	for _, s := range []access.Subject{env, pool} {
		for _, verb := range s.Verbs() {
			for _, r := range s.Rights(verb) {
				got[s.Key()+" "+string(verb)] = append(got[s.Key()+" "+string(verb)], r.String())
			}
		}
	}
	got["an agent"] = []string{access.Action{Do: access.Drain, On: pool, Agent: "agent-1"}.Rights()[0].String()}
	see, change := "`kubectl auth can-i get environments.majordomo.dev/gke`", "`kubectl auth can-i patch environments.majordomo.dev/gke`"
	patch := "`kubectl auth can-i patch agentpools.majordomo.dev/linux -n jenkins`"
	want := map[string][]string{
		"gke view": {see}, "gke sync": {change}, "gke approve": {change}, "gke suspend": {change}, "gke rollback": {change},
		"gke/jenkins/linux view": {see}, "gke/jenkins/linux suspend": {patch}, "gke/jenkins/linux drain": {patch},
		"gke/jenkins/linux scale": {"`kubectl auth can-i patch agentpools.majordomo.dev/linux --subresource=scale -n jenkins`", patch},
		"an agent":                {"`kubectl auth can-i patch pods/agent-1 -n jenkins`"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rights (-want +got):\n%s", diff)
	}
}
