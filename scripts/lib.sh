# What the commands in this folder share. Sourced by bash, after `set -euo pipefail`.
# shellcheck shell=bash
#
#   die "what is wrong" "what to do"
#   need_packages SET...            what of these Debian packages is missing is installed
#   step "text" COMMAND...          runs it, shows how long it takes; on failure the end of its log
#   background NAME COMMAND...      starts it; its log is $logs/NAME.log
#   await_job NAME "text"           waits for it and shows progress; its exit status is in job_status
#   gently COMMAND...               as a job or part of one: it gets what others leave of the processors
#   await_any NAME...               waits until one of them has ended, whose name is in job_ended then
#   look_at NAME...                 the same without waiting for long: fails if none has
#   at_exit COMMAND...              is done at the end, whatever the end is; the last one first
#
# COMMAND may be a function, with `set -e` in force, unless bash was told to look away: never write
# `step ... || ...` or `if step ...`. What still runs at the end is stopped, with all its children.

# The folder of the logs; the command that sources this may change it.
logs=build/logs
# shellcheck disable=SC2034
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
program=${0##*/}
# A point in numbers, whatever the user's language, and UTF-8.
export LC_ALL=C.UTF-8

# Debian 12's names. A set is what its name says, on top of nothing: a machine may be bare.
declare -A package_sets=(
	[build]="gcc libc6-dev clang cmake ninja-build pkg-config libcjson-dev libyaml-dev libcmocka-dev libcurl4-openssl-dev libmicrohttpd-dev libgnutls28-dev libssl-dev"
	[test]="python3"
	[yaml]="python3-yaml"
	[image]="buildah mmdebstrap"
	[lint]="gcc libc6-dev pkg-config clang-format clang-tidy shellcheck mandoc zsh fish python3"
	[cluster]="gcc libc6-dev containerd runc containernetworking-plugins docker-registry skopeo iptables iproute2 openssl procps python3-pip ca-certificates"
)

# --- Words ------------------------------------------------------------------------------------------

# Prints the comment that follows the first line of the command: it is the command's manual.
usage() { sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$0"; }
usage_error() { printf '%s: %s; see %s --help\n' "$program" "$1" "$0" >&2; exit 2; }
die() { printf '%s: %s\n' "$program" "$1" >&2; [[ $# -lt 2 ]] || printf '%s\n' "$2" >&2; exit 1; }

# Colours and running counters are for terminals only, and colours for those who want them.
# shellcheck disable=SC2034
{ bold='' red='' green='' yellow='' plain=''; }
is_terminal() { [[ -t 1 && ${TERM-dumb} != dumb && ! ${CI-} ]]; }
if is_terminal && [[ ! ${NO_COLOR-} ]]; then
	# shellcheck disable=SC2034
	bold=$'\e[1m' red=$'\e[31m' green=$'\e[32m' yellow=$'\e[33m' plain=$'\e[m'
fi

# --- Time -------------------------------------------------------------------------------------------

now_ms() { printf '%s' $((${EPOCHREALTIME/./} / 1000)); }
# 83456 -> 83.4 s
seconds_of() { printf '%d.%d s' $(($1 / 1000)) $(($1 % 1000 / 100)); }

# --- Jobs and the end -------------------------------------------------------------------------------

declare -A job_pids=() job_starts=() job_texts=() job_next_lines=()
exit_commands=()
# Of the job that was waited for last.
job_ended='' job_status=0 job_ms=0

at_exit() { exit_commands=("$(printf '%q ' "$@")" "${exit_commands[@]}"); }

# A file tells how and when a job ended: of one that ended long before it is asked for, the number may be another process's by then.
run_job() {
	# shellcheck disable=SC2064 # the file of this job, whatever logs is when it ends
	trap "echo \$? \$(now_ms) > '$logs/$1.status'" EXIT
	("${@:2}")
}

# Every job leads a process group of its own, so that its children end with it.
background() {
	local name=$1
	mkdir -p "$logs"
	rm -f "$logs/$name.status"
	job_starts[$name]=$(now_ms)
	set -m
	run_job "$@" > "$logs/$name.log" 2>&1 < /dev/null &
	job_pids[$name]=$!
	set +m
}

# gently COMMAND...: it gets of the processors what all others leave. Linux shares them out among sessions first, and a
# cluster is a session too: nice within ours it would still take as much as one. So it has one of its own, which is nice.
gently() {
	setsid bash -c 'echo 19 2> /dev/null > /proc/self/autogroup; exec nice --adjustment=19 "$@"' bash "$@" &
	# Bash's own kill takes that group for ours.
	# shellcheck disable=SC2064
	trap "env kill -- -$!; exit 143" TERM
	wait $!
}

stop_job() {
	local pid=${job_pids[$1]-}
	[[ $pid ]] || return 0
	unset "job_pids[$1]"
	kill -- "-$pid" 2> /dev/null || return 0
	# A job that does not listen is not waited for long.
	for _ in {1..50}; do
		kill -0 -- "-$pid" 2> /dev/null || return 0
		sleep 0.1
	done
	kill -KILL -- "-$pid" 2> /dev/null || true
}

finish() {
	local name command
	trap '' INT TERM HUP
	for name in "${!job_pids[@]}"; do stop_job "$name"; done
	for command in "${exit_commands[@]}"; do eval "$command" || true; done
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

# The last line of a log that says something, without control characters and not too long.
last_words() {
	tail -c 2000 "$1" 2> /dev/null | tr '\r' '\n' | sed 's/\x1b\[[0-9;?]*[A-Za-z]//g; s/[[:cntrl:]]//g; /^ *$/d' |
		tail -n 1 | cut -c "1-$2"
}

# Where a line can be written anew, a counter runs on it; elsewhere a line comes now and then, ever more seldom.
show_progress() {
	local name=$1 elapsed=$(($2 / 1000)) columns
	local text=${job_texts[$name]-$name} log=$logs/$name.log next=${job_next_lines[$name]:-2}
	if is_terminal; then
		columns=$(($(tput cols 2> /dev/null || echo 80) - ${#text} - 16))
		((columns > 0)) || columns=1
		printf '\r\e[K%s … %d s  %s' "$text" "$elapsed" "$(last_words "$log" "$columns")"
	elif ((elapsed >= next)); then
		job_next_lines[$name]=$((elapsed < 10 ? 10 : elapsed < 60 ? elapsed * 2 : elapsed + 60))
		printf '    %s … %d s  %s\n' "$text" "$elapsed" "$(last_words "$log" 70)"
	fi
}

# A job that was killed leaves no word of how it ended.
job_has_ended() { [[ -s $logs/$1.status ]] || ! kill -0 "${job_pids[$1]}" 2> /dev/null; }

end_job() {
	local name=$1 status=$logs/$1.status ended
	# shellcheck disable=SC2034 # for who waited for several
	job_ended=$name
	job_status=1
	if [[ ! -s $status ]] || ! read -r job_status ended < "$status"; then ended=$(now_ms); fi
	wait "${job_pids[$name]}" 2> /dev/null || true
	job_ms=$((ended - job_starts[$name]))
	unset "job_pids[$name]" "job_next_lines[$name]"
}

# Whether one of these jobs has ended; if not, a moment later. Of several a terminal shows the first.
look_at() {
	local name elapsed
	for name; do
		if job_has_ended "$name"; then end_job "$name"; return; fi
	done
	for name; do
		elapsed=$(($(now_ms) - job_starts[$name]))
		((elapsed < 500)) || show_progress "$name" "$elapsed"
		if is_terminal; then break; fi
	done
	sleep 0.1
	return 1
}

await_any() { until look_at "$@"; do :; done; }

# await_job NAME "text": leaves the line for the one who prints the result: see end_line.
await_job() {
	job_texts[$1]=$2
	is_terminal || printf '%s …\n' "$2"
	await_any "$1"
}

# end_line "text" "how it ended": in place of the counter on a terminal.
end_line() {
	if is_terminal; then printf '\r\e[K'; fi
	printf '%s … %s\n' "$1" "$2"
}

show_log() {
	local log=$1 lines=$2
	tail -n "$lines" "$log" | sed 's/^/    /'
	printf '    The whole log: %s\n' "${log#"$PWD"/}"
}

step() {
	local text=$1 name
	shift
	name=${text//[^A-Za-z0-9]/-}
	background "$name" "$@"
	await_job "$name" "$text"
	if ((job_status == 0)); then
		end_line "$text" "${green}done${plain} in $(seconds_of "$job_ms")"
		return
	fi
	end_line "$text" "${red}failed${plain} after $(seconds_of "$job_ms")"
	show_log "$logs/$name.log" 30
	return "$job_status"
}

# --- Packages ---------------------------------------------------------------------------------------

is_installed() { [[ $(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2> /dev/null) == installed ]]; }

install_packages() {
	export DEBIAN_FRONTEND=noninteractive
	apt-get update && apt-get install --yes --no-install-recommends "$@"
}

# Asks nobody and does nothing when all is there.
need_packages() {
	local name package missing=()
	local -A seen=()
	for name in "$@"; do
		for package in ${package_sets[$name]}; do
			[[ ${seen[$package]-} ]] || is_installed "$package" || missing+=("$package")
			seen[$package]=1
		done
	done
	((${#missing[@]})) || return 0
	if ! command -v apt-get > /dev/null; then
		printf '%s: this is not Debian; what it calls %s should be here\n' "$program" "${missing[*]}" >&2
		return
	fi
	if ((EUID != 0)); then
		printf '%s: some packages are missing. Run this, then try again:\n' "$program" >&2
		printf '  sudo apt-get update && sudo apt-get install --yes --no-install-recommends %s\n' "${missing[*]}" >&2
		exit 2
	fi
	step "installing ${#missing[@]} packages" install_packages "${missing[@]}"
}
