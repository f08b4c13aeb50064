package status

import "majordomo.dev/reconciler/object"

// service: a load balancer is ready once it has an address.
func service(o object.Object) verdict {
	if text(o, "spec", "type") != "LoadBalancer" {
		return current("exists")
	}
	if text(o, "spec", "clusterIP") == "" {
		return progress("has no cluster address yet")
	}
	if list, _ := field(o, "status", "loadBalancer", "ingress").([]any); len(list) == 0 {
		return progress("waits for the address of its load balancer")
	}
	return current("has its address")
}

// claim: one whose storage class binds at the first pod stays pending until there is a pod, which may be never; that is no failure.
func claim(o object.Object) verdict {
	switch phase := text(o, "status", "phase"); phase {
	case "Bound":
		return current("is bound")
	case "Lost":
		return hopeless("has lost its volume %s", text(o, "spec", "volumeName"))
	default:
		return progress("is not bound to a volume yet")
	}
}

func volume(o object.Object) verdict {
	switch phase := text(o, "status", "phase"); phase {
	case "Available", "Bound":
		return current("is " + phase)
	case "Released":
		return current("is released: its claim is gone")
	case "Failed":
		return hopeless("could not be reclaimed: %s", text(o, "status", "message"))
	default:
		return progress("is not available yet")
	}
}

func namespace(o object.Object) verdict {
	if text(o, "status", "phase") == "Terminating" {
		return verdict{Terminating, "is being deleted"}
	}
	return current("is active")
}

// budget: the controller has computed it once it has seen its generation.
func budget(o object.Object) verdict {
	if unseen(o) {
		return progress("its controller has not seen it yet")
	}
	return current("is computed")
}

func definition(o object.Object) verdict {
	if c, ok := has(o, "NamesAccepted", False); ok {
		return hopeless("its names are not accepted: %s", c.text())
	}
	if c, ok := has(o, "Established", False); ok && c.reason != "Installing" {
		return hopeless("is not established: %s", c.text())
	}
	if _, ok := has(o, "Established", True); ok {
		return current("is established")
	}
	return progress("is being established")
}
