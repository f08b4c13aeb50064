#!/usr/bin/env bash
# The GKE cluster that the overlay is for.
set -euo pipefail

usage() {
  cat <<'EOF'
usage: overlays/gke/cluster.sh create | credentials | delete

  create       make the cluster and its node pool, then as credentials
  credentials  add the context of the cluster to the kubeconfig
  delete       delete the cluster; the disk of JENKINS_HOME stays

environment:
  PROJECT      Google Cloud project (default: the one gcloud is set to)
  ZONE         where the nodes are  (default: europe-west1-b)
  CLUSTER      name of the cluster  (default: jenkins)
  MAX_NODES    nodes at most        (default: 30; 8 processors and 32 GB each)
EOF
}

settings() {
  command -v gcloud >/dev/null || {
    echo "cluster.sh: gcloud is not installed; see https://cloud.google.com/sdk/docs/install" >&2
    exit 1
  }
  project=${PROJECT:-$(gcloud config get-value project 2>/dev/null)}
  zone=${ZONE:-europe-west1-b}
  cluster=${CLUSTER:-jenkins}
  max_nodes=${MAX_NODES:-30}
  if [[ -z $project ]]; then
    echo "cluster.sh: set PROJECT, or run: gcloud config set project PROJECT" >&2
    exit 1
  fi
  where=(--project "$project" --zone "$zone")
}

# Dataplane V2 enforces the network policies; the nodes have no rights beyond logs and metrics; workloads get theirs by
# Workload Identity, which also hides the nodes' credentials from builds.
create() {
  gcloud services enable container.googleapis.com --project "$project"
  gcloud container clusters create "$cluster" "${where[@]}" \
    --release-channel regular \
    --enable-ip-alias \
    --enable-dataplane-v2 \
    --enable-shielded-nodes \
    --workload-pool "$project.svc.id.goog" \
    --addons GcePersistentDiskCsiDriver \
    --machine-type e2-standard-8 \
    --disk-type pd-balanced \
    --num-nodes 2 \
    --enable-autoscaling --min-nodes 1 --max-nodes "$max_nodes" \
    --autoscaling-profile optimize-utilization
  credentials
}

credentials() {
  gcloud container clusters get-credentials "$cluster" "${where[@]}"
}

delete() {
  gcloud container clusters delete "$cluster" "${where[@]}"
  echo "The disk of JENKINS_HOME is kept. List such disks with:"
  echo "  gcloud compute disks list --project $project --filter='name~^pvc-'"
}

main() {
  case "${1:-}" in
    create | credentials | delete)
      settings
      "$1"
      ;;
    -h | --help | help) usage ;;
    *)
      usage >&2
      exit 2
      ;;
  esac
}

main "$@"
