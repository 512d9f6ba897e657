# The image of Pinnace: its programs, the libraries they are linked with, a bundle of authorities, and nothing
# else: no shell, no package manager, nobody but user 65532.
#
#   docker build --build-arg VERSION=0.1.0 --build-arg SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) \
#       --build-arg CREATED=$(TZ=UTC git log -1 --format=%cd --date=format-local:%Y-%m-%dT%H:%M:%SZ) .
#
# The same sources on the same BASE with the same packages give the same files; a release names BASE by digest.
ARG BASE=docker.io/library/debian:bookworm-slim
FROM ${BASE} AS tools
# A BASE that has been through this already is taken as it is.
RUN test -x /usr/bin/ninja || { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \
        ca-certificates cmake gcc libc6-dev ninja-build pkg-config \
        libcjson-dev libcurl4-openssl-dev libgnutls28-dev libmicrohttpd-dev libssl-dev libyaml-dev && \
    rm -rf /var/lib/apt/lists/*; }

FROM tools AS build
COPY . /src
ARG SOURCE_DATE_EPOCH=0
RUN cmake -S /src -B /build -G Ninja -DCMAKE_BUILD_TYPE=Release -DPINNACE_TESTS=OFF \
        -DCMAKE_INSTALL_PREFIX=/usr/local && \
    cmake --build /build && \
    DESTDIR=/root-of-image cmake --install /build --strip && \
    rm -rf /root-of-image/usr/local/share /root-of-image/usr/local/bin/kubectl_complete-pinnace
# Of each program what ldd names, at the same place, and the terms under which it may be handed on.
RUN set -eu; cd /root-of-image; \
    for program in usr/local/bin/* usr/local/sbin/*; do \
        ldd "$program" | grep -o '/[^ ]*' | sort -u; \
    done | sort -u | while read -r library; do \
        mkdir -p ".${library%/*}"; cp -L "$library" ".$library"; \
        dpkg-query --search "*/${library##*/}" | cut -d: -f1 | sort -u; \
    done | sort -u | while read -r package; do \
        mkdir -p "usr/share/doc/$package"; cp -L "/usr/share/doc/$package/copyright" "usr/share/doc/$package"; \
    done; \
    mkdir -p etc/ssl/certs usr/share/doc/pinnace; \
    cp /etc/ssl/certs/ca-certificates.crt etc/ssl/certs; \
    cp /src/LICENSE usr/share/doc/pinnace/copyright; \
    echo 'pinnace:x:65532:65532::/:/usr/sbin/nologin' > etc/passwd; \
    find . -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +

FROM scratch
ARG VERSION=0.1.0
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.title="Pinnace" \
      org.opencontainers.image.description="Immutable images for Kubernetes" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}"
COPY --from=build /root-of-image /
USER 65532:65532
ENTRYPOINT ["/usr/local/sbin/pinnace-webhook"]
