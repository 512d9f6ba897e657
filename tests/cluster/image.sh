# Writes container images as OCI archives: plain tar files, so no daemon and no image tool is needed.
# Sourced by bash, after `set -euo pipefail`.
# shellcheck shell=bash

# The same files always give the same bytes, so the same digest.
pack() { tar --create --format=ustar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C "$1" .; }

image_architecture() {
	case $(uname -m) in
	x86_64) echo amd64 ;;
	aarch64) echo arm64 ;;
	*) uname -m ;;
	esac
}

# Moves a file among the layout's blobs. Sets 'digest' and 'size'.
add_blob() {
	digest=$(sha256sum < "$2")
	digest=${digest%% *}
	size=$(stat -c %s "$2")
	mv "$2" "$1/blobs/sha256/$digest"
}

# The whole name of an image: one without a registry is in the cluster's, one without a tag is 'latest'.
full_reference() {
	local reference=$1
	[[ $reference =~ ^(localhost|[^/]*[.:][^/]*)/ ]] || reference=registry.test:5000/$reference
	[[ ${reference##*/} == *[:@]* ]] || reference=$reference:latest
	printf '%s' "$reference"
}

# write_image ARCHIVE REFERENCE PROGRAM FOLDER…: an image that runs PROGRAM, with each folder as a layer.
write_image() (
	archive=$1 reference=$2 program=$3
	shift 3
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	layout=$work/layout blob=$work/blob
	mkdir -p "$layout/blobs/sha256"
	layers='' diffs=''
	for layer; do
		pack "$layer" > "$blob"
		add_blob "$layout" "$blob"
		layers+=${layers:+,}'{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"sha256:'$digest'","size":'$size'}'
		diffs+=${diffs:+,}'"sha256:'$digest'"'
	done

	printf '{"architecture":"%s","os":"linux","config":{"Entrypoint":["%s"],"User":"65532:65532"},"rootfs":{"type":"layers","diff_ids":[%s]}}' \
		"$(image_architecture)" "$program" "$diffs" > "$blob"
	add_blob "$layout" "$blob"
	printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:%s","size":%s},"layers":[%s]}' \
		"$digest" "$size" "$layers" > "$blob"
	add_blob "$layout" "$blob"
	# containerd names an imported image after the first annotation, other tools after the second.
	printf '{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:%s","size":%s,"annotations":{"io.containerd.image.name":"%s","org.opencontainers.image.ref.name":"%s"}}]}' \
		"$digest" "$size" "$reference" "${reference##*:}" > "$layout/index.json"
	printf '{"imageLayoutVersion":"1.0.0"}' > "$layout/oci-layout"
	pack "$layout" > "$archive.new"
	mv "$archive.new" "$archive"
	echo "sha256:$digest"
)
