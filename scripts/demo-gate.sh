# The first half of scripts/demo: what the gate lets in. Sourced by it.
# shellcheck shell=bash disable=SC2154

pinned= # the image of release two, by digest

show_offline() {
	chapter "A manifest is judged before any cluster sees it, on a laptop or in a pipeline."
	show_refused kubectl-pinnace check -f manifests/examples/web.yaml
	say "   Why not? Pinnace reads a name as container runtimes do:"
	show kubectl-pinnace ref contoso.azurecr.io/shop/web:latest
	say "   The same manifest with its images pinned passes:"
	show_done kubectl-pinnace check -f manifests/examples/web-pinned.yaml
}

# push "release one": builds and pushes shop/web:latest with that content.
push() {
	"$root/tests/cluster/make-image" shop/web:latest --content "$1" --out "$scratch/web.tar" > /dev/null
	"$root/tests/cluster/load-image" --name "$cluster" --push "$scratch/web.tar"
}

deploy_web() {
	in_cluster kubectl apply -f - << 'MANIFEST'
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: web, image: "registry.test:5000/shop/web:latest", imagePullPolicy: IfNotPresent}
MANIFEST
	kubectl rollout status deployment/web --timeout=240s > /dev/null
}

show_pods() {
	local ip name digest
	printf '  %-24s %-38s %-26s %s\n' POD "ITS IMAGE SAYS" "THE BYTES THAT RUN" "WHAT IT SERVES"
	while read -r name ip digest; do
		printf '  %-24s %-38s %-26s %s\n' "$name" registry.test:5000/shop/web:latest "${digest:0:19}..." \
			"$(in_cluster curl --silent --max-time 5 "http://$ip:8080/")"
	done < <(kubectl get pods -l app=web -o 'jsonpath={range .items[*]}{.metadata.name} {.status.podIP} {.status.containerStatuses[0].imageID}{"\n"}{end}' |
		sed 's/ [^ ]*@/ /')
}

show_problem() {
	chapter "The problem, on a real kubelet: one Deployment, one tag, two replicas of different bytes."
	say "   CI pushes shop/web:latest, and a Deployment runs it:"
	push "release one"
	deploy_web
	show_pods
	say "   CI pushes again, under the same tag; another workload pulls it to the node:"
	push "release two" | tee "$scratch/pushed"
	pinned=$(sed 's/:latest@/@/' "$scratch/pushed")
	kubectl run other --image=registry.test:5000/shop/web:latest --image-pull-policy=Always > /dev/null
	kubectl wait pod/other --for=condition=Ready --timeout=240s > /dev/null
	say "   Somebody scales the Deployment. Nobody changed it, and yet:"
	show_done kubectl scale deployment/web --replicas=2
	kubectl rollout status deployment/web --timeout=240s > /dev/null
	show_pods
	kubectl get deployment/web -o yaml > "$logs/web.yaml"
	say "   One ReplicaSet, one template, two programs. With a digest in the template this cannot be:"
	show kubectl-pinnace check -f "$logs/web.yaml"
}

show_refusals() {
	chapter "A namespace gets a level. What runs there goes on; Pinnace tells what could not be made again:"
	show_done kubectl label namespace default pinnace.dev/enforce=pinned
	say "   A mutable image is refused from now on, the pinned one let in:"
	show_refused kubectl run bad --image=registry.test:5000/shop/web:latest
	show_done kubectl run good --image="$pinned"
	say "   The old Deployment can be scaled down, annotated, deleted. Rolled it cannot be, and nothing is lost:"
	show_done kubectl scale deployment/web --replicas=1
	show_refused kubectl rollout restart deployment/web
	show kubectl get deployment/web
	say "   A level that does not exist is no way around:"
	kubectl create namespace typo > /dev/null
	show_refused kubectl label namespace typo pinnace.dev/enforce=pined
}

# The last annotation that Pinnace left in the API server's audit log.
show_audit_log() {
	# shellcheck disable=SC2016 # it is the cluster's KUBECONFIG
	in_cluster bash -c 'cat "$(dirname "$KUBECONFIG")/logs/audit.log"' |
		grep -o '"audit-pinned.pinnace.dev/[a-z]*":"[^"]*\(\\"[^"]*\)*"' | sort -u | sed 's/^/  /'
}

show_trial() {
	chapter "Before a level bites, it can warn, or only leave its mark in the audit log:"
	kubectl create namespace trial > /dev/null
	show_done kubectl label namespace trial pinnace.dev/warn=pinned pinnace.dev/audit=pinned
	show_done kubectl -n trial run try --image=registry.test:5000/shop/web:latest
	say "   and the API server's audit log has, for whoever reads it later:"
	show_audit_log
	say "   What runs already, with the bytes behind each name, which is what to write instead:"
	kubectl -n trial wait pod/try --for=condition=Ready --timeout=240s > /dev/null
	show kubectl pinnace audit -n trial -o wide
}

show_break_glass() {
	chapter "Something burns at night, and only a mutable image will do. Whoever may, breaks the glass, for a minute:"
	show_done kubectl pinnace break-glass --images registry.test:5000/shop/web:latest --for 1m --reason fire
	await kubectl run burning --image=registry.test:5000/shop/web:latest --dry-run=server
	show_done kubectl run burning --image=registry.test:5000/shop/web:latest
	show kubectl get exemptions
}

show_same_verdict() {
	chapter "The plugin and the cluster say the same, since they are the same code:"
	kubectl create namespace production > /dev/null
	show_done kubectl label namespace production pinnace.dev/enforce=pinned
	show_refused kubectl-pinnace check -f manifests/examples/web.yaml
	show_refused kubectl apply --dry-run=server -f manifests/examples/web.yaml
	show_done kubectl-pinnace check -f manifests/examples/web-pinned.yaml
	show_done kubectl apply --dry-run=server -f manifests/examples/web-pinned.yaml
}
