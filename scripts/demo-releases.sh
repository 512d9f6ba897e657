# The second half of scripts/demo: how releases move. Sourced by it.
# shellcheck shell=bash disable=SC2154

digest= # of what was pushed last

# ci_pushes TAG[,TAG…] WORD…: what a pipeline does; the words say how the program behaves: see tests/images/behave.c.
ci_pushes() {
	digest=$(in_cluster tests/images/push --ca "$logs/ca.crt" shop/web "$@")
	printf '  CI pushes shop/web, %-14s %s...\n' "$1:" "${digest:0:19}"
}

# await_track NAMESPACE FIELD VALUE
await_track() { kubectl -n "$1" wait tracks/web --for="jsonpath={.status.$2}=$3" --timeout=300s; }

await_healthy() {
	await_track "$1" 'ledger[0].digest' "$2"
	await_track "$1" 'ledger[0].state' Healthy
}

show_status() { show_done kubectl pinnace status -A; }

# "staging v1.0.0": a Deployment of what was pushed last.
deploy_release() {
	kubectl get namespace "$1" > /dev/null 2>&1 || kubectl create namespace "$1" > /dev/null
	in_cluster kubectl -n "$1" apply -f - > /dev/null << MANIFEST
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
      - name: web
        image: registry.test:5000/shop/web:$2@$digest
        readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 1, timeoutSeconds: 5}
MANIFEST
}

write_tracks() {
	cat > "$logs/tracks.yaml" << 'MANIFEST'
apiVersion: pinnace.dev/v1alpha1
kind: Track
metadata: {name: web, namespace: staging}
spec:
  image: registry.test:5000/shop/web
  follow: {tag: latest}                            # every push to main
  targets: [{kind: Deployment, name: web}]
  interval: 1s
  rollout: {soak: 4s}                              # in life ten minutes
---
apiVersion: pinnace.dev/v1alpha1
kind: Track
metadata: {name: web, namespace: production}
spec:
  image: registry.test:5000/shop/web
  follow: {semver: ">=1.0.0"}                      # versions, and of those
  from: {namespace: staging, track: web, soak: 8s} # bytes that ran soundly in staging
  targets: [{kind: Deployment, name: web}]
  interval: 1s
  rollout: {soak: 4s}
MANIFEST
}

show_tracks() {
	chapter "Two Deployments run shop/web v1.0.0. From now on, Tracks say what they run:"
	ci_pushes latest,v1.0.0 good release one
	deploy_release staging latest
	deploy_release production v1.0.0
	write_tracks
	show cat "$logs/tracks.yaml"
	show_done kubectl apply -f "$logs/tracks.yaml"
	step "until both have adopted what runs" await_adopted
	show_status
}

await_adopted() {
	await_track staging phase Current
	await_track production phase Current
}

show_push() {
	chapter "Somebody merges to main. Staging follows 'latest', by digest; production follows versions, and has nothing of it:"
	ci_pushes latest good release two
	step "until staging has it, and it ran soundly for a while" await_healthy staging "$digest"
	show_status
	show kubectl -n staging get deployment/web -o wide
}

await_seen() {
	await_track staging 'ledger[0].digest' "$1"
	await_track production candidate.digest "$1"
	sleep 3 # and production has heard of staging
}

show_version() {
	chapter "A version is released that staging has never run. Production waits until staging has proved these very bytes:"
	ci_pushes latest,v1.1.0 good release three
	step "until both have seen it" await_seen "$digest"
	show_status
	step "until staging has proved it and production runs it" await_healthy production "$digest"
	show_status
}

show_broken_build() {
	chapter "A broken build, as main and as a version. Staging goes back by itself, and production never takes it:"
	ci_pushes latest,v1.2.0 crash 0
	step "until staging has taken it back" await_back staging "$digest"
	show_status
	show_done kubectl pinnace history web -n staging
}

# The rollout of what is broken has failed, and what ran before runs again.
await_back() {
	await_track "$1" 'quarantined[0].digest' "$2"
	await_track "$1" 'ledger[0].state' Healthy
}

show_rollback() {
	chapter "The customers do not like v1.1.0. A person takes it back, at once:"
	show_done kubectl pinnace rollback web -n production --reason 'customers complain' --ca-file "$logs/ca.crt" --wait
	say "   It stays so, whatever is pushed and proved:"
	ci_pushes latest,v1.3.0 good release four
	step "until staging has proved the next version" await_healthy staging "$digest"
	show_status
	[[ $(kubectl -n production get deployment/web -o jsonpath={..image}) == *:v1.0.0@* ]] || die "production does not run what it was taken back to"
	say "   ... until somebody says that it goes on:"
	show_done kubectl pinnace resume web -n production
	step "until production runs what was proved meanwhile" await_healthy production "$digest"
	show_status
}

show_moved_tag() {
	chapter "Somebody pushes v1.3.0 again, with other bytes. A version is a promise: nothing is rolled, and it is told:"
	ci_pushes v1.3.0 good release four, mended in secret
	step "until it is noticed" kubectl -n production wait tracks/web --for=condition=TagMoved --timeout=240s
	show_status
	say "   What ran in production, why, and by whose word:"
	show_done kubectl pinnace history web -n production
}

show_released() {
	chapter "The gate knows the releases. At level 'released', nothing comes past the Track:"
	show_done kubectl label namespace production pinnace.dev/enforce=released --overwrite
	await refuses kubectl -n production set image deployment/web web="registry.test:5000/shop/web@$digest" --dry-run=server
	show_refused kubectl -n production set image deployment/web web="registry.test:5000/shop/web@$digest"
	show_done kubectl pinnace explain deployment/web -n production
}
