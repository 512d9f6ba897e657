# How each component of a cluster is configured and run: 'start NAME' calls run_NAME. Sourced by 'node'.
# shellcheck shell=bash disable=SC2154

pki=$folder/pki
kubeconfigs=$folder/kubeconfigs

# --- Control plane ------------------------------------------------------------------------------------

run_etcd() {
	exec "$programs/etcd" --data-dir "$data/etcd" --unsafe-no-fsync --log-level warn \
		--listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 \
		--listen-peer-urls http://127.0.0.1:2380
}

run_kube_apiserver() {
	cat > "$folder/audit-policy.yaml" <<- END
		apiVersion: audit.k8s.io/v1
		kind: Policy
		omitStages: [RequestReceived]
		rules: [{level: Metadata}]
	END
	exec "$programs/kube-apiserver" --etcd-servers http://127.0.0.1:2379 \
		--advertise-address "$node_address" --secure-port 6443 --service-cluster-ip-range "$service_range" \
		--tls-cert-file "$pki/apiserver.crt" --tls-private-key-file "$pki/apiserver.key" \
		--client-ca-file "$pki/ca.crt" --authorization-mode Node,RBAC --allow-privileged \
		--kubelet-client-certificate "$pki/apiserver-client.crt" --kubelet-client-key "$pki/apiserver-client.key" \
		--kubelet-certificate-authority "$pki/ca.crt" --kubelet-preferred-address-types InternalIP \
		--service-account-issuer "https://kubernetes.default.svc.$domain" \
		--service-account-signing-key-file "$pki/service-accounts.key" \
		--service-account-key-file "$pki/service-accounts.key" \
		--audit-policy-file "$folder/audit-policy.yaml" --audit-log-path "$folder/logs/audit.log" \
		"${apiserver_flags[@]}"
}

run_kube_controller_manager() {
	exec "$programs/kube-controller-manager" --kubeconfig "$kubeconfigs/kube-controller-manager" \
		--leader-elect=false --bind-address 127.0.0.1 --use-service-account-credentials \
		--service-account-private-key-file "$pki/service-accounts.key" --root-ca-file "$pki/ca.crt" \
		--cluster-signing-cert-file "$pki/ca.crt" --cluster-signing-key-file "$pki/ca.key" \
		--cluster-cidr "$pod_range" --allocate-node-cidrs=false --flex-volume-plugin-dir "$data/volume-plugins" \
		--kube-api-qps 500 --kube-api-burst 1000 # or it would take seconds to make its controllers' accounts
}

run_kube_scheduler() {
	exec "$programs/kube-scheduler" --kubeconfig "$kubeconfigs/kube-scheduler" \
		--leader-elect=false --bind-address 127.0.0.1
}

# Answers for the cluster's names and those of /etc/hosts, and refuses all others.
run_coredns() {
	cat > "$folder/Corefile" <<- END
		. {
		    bind $dns_address
		    errors
		    hosts $folder/hosts {
		        fallthrough
		    }
		    kubernetes $domain in-addr.arpa {
		        kubeconfig $kubeconfigs/coredns
		        ttl 1
		    }
		}
	END
	exec "$programs/coredns" -conf "$folder/Corefile"
}

# --- Node -----------------------------------------------------------------------------------------------

# Overlay mounts are fast, but not every file system can hold one.
snapshotter() {
	local test=$data/overlay-test
	mkdir -p "$test"/{lower,upper,work,merged}
	if mount -t overlay -o "lowerdir=$test/lower,upperdir=$test/upper,workdir=$test/work" overlay "$test/merged" 2>/dev/null; then
		umount "$test/merged"
		echo overlayfs
	else
		echo native
	fi
}

