# The embedded host in a container.
#
#   docker build --tag hookstep .
#   docker run --publish 127.0.0.1:4700:4700 --volume hookstep-data:/var/lib/hookstep hookstep
#
# The first start prints an admin token; HOOKSTEP_ADMIN_TOKEN sets one instead. HOOKSTEP_PUBLIC_URL is where producers reach the
# host, for the URLs of large uploads: http://127.0.0.1:4700 here, the address of the TLS proxy elsewhere. `docker stop` gives the
# attempts in flight ten seconds (`docker stop --timeout 35` gives them all that the host takes); an attempt that is cut off is made again at the next start.

# The version is that of rust-toolchain.toml, which is not copied: it also asks for tools that only developers need.
FROM rust:1.95.0-slim-bookworm AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --package hookstep \
    && install -D --mode=755 target/release/hookstep /out/usr/bin/hookstep \
    && install -d --mode=700 /out/var/lib/hookstep

# glibc, libgcc and the certificate authorities; no shell and no package manager. The user `nonroot` has the id 65532.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /out/usr/bin/hookstep /usr/bin/hookstep
# A new volume takes its owner and its mode from this directory.
COPY --from=build --chown=65532:65532 /out/var/lib/hookstep /var/lib/hookstep
ENV HOOKSTEP_LISTEN=0.0.0.0:4700 \
    HOOKSTEP_DATA_DIR=/var/lib/hookstep
USER 65532:65532
VOLUME /var/lib/hookstep
EXPOSE 4700
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["/usr/bin/hookstep", "health"]
ENTRYPOINT ["/usr/bin/hookstep"]
CMD ["serve"]
