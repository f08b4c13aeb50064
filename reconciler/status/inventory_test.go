package status

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"majordomo.dev/reconciler/object"
	"majordomo.dev/reconciler/plan"
)

const uid = "7c9e6679-7425-40de-944b-e07fc1f90ae7"

func inventory(entries ...plan.Entry) plan.Inventory {
	inv := plan.Inventory{}
	for _, e := range entries {
		inv[e.ID] = e
	}
	return inv
}

func TestInventorySurvivesTheStatus(t *testing.T) {
	want := inventory(
		plan.Entry{ID: object.ID{Kind: "Service", Namespace: "jenkins", Name: "jenkins"}, Version: "v1", UID: uid, Hash: "0123456789abcdef"},
		plan.Entry{ID: object.ID{Group: "apps", Kind: "Deployment", Namespace: "jenkins", Name: "web"}, Version: "v1"},
		plan.Entry{ID: object.ID{Kind: "Namespace", Name: "jenkins"}, Version: "v1", UID: uid},
		plan.Entry{ID: object.ID{Group: "rbac.authorization.k8s.io", Kind: "ClusterRole", Name: "system:über role, 100 percent?"}, Version: "v1"},
		plan.Entry{ID: object.ID{Group: "example.com", Kind: "Odd", Namespace: "x", Name: "a/b%2Fc%"}, Version: "v1beta1"},
	)
	entries := EncodeInventory(want)
	got, err := DecodeInventory(entries)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("inventory changed on the way (-want +got):\n%s", diff)
	}
	if first := entries[0].ID; first != "/v1/Namespace//jenkins" {
		t.Errorf("first entry is %q, want the namespace: entries are in order of application", first)
	}
	for range 10 {
		if !slices.Equal(EncodeInventory(want), entries) {
			t.Fatal("the same inventory is written in another order")
		}
	}
}

func TestDamagedInventoryIsUnknown(t *testing.T) {
	good := InventoryEntry{ID: "apps/v1/Deployment/jenkins/web", UID: uid, Hash: "0123456789abcdef"}
	for name, entries := range map[string][]InventoryEntry{
		"an id cut off":             {good, {ID: "apps/v1/Deployment/jenkins"}},
		"an id that is empty":       {good, {}},
		"an id with too many parts": {good, {ID: "apps/v1/Deployment/jenkins/web/x"}},
		"an id without a name":      {good, {ID: "apps/v1/Deployment/jenkins/"}},
		"an id without a kind":      {good, {ID: "apps/v1//jenkins/web2"}},
		"an id without a version":   {good, {ID: "apps//Deployment/jenkins/web2"}},
		"a stray percent sign":      {good, {ID: "apps/v1/Deployment/jenkins/we%b"}},
		"an escape of another form": {good, {ID: "apps/v1/Deployment/jenkins/we%2fb"}},
		"control characters":        {good, {ID: "apps/v1/Deployment/jenkins/web\n2"}},
		"invalid UTF-8":             {good, {ID: "apps/v1/Deployment/jenkins/web\xff"}},
		"a name too long":           {good, {ID: "apps/v1/Deployment/jenkins/" + strings.Repeat("a", 254)}},
		"an entry twice":            {good, good},
		"an object twice":           {good, {ID: "apps/v1beta1/Deployment/jenkins/web", UID: uid}},
		"a hash cut off":            {good, {ID: "apps/v1/Deployment/jenkins/web2", Hash: "0123"}},
		"a hash of other letters":   {good, {ID: "apps/v1/Deployment/jenkins/web2", Hash: "0123456789abcdeF"}},
		"a uid with control":        {good, {ID: "apps/v1/Deployment/jenkins/web2", UID: "a\x00b"}},
	} {
		t.Run(name, func(t *testing.T) {
			inv, err := DecodeInventory(entries)
			if !errors.Is(err, ErrInventory) || inv != nil {
				t.Fatalf("DecodeInventory = %v, %v, want no inventory and ErrInventory", inv, err)
			}
			if !strings.Contains(err.Error(), "status.inventory[1]") {
				t.Errorf("error %q does not name the entry", err)
			}
		})
	}
}

func TestEmptyInventoryIsEmptyNotUnknown(t *testing.T) {
	inv, err := DecodeInventory(nil)
	if err != nil || inv == nil || len(inv) != 0 {
		t.Errorf("DecodeInventory(nil) = %v, %v, want an empty inventory", inv, err)
	}
}

// FuzzInventory: what is decoded is encoded to the same bytes again; everything else is an error.
func FuzzInventory(f *testing.F) {
	f.Add("apps/v1/Deployment/jenkins/web", uid, "0123456789abcdef")
	f.Add("/v1/Namespace//jenkins", "", "")
	f.Add("a/b/c/d/e%2F%25", "x", "")
	f.Add("////", "\xff", "zz")
	f.Fuzz(func(t *testing.T, id, uid, hash string) {
		entry := InventoryEntry{ID: id, UID: uid, Hash: hash}
		inv, err := DecodeInventory([]InventoryEntry{entry})
		if err != nil {
			return
		}
		if got := EncodeInventory(inv); len(got) != 1 || got[0] != entry {
			t.Errorf("%+v comes back as %+v", entry, got)
		}
	})
}

// FuzzInventoryNames: every name that is encoded is decoded to itself, unless it is none that Kubernetes allows.
func FuzzInventoryNames(f *testing.F) {
	f.Add("apps", "v1", "Deployment", "jenkins", "web")
	f.Add("", "v1", "ConfigMap", "a/b", "%2F")
	f.Fuzz(func(t *testing.T, group, version, kind, namespace, name string) {
		for _, s := range []string{group, version, kind, namespace, name} {
			if !printable(s) || len(s) > longestPart {
				return
			}
		}
		if version == "" || kind == "" || name == "" {
			return
		}
		want := inventory(plan.Entry{ID: object.ID{Group: group, Kind: kind, Namespace: namespace, Name: name}, Version: version})
		got, err := DecodeInventory(EncodeInventory(want))
		if err != nil || !cmp.Equal(want, got) {
			t.Errorf("%v comes back as %v (%v)", want, got, err)
		}
	})
}
