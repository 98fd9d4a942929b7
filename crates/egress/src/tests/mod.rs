//! `policy`: what may be called, without a network. `client` and `http2`: against a receiver on this machine.

mod client;
mod http2;
mod policy;
