# The commands of this repository. `just` (cargo install --locked just) lists them; each line here also works by itself.

set positional-arguments

target := env("CARGO_TARGET_DIR", "target")

_list:
    @just --list --unsorted

# Run the host on this machine, free to call receivers on it: for development only
[group('run')]
run *flags:
    cargo run --locked -- serve --allow-http-targets --allow-private-targets "$@"

# Run a host with a sample receiver and a guided tour
[group('run')]
demo *flags:
    cargo run --locked -- demo "$@"

# Run a receiver that shows what arrives and checks signatures
[group('run')]
listen *flags:
    cargo run --locked -- listen "$@"

# Format the Rust sources
[group('check')]
format:
    cargo fmt --all

# Clippy and rustdoc, as CI runs them
[group('check')]
lint:
    cargo clippy --workspace --all-targets --locked -- -D warnings
    cargo clippy --package hookstep-lambda-edge --features otlp --all-targets --locked -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --document-private-items --locked

# Lint the CloudFormation template and the state machines
[group('check')]
lint-template:
    infra/lint.sh

# All tests, or those whose names contain the filter: just test retries::
[group('check')]
test *filter:
    cargo test --workspace --locked "$@"

# Everything that must hold before a change lands; takes up to an hour the first time
[group('check')]
ci:
    .ci/run

# Put the host through simulated weeks: just simulate [--seeds 1000] [--minutes 480] [--seed 42] [--platform aws]
[group('check')]
simulate *flags:
    cargo build --locked --workspace --bin hookstep-sim --config crates/sim/optimised.toml
    "{{ target }}/debug/hookstep-sim" "$@"

# Fuzz a target for some seconds: egress_url, egress_address, egress_headers or egress_tls
[group('check')]
fuzz name="egress_url" seconds="300":
    mkdir -p "fuzz/corpus/{{ name }}"
    RUSTC_BOOTSTRAP=1 cargo fuzz run --sanitizer none "{{ name }}" "fuzz/corpus/{{ name }}" "fuzz/seeds/{{ name }}" -- -max_total_time={{ seconds }}

# Write the OpenAPI document anew from the code, and the TypeScript types from it
[group('generate')]
openapi: typescript-packages
    UPDATE_OPENAPI=1 cargo test --locked --package hookstep-integration --test it openapi::the_document_is_as_the_code_says
    npm --prefix clients/typescript run generate

# Make the console's screenshots in docs/screens anew; needs Chromium and pngquant
[group('generate')]
screens:
    HOOKSTEP_SCREENS=docs/screens cargo test --locked --package hookstep-integration --test it browser::
    pngquant --ext .png --force --strip docs/screens/*.png

# Check that the TypeScript client is current and that its types fit
[group('generate')]
typescript: typescript-packages
    npm --prefix clients/typescript run check

[private]
typescript-packages:
    npm --prefix clients/typescript ci

# Deliveries per second on one machine
[group('measure')]
bench-deliveries *flags:
    cargo build --release --locked --package hookstep --package hookstep-bench
    "{{ target }}/release/bench-deliveries" "$@"

# What reading lists of events costs
[group('measure')]
bench-lists *flags:
    cargo run --release --locked --package hookstep-bench --bin bench-lists -- "$@"

# What the interpreter of the state machines costs for a delivery
[group('measure')]
bench-interpreter *flags:
    cargo run --release --locked --package hookstep-bench --bin bench-interpreter -- "$@"

# What a million events cost on AWS
[group('measure')]
bench-cost *flags:
    cargo run --locked --package hookstep-bench --bin bench-cost -- "$@"

# Cold starts of the functions, as `sam build` makes them
[group('measure')]
bench-cold-start *flags:
    sam build --parameter-overrides Architecture=x86_64
    cargo lambda build --release --locked --target x86_64-unknown-linux-gnu --package empty-function
    cargo build --release --locked --package hookstep-bench
    "{{ target }}/release/bench-cold-start" --functions "{{ target }}/lambda" "$@"

# The Lambda functions for this machine's architecture, laid out for upload
[group('ship')]
package *out:
    infra/package.sh "$@"

# The release archives with their checksums: just release [--lambda] [out]
[group('ship')]
release *flags:
    packaging/release.sh "$@"

# The container image of the host
[group('ship')]
image:
    docker build --tag hookstep .
