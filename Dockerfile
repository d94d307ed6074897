# syntax=docker/dockerfile:1
# The service alone, in an image without a shell. Runs as a numeric user on a read-only root:
#   docker build -t arbitra .
#   docker run --read-only -v arbitra-data:/srv/arbitra/data -p 127.0.0.1:7070:7070 \
#     -e ARBITRA_LISTEN=0.0.0.0:7070 -e ARBITRA_INSECURE=true arbitra
# Without the two settings it listens on the container's own loopback only: it must be told that the
# network keeps strangers out, or be given certificates and callers instead (docs/security.md).
# Health is the orchestrator's to ask for: grpc.health.v1, which is not serving until it is ready
# and again while it drains.

ARG BUILD_IMAGE=docker.io/library/rust:1.95-slim-bookworm
ARG RUN_IMAGE=gcr.io/distroless/cc-debian12:latest

FROM ${BUILD_IMAGE} AS build
WORKDIR /build
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/build/target \
    cargo build --release --locked --bin arbitra \
    && install -D target/release/arbitra /out/usr/local/bin/arbitra \
    && install -D -m 0644 LICENSE /out/usr/share/doc/arbitra/LICENSE \
    && install -d /out/srv/arbitra /data \
    && cp -r rules /out/srv/arbitra/rules

FROM ${RUN_IMAGE}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Arbitra" \
      org.opencontainers.image.description="Decides, in real time, what to offer a customer next" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build --chown=0:0 /out/ /
COPY --from=build --chown=65532:65532 /data/ /srv/arbitra/data/
WORKDIR /srv/arbitra
VOLUME ["/srv/arbitra/data"]
USER 65532:65532
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/arbitra"]
CMD ["serve"]
