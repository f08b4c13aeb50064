package status

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"majordomo.dev/reconciler/object"
	"majordomo.dev/reconciler/plan"
)

// EncodeInventory returns the inventory as a status holds it, in the order of application.
func EncodeInventory(inv plan.Inventory) []InventoryEntry {
	entries := make([]plan.Entry, 0, len(inv))
	for id, e := range inv {
		e.ID = id
		entries = append(entries, e)
	}
	slices.SortFunc(entries, func(a, b plan.Entry) int { return cmp.Or(a.ID.Compare(b.ID), strings.Compare(a.Version, b.Version)) })
	out := make([]InventoryEntry, len(entries))
	for i, e := range entries {
		out[i] = InventoryEntry{ID: encodeID(e.ID, e.Version), UID: e.UID, Hash: e.Hash}
	}
	return out
}

// No part of an object's name may have a slash or a percent sign, says Kubernetes; should one have it all the same, it is escaped.
var (
	escape   = strings.NewReplacer("%", "%25", "/", "%2F")
	unescape = strings.NewReplacer("%2F", "/", "%25", "%")
)

func encodeID(id object.ID, version string) string {
	parts := []string{id.Group, version, id.Kind, id.Namespace, id.Name}
	for i, p := range parts {
		parts[i] = escape.Replace(p)
	}
	return strings.Join(parts, "/")
}

// ErrInventory is what every error of DecodeInventory is.
var ErrInventory = errors.New("the stored inventory is damaged, so nothing is pruned: restore status.inventory, or empty it to start anew")

// DecodeInventory reads what EncodeInventory wrote. It takes nothing else: an inventory with one wrong entry is unknown as a whole.
func DecodeInventory(entries []InventoryEntry) (plan.Inventory, error) {
	inv := make(plan.Inventory, len(entries))
	for i, e := range entries {
		entry, err := decodeEntry(e)
		if err != nil {
			return nil, fmt.Errorf("status.inventory[%d]: %w: %w", i, err, ErrInventory)
		}
		if _, twice := inv[entry.ID]; twice {
			return nil, fmt.Errorf("status.inventory[%d]: %s is in it twice: %w", i, entry.ID, ErrInventory)
		}
		inv[entry.ID] = entry
	}
	return inv, nil
}

func decodeEntry(e InventoryEntry) (plan.Entry, error) {
	id, version, err := decodeID(e.ID)
	if err != nil {
		return plan.Entry{}, err
	}
	if e.Hash != "" && !isHash(e.Hash) {
		return plan.Entry{}, fmt.Errorf("hash %q of %s is not 16 hex digits", Clean(e.Hash, 64), id)
	}
	if !printable(e.UID) || len(e.UID) > longestPart {
		return plan.Entry{}, fmt.Errorf("uid %q of %s is not one", Clean(e.UID, 64), id)
	}
	return plan.Entry{ID: id, Version: version, UID: e.UID, Hash: e.Hash}, nil
}

// longestPart is the longest name that Kubernetes allows.
const longestPart = 253

func decodeID(text string) (object.ID, string, error) {
	bad := func(why string) (object.ID, string, error) {
		return object.ID{}, "", fmt.Errorf("id %q is not GROUP/VERSION/KIND/NAMESPACE/NAME: %s", Clean(text, 300), why)
	}
	parts := strings.Split(text, "/")
	if len(parts) != 5 {
		return bad(fmt.Sprintf("it has %d parts", len(parts)))
	}
	for i, p := range parts {
		plain := unescape.Replace(p)
		if escape.Replace(plain) != p {
			return bad("a percent sign that escapes nothing")
		}
		if len(plain) > longestPart || !printable(plain) {
			return bad("a part is too long or has control characters")
		}
		parts[i] = plain
	}
	if parts[1] == "" || parts[2] == "" || parts[4] == "" {
		return bad("version, kind or name is empty")
	}
	return object.ID{Group: parts[0], Kind: parts[2], Namespace: parts[3], Name: parts[4]}, parts[1], nil
}

func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

func isHash(s string) bool {
	return len(s) == 16 && !strings.ContainsFunc(s, func(r rune) bool { return !strings.ContainsRune("0123456789abcdef", r) })
}
