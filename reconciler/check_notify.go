package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"majordomo.dev/reconciler/config"
	"majordomo.dev/reconciler/notify"
	"majordomo.dev/reconciler/yaml"
)

// notified looks at the notifications: whether they find their secrets, where the command line says where those are; or, where one is named,
// whether a test message arrives.
func (k *checks) notified(ctx context.Context, w where, r *repository, all []config.Notification, name string) {
	o, err := w.settings.options(k.app)
	if err != nil {
		k.note("notifications", "", err, "")
		return
	}
	place := k.place(o)
	if name != "" {
		k.note("notification", name, k.tried(ctx, place, r, all, name), "a test message was taken")
		return
	}
	for _, n := range all {
		if o.NotifySecretsDir != "" {
			k.note("notification", n.Name, place.Check(n), "has its secrets; --notify "+n.Name+" sends a test")
		}
	}
}

// tried sends a test to the notification of a name.
func (k *checks) tried(ctx context.Context, place notify.Place, r *repository, all []config.Notification, name string) error {
	i := slices.IndexFunc(all, func(n config.Notification) bool { return n.Name == name })
	if i < 0 {
		names := make([]string, len(all))
		for i, n := range all {
			names[i] = n.Name
		}
		return fmt.Errorf("%s has no such notification%s", config.FleetFile, yaml.DidYouMean(name, names))
	}
	if all[i].Commit() && r.commit == "" {
		return errors.New("a plain directory has no commit that could be marked; name the repository with --repo")
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return place.Send(ctx, all[i], notify.Test(all[i], r.commit, k.now()))
}
