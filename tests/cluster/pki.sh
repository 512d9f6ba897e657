# The keys, certificates and kubeconfigs of a cluster. Sourced by 'node'.
# shellcheck shell=bash disable=SC2154

# issue FILE SUBJECT OPTION…: a key and a certificate for it.
issue() {
	local base=$folder/pki/$1 subject=$2
	shift 2
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 -subj "$subject" \
		-config <(printf '[req]\ndistinguished_name = none\n[none]\n') \
		-keyout "$base.key" -out "$base.crt" "$@"
}

# certificate FILE SUBJECT [NAMES]: one that the cluster's authority has signed.
certificate() {
	issue "$1" "$2" -CA "$folder/pki/ca.crt" -CAkey "$folder/pki/ca.key" \
		-addext basicConstraints=CA:FALSE -addext extendedKeyUsage=serverAuth,clientAuth \
		${3:+-addext "subjectAltName=$3"}
}

# kubeconfig FILE CERTIFICATE: complete in itself, so it may be copied.
kubeconfig() {
	local pki=$folder/pki
	cat > "$1" <<- END
		apiVersion: v1
		kind: Config
		clusters:
		- name: $name
		  cluster:
		    server: https://$node_address:6443
		    certificate-authority-data: $(base64 -w 0 "$pki/ca.crt")
		users:
		- name: $2
		  user:
		    client-certificate-data: $(base64 -w 0 "$pki/$2.crt")
		    client-key-data: $(base64 -w 0 "$pki/$2.key")
		contexts:
		- name: $name
		  context: {cluster: $name, user: $2}
		current-context: $name
	END
}

# The users of the token registry, and the same for clients and pull secrets.
make_registry_users() {
	local user=tester password=secret
	echo "$user:$password" > "$folder/registry-users"
	printf '{"auths":{"registry.test:5001":{"auth":"%s"}}}' "$(printf '%s' "$user:$password" | base64)" \
		> "$folder/registry-auth.json"
}

make_pki() {
	local pki=$folder/pki component
	mkdir "$pki"
	issue ca /CN=cluster-authority -addext basicConstraints=critical,CA:TRUE -addext keyUsage=keyCertSign,cRLSign
	openssl ecparam -name prime256v1 -genkey -noout -out "$pki/service-accounts.key"

	certificate apiserver /CN=kube-apiserver \
		"IP:$node_address,IP:$kubernetes_service,IP:127.0.0.1,DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.$domain"
	certificate apiserver-client /O=system:masters/CN=kube-apiserver-kubelet-client
	certificate kubelet /O=system:nodes/CN=system:node:node0 "IP:$node_address,DNS:node0"
	[[ $nodes == 1 ]] || certificate kubelet-node1 /O=system:nodes/CN=system:node:node1 "IP:$second_address,DNS:node1"
	certificate registry /CN=registry.test DNS:registry.test
	certificate tokens /CN=tokens
	certificate admin /O=system:masters/CN=admin
	certificate coredns /O=system:masters/CN=coredns
	for component in kube-controller-manager kube-scheduler kube-proxy; do
		certificate "$component" "/CN=system:$component"
	done

	mkdir "$folder/kubeconfigs"
	for component in kubelet coredns kube-controller-manager kube-scheduler kube-proxy; do
		kubeconfig "$folder/kubeconfigs/$component" "$component"
	done
	[[ $nodes == 1 ]] || kubeconfig "$folder/kubeconfigs/kubelet-node1" kubelet-node1
	kubeconfig "$folder/kubeconfig" admin
	make_registry_users
	mkdir "$folder/trust" # a folder of authorities, as some clients want
	cp "$pki/ca.crt" "$folder/trust"
}
