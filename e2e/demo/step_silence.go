package main

import (
	"context"
	"fmt"
	"strings"
)

func silence() step {
	return step{
		title:   "Nothing to do",
		does:    "ask for a sync of gke again, with the same commit and an undisturbed cluster, and read the API server's audit log",
		expects: "no request about any object of either environment: what Majordomo knows from its watches is enough",
		play: func(ctx context.Context, d *demo) error {
			if err := d.settled(ctx, "gke"); err != nil {
				return err
			}
			for _, name := range []string{"gke", "vagrant"} {
				if err := d.calm(ctx, name); err != nil {
					return err
				}
			}
			mark := d.cluster.Mark()
			if err := d.show(ctx, "majordomo sync gke", d.majordomo(), "sync", "gke"); err != nil {
				return err
			}
			var seen []string
			for _, r := range d.cluster.Requests(mark) {
				if strings.HasSuffix(r.As, ":deployer") {
					seen = append(seen, r.Verb+" "+r.URI)
				}
			}
			d.out.measured("requests about objects, by the audit log", fmt.Sprint(len(seen)))
			if len(seen) > 0 {
				return unexpected("%s", strings.Join(seen, ", "))
			}
			return d.show(ctx, "majordomo status", d.majordomo(), "status")
		},
	}
}
