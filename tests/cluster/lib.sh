# What the commands in this folder share. Sourced by bash, after `set -euo pipefail`.
# shellcheck shell=bash

cluster_home=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
program=${0##*/}

note() { printf '%s: %s\n' "$program" "$*" >&2; }
die() { note "$@"; exit 1; }

# Prints the comment that follows the first line of the command: it is the command's manual.
usage() { sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$cluster_home/$program"; }
usage_error() { note "$@"; note "see '$program --help'"; exit 2; }

# The value of an option, for `NAME=$(value_of "$@")`.
value_of() { [[ $# -ge 2 ]] || usage_error "$1 needs a value"; printf '%s' "$2"; }

# --- Places -----------------------------------------------------------------------------------------

cache_folder() { printf '%s/cluster' "${PINNACE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/pinnace}"; }
run_root() { printf '%s' "${PINNACE_RUN:-${XDG_RUNTIME_DIR:-/tmp}/pinnace-clusters}"; }
run_folder() { printf '%s/%s' "$(run_root)" "$1"; }

# shellcheck disable=SC2034
default_name=default
check_name() {
	[[ $1 =~ ^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$ ]] ||
		usage_error "'$1' is no name for a cluster: use up to 32 of a-z, 0-9 and '-'"
}

need_root() { [[ $EUID == 0 ]] || die "only root can make namespaces: run it with sudo"; }

# --- Processes: a pid is used again after its end, a pid with its start time is not -------------------

# The start time is the 22nd field of stat; the 2nd, the name, may hold blanks and parentheses.
process_start() {
	local stat rest
	{ read -r stat < "/proc/$1/stat"; } 2> /dev/null || return 1
	read -ra rest <<< "${stat##*) }"
	[[ ${rest[0]} != Z ]] && printf '%s' "${rest[19]}"
}
process_id() { local start; start=$(process_start "$1") && printf '%s.%s' "$1" "$start"; }
process_ended() { ! process_lives "${1-}"; }
process_lives() { [[ ${1-} == *.* && $(process_start "${1%%.*}") == "${1#*.}" ]]; }

# Calls a condition until it is true, for so many seconds.
await() {
	local deadline=$((SECONDS + $1)); shift
	until "$@"; do
		((SECONDS < deadline)) || return 1
		sleep 0.1
	done
}

# --- A cluster is its run folder, the keeper that owns it and the init of its namespaces --------------

# The contents of a small file, or nothing.
read_file() { local text=; { read -r text < "$1"; } 2> /dev/null || true; printf '%s' "$text"; }

keeper_of() { read_file "$(run_folder "$1")/keeper"; }
init_of() { read_file "$(run_folder "$1")/init"; }
cluster_is_kept() { process_lives "$(keeper_of "$1")"; }
cluster_is_ready() { [[ -e $(run_folder "$1")/ready ]] && process_lives "$(init_of "$1")"; }

cluster_names() {
	local folder
	for folder in "$(run_root)"/*/; do
		[[ -d $folder ]] && basename "$folder"
	done
	return 0
}

need_cluster() {
	cluster_is_ready "$1" && return
	cluster_is_kept "$1" && die "cluster '$1' is still starting, or ending"
	die "there is no cluster '$1': start it with 'tests/cluster/up --name $1'"
}

# The kernel ends every process of a pid namespace with its init, and a namespace with its last process.
kill_init() { process_lives "$1" && kill -KILL "${1%%.*}" 2> /dev/null; return 0; }

# --- Control groups: the one thing of a cluster that does not end with its processes ------------------

cgroups_are_version_2() { [[ $(stat -f -c %T /sys/fs/cgroup) == cgroup2fs ]]; }

# Each folder in which control groups are made: the hierarchies of version 1, or the one of version 2.
cgroup_hierarchies() {
	if cgroups_are_version_2; then
		echo /sys/fs/cgroup
	else
		find /sys/fs/cgroup -mindepth 1 -maxdepth 1 -type d
	fi
}

# Named after the keeper as well, so that one can be told to be a dead cluster's, whoever started that.
cgroup_name() { printf 'pinnace-%s.%s' "$1" "$2"; }

# In version 2 a group has the controllers that its parent hands down: kubelet wants these.
hand_down_controllers() {
	local controller
	for controller in cpu cpuset hugetlb memory pids; do
		grep -qw "$controller" /sys/fs/cgroup/cgroup.controllers || continue
		grep -qw "$controller" /sys/fs/cgroup/cgroup.subtree_control ||
			echo "+$controller" > /sys/fs/cgroup/cgroup.subtree_control ||
			die "control groups cannot be divided here, as in a container of its own group: run this outside, or give --control-plane-only"
	done
}

make_cgroups() {
	local hierarchy
	! cgroups_are_version_2 || hand_down_controllers
	while read -r hierarchy; do
		mkdir "$hierarchy/$1" ||
			die "no control group can be made in $hierarchy: run where it is writable, or give --control-plane-only"
		# In version 1 a new group has no processors and no memory nodes.
		if [[ -e $hierarchy/$1/cpuset.mems && -e $hierarchy/$1/tasks ]]; then
			cat "$hierarchy/cpuset.cpus" > "$hierarchy/$1/cpuset.cpus"
			cat "$hierarchy/cpuset.mems" > "$hierarchy/$1/cpuset.mems"
		fi
	done < <(cgroup_hierarchies)
}

# Fails while a process in them is still ending.
try_remove_cgroups() {
	local hierarchy left=0
	while read -r hierarchy; do
		[[ -d $hierarchy/$1 ]] || continue
		find "$hierarchy/$1" -depth -type d -exec rmdir {} + 2> /dev/null || left=1
	done < <(cgroup_hierarchies)
	return $left
}
remove_cgroups() { await 10 try_remove_cgroups "$1" || note "control groups '$1' could not be removed"; }

# --- Ending -----------------------------------------------------------------------------------------

# Removes what a cluster leaves when its processes have ended. With 'logs' its logs stay.
clear_cluster() {
	local name=$1 keeper=$2 keep=${3-} folder
	folder=$(run_folder "$name")
	[[ $keeper ]] && remove_cgroups "$(cgroup_name "$name" "$keeper")"
	if [[ $keep == logs && -d $folder/logs ]]; then
		find "$folder" -mindepth 1 -maxdepth 1 ! -name logs -exec rm -rf {} +
	else
		rm -rf "$folder"
	fi
	rmdir "$(run_root)" 2> /dev/null || true
}

# Clears up after clusters whose keeper was killed, so could not do so itself.
sweep() {
	local name hierarchy group keeper
	for name in $(cluster_names); do
		keeper=$(keeper_of "$name")
		if [[ ! $keeper ]] || process_lives "$keeper"; then continue; fi
		kill_init "$(init_of "$name")"
		clear_cluster "$name" "$keeper"
	done
	while read -r hierarchy; do
		for group in "$hierarchy"/pinnace-*; do
			[[ $group =~ /(pinnace-[a-z0-9-]+\.([0-9]+\.[0-9]+))$ ]] || continue
			process_lives "${BASH_REMATCH[2]}" || remove_cgroups "${BASH_REMATCH[1]}"
		done
	done < <(cgroup_hierarchies)
}
