package web

import "net/http"

// generic is for everybody else, such as a post-receive hook or a pipeline:
//
//	body='{"ref":"refs/heads/main"}'
//	curl -H 'Content-Type: application/json' -d "$body" \
//	  -H "X-Signature: sha256=$(printf %s "$body" | openssl dgst -sha256 -hmac "$SECRET" -r | cut -d' ' -f1)" https://majordomo/hooks/git
var generic = provider{name: "generic", verify: signed("X-Signature"), deliveries: []string{"X-Delivery-Id"}, read: readGeneric}

func readGeneric(_ http.Header, body fields) event {
	e := event{kind: push, repositories: body.texts("repository")}
	e.repositories = append(e.repositories, body.below("repository").texts("clone_url", "ssh_url", "url")...)
	e.ref(body.text("ref"), body.text("after"))
	return e
}