# The network plugin 'ptp' routes between pods. 'bridge' would need a setting of the machine's for a pod
# to reach a Service whose pod is on the same node.
write_network_config() {
	mkdir -p "$own/cni"
	cat > "$own/cni/10-pods.conflist" <<- END
		{"cniVersion": "0.4.0", "name": "pods", "plugins": [
		  {"type": "ptp", "ipMasq": false, "ipam": {
		    "type": "host-local", "dataDir": "$data/addresses",
		    "ranges": [[{"subnet": "$own_pods"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
		  {"type": "portmap", "capabilities": {"portMappings": true}}]}
	END
}

# trust_registry SCHEME HOST: lets containerd pull from a registry of the cluster.
trust_registry() {
	mkdir -p "$folder/certs.d/$2"
	cat > "$folder/certs.d/$2/hosts.toml" <<- END
		server = "$1://$2"
		ca = "$pki/ca.crt" # or what is not there would be told as a strange certificate
		[host."$1://$2"]
		capabilities = ["pull", "resolve", "push"]
		ca = "$pki/ca.crt"
	END
}

run_containerd() {
	write_network_config
	trust_registry https registry.test:5000
	trust_registry https registry.test:5001
	trust_registry http registry.test:5003
	# Without CAP_SYS_RESOURCE nobody can lower a score of the out-of-memory killer: hence 'restrict'. An
	# AppArmor profile would stay loaded after the cluster's end.
	cat > "$own/containerd.toml" <<- END
		version = 2
		root = "$data/containerd"
		state = "/run/containerd/state"
		disabled_plugins = ["io.containerd.internal.v1.opt"]
		[grpc]
		address = "$containerd_socket"
		[plugins."io.containerd.grpc.v1.cri"]
		sandbox_image = "localhost/pause:1"
		restrict_oom_score_adj = true
		disable_apparmor = true
		netns_mounts_under_state_dir = true
		[plugins."io.containerd.grpc.v1.cri".cni]
		bin_dir = "/usr/lib/cni"
		conf_dir = "$own/cni"
		[plugins."io.containerd.grpc.v1.cri".containerd]
		snapshotter = "$(snapshotter)"
		[plugins."io.containerd.grpc.v1.cri".registry]
		config_path = "$folder/certs.d"
	END
	exec containerd --config "$own/containerd.toml"
}

run_kubelet() {
	cat > "$own/kubelet.yaml" <<- END
		apiVersion: kubelet.config.k8s.io/v1beta1
		kind: KubeletConfiguration
		containerRuntimeEndpoint: unix://$containerd_socket
		staticPodPath: $own/static-pods
		podLogsDir: $folder/logs/$pod_logs
		clusterDNS: [$dns_address]
		clusterDomain: $domain
		resolvConf: $folder/resolv.conf
		authentication:
		  anonymous: {enabled: false}
		  webhook: {enabled: true}
		  x509: {clientCAFile: $pki/ca.crt}
		authorization: {mode: Webhook}
		tlsCertFile: $pki/$kubelet.crt
		tlsPrivateKeyFile: $pki/$kubelet.key
		# Groups of its own, so that clusters side by side do not end each other's pods.
		cgroupRoot: /$own_cgroup
		cgroupDriver: cgroupfs
		failCgroupV1: false
		enforceNodeAllocatable: []
		failSwapOn: false
		oomScoreAdj: 0
		volumePluginDir: $data/volume-plugins
		# The machine's memory and disk are not the cluster's to worry about.
		evictionHard: {memory.available: 50Mi, nodefs.available: 1%, imagefs.available: 1%}
		imageGCHighThresholdPercent: 100
	END
	exec "$programs/kubelet" --config "$own/kubelet.yaml" --kubeconfig "$kubeconfigs/$kubelet" \
		--hostname-override "$node" --node-ip "$own_address" --root-dir "$data/kubelet" --v 2 \
		"${kubelet_flags[@]}"
}

# The limit on tracked connections is the machine's: left alone.
run_kube_proxy() {
	exec "$programs/kube-proxy" --kubeconfig "$kubeconfigs/kube-proxy" --hostname-override "$node" \
		--proxy-mode iptables --cluster-cidr "$own_pods" --oom-score-adj 0 \
		--conntrack-max-per-core 0 --conntrack-min 0
}

# --- Registries -----------------------------------------------------------------------------------------

# serve_registry KIND PORT [YAML]: distribution, with YAML as more of its configuration.
serve_registry() {
	local config=$folder/registry-$1.yaml
	cat > "$config" <<- END
		version: 0.1
		log: {level: info}
		storage: {filesystem: {rootdirectory: $data/registry-$1}, delete: {enabled: true}}
		http:
		  addr: $node_address:$2
		  secret: $name
	END
	[[ $1 == plain ]] || echo "  tls: {certificate: $pki/registry.crt, key: $pki/registry.key}" >> "$config"
	local headers=""
	[[ ! $notify_secret ]] || headers="headers: {Authorization: ['Bearer $notify_secret']}, "
	[[ ! $notify ]] || echo "notifications: {endpoints: [{name: notify, url: '$notify', ${headers}timeout: 1s, threshold: 3, backoff: 1s, ignore: {mediatypes: [application/octet-stream], actions: [pull]}}]}" >> "$config"
	[[ ! ${3-} ]] || echo "$3" >> "$config"
	exec docker-registry serve "$config"
}

run_registry_plain() { serve_registry plain 5003; }
run_registry_tls() { serve_registry tls 5000; }
run_registry_token() {
	serve_registry token 5001 "auth: {token: {realm: 'https://registry.test:5002/token', service: 'registry.test:5001', issuer: tokens, rootcertbundle: $pki/tokens.crt}}"
}

run_tokenserver() {
	exec "$programs/tokenserver" -listen "$node_address:5002" -users "$folder/registry-users" -issuer tokens \
		-tls-cert "$pki/registry.crt" -tls-key "$pki/registry.key" \
		-token-cert "$pki/tokens.crt" -token-key "$pki/tokens.key"
}
