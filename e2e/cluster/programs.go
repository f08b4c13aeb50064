package main

import (
	"fmt"
	"strings"
)

// clients are started once the API server is ready: some of them look again only after a second.
func clients(d directory) []program {
	return []program{
		controllerManagerProgram(d),
		{name: "kube-scheduler", args: []string{"--config=" + d.path("scheduler.yaml"), "--secure-port=0"}},
		{name: "kwok", args: []string{
			"--kubeconfig=" + d.path("kwok.kubeconfig"), "--config=" + d.path("kwok.yaml"), "--manage-all-nodes",
			"--node-port=0", "--node-lease-duration-seconds=0", "--cidr=10.128.0.1/9", "--v=ERROR",
		}},
	}
}

// etcdProgram listens on Unix sockets in the private directory: no port, and nobody else's business. The
// advertised addresses are never dialled, there being one member; etcd wants them to have a port.
func etcdProgram(d directory) program {
	const self = "http://127.0.0.1:2380"
	return program{name: "etcd", args: []string{
		"--data-dir=" + d.path("etcd"), "--unsafe-no-fsync", "--log-level=error",
		"--listen-client-urls=" + etcdURL(d), "--advertise-client-urls=http://127.0.0.1:2379",
		"--listen-peer-urls=unix://" + d.path("peer.sock"),
		"--initial-advertise-peer-urls=" + self, "--initial-cluster=default=" + self,
		"--heartbeat-interval=50", "--election-timeout=250",
	}}
}

func etcdURL(d directory) string { return "unix://" + d.path("etcd.sock") }

func apiserverProgram(d directory, port int) program {
	return program{name: "kube-apiserver", args: []string{
		"--etcd-servers=" + etcdURL(d), "--etcd-count-metric-poll-period=0", "--etcd-db-metric-poll-interval=0",
		"--bind-address=127.0.0.1", fmt.Sprintf("--secure-port=%d", port),
		"--advertise-address=192.0.2.1", // never used, but looked for on the machine's interfaces if absent
		"--endpoint-reconciler-type=none", "--service-cluster-ip-range=10.247.0.0/16",
		"--tls-cert-file=" + d.path("apiserver.crt"), "--tls-private-key-file=" + d.path("apiserver.key"),
		"--client-ca-file=" + d.path("ca.crt"), "--token-auth-file=" + d.path("tokens.csv"),
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + d.path("sa.key"), "--service-account-signing-key-file=" + d.path("sa.key"),
		"--authorization-mode=RBAC", "--allow-privileged=true",
		// Nodes have no lifecycle controller here, which would take the taint for "not ready" off again.
		"--disable-admission-plugins=TaintNodesByCondition",
		"--audit-policy-file=" + d.path("audit.yaml"), "--audit-log-path=" + d.path("audit.log"),
		"--audit-log-mode=blocking", "--audit-log-maxsize=0",
		"--max-requests-inflight=3000", "--max-mutating-requests-inflight=1000", "--profiling=false", "--v=0",
	}}
}

func controllerManagerProgram(d directory) program {
	return program{name: "kube-controller-manager", args: []string{
		"--kubeconfig=" + d.path("kube-controller-manager.kubeconfig"), "--leader-elect=false", "--secure-port=0",
		"--controllers=" + strings.Join(controllers(), ","),
		"--service-account-private-key-file=" + d.path("sa.key"), "--root-ca-file=" + d.path("ca.crt"),
		"--kube-api-qps=500", "--kube-api-burst=1000",
		// A claim that came before its volume is looked at again by this period only.
		"--pvclaimbinder-sync-period=1s",
		"--profiling=false", "--v=0",
	}}
}

// controllers are the ones a workload needs. Nodes, attached volumes and certificates have no one to serve here.
func controllers() []string {
	return []string{
		"serviceaccount-controller", "serviceaccount-token-controller", "root-ca-certificate-publisher-controller",
		"namespace-controller", "garbage-collector-controller", "pod-garbage-collector-controller",
		"deployment-controller", "replicaset-controller", "replicationcontroller-controller",
		"statefulset-controller", "daemonset-controller", "job-controller", "cronjob-controller",
		"ttl-after-finished-controller", "disruption-controller", "resourcequota-controller",
		"endpoints-controller", "endpointslice-controller", "clusterrole-aggregation-controller",
		"persistentvolume-binder-controller", "persistentvolume-protection-controller",
		"persistentvolumeclaim-protection-controller", "validatingadmissionpolicy-status-controller",
	}
}
