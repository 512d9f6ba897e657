# The image of Pinnace: its programs, the libraries they are linked with, a bundle of authorities, a list of it all
# (/usr/share/doc/pinnace/sbom.spdx.json), and nothing else: no shell, no package manager, nobody but user 65532.
#
#   docker buildx build --platform linux/amd64,linux/arm64 --build-arg VERSION=0.1.0 \
#       --build-arg SNAPSHOT=$(TZ=UTC git log -1 --format=%cd --date=format-local:%Y%m%dT%H%M%SZ) \
#       --build-arg SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) --build-arg REVISION=$(git rev-parse HEAD) \
#       --build-arg CREATED=$(TZ=UTC git log -1 --format=%cd --date=format-local:%Y-%m-%dT%H:%M:%SZ) .
#
# It is compiled on the builder's own architecture for that of the image. The same sources on the same BASE, which a
# release names by digest, with the packages of the same moment, SNAPSHOT, give the same files.
ARG BASE=docker.io/library/debian:bookworm-slim
FROM --platform=$BUILDPLATFORM ${BASE} AS tools
ARG TARGETARCH
ARG SNAPSHOT=
COPY scripts/image-tools /usr/local/bin/
RUN image-tools "$TARGETARCH" "$SNAPSHOT"

FROM tools AS build
COPY . /src
ARG TARGETARCH
ARG VERSION=0.1.0
ARG SOURCE_DATE_EPOCH=0
RUN native=$(dpkg --print-architecture) && \
    cmake -S /src -B /build -G Ninja -DCMAKE_BUILD_TYPE=Release -DPINNACE_TESTS=OFF -DCMAKE_INSTALL_PREFIX=/usr/local \
        $(test "${TARGETARCH:-$native}" = "$native" || echo "-DCMAKE_TOOLCHAIN_FILE=/src/cmake/$TARGETARCH.cmake") && \
    cmake --build /build && \
    DESTDIR=/root-of-image cmake --install /build --strip && \
    rm -rf /root-of-image/usr/local/share /root-of-image/usr/local/bin/kubectl_complete-pinnace && \
    /src/scripts/image-root /root-of-image "$TARGETARCH" "$VERSION"

FROM scratch
ARG VERSION=0.1.0
ARG REVISION=
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.title="Pinnace" \
      org.opencontainers.image.description="Immutable images for Kubernetes" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /root-of-image /
USER 65532:65532
ENTRYPOINT ["/usr/local/sbin/pinnace-webhook"]
