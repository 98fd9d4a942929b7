mod extra;
mod keys;
mod streaming;
mod vectors;
mod verify;

use crate::{PrivateKey, Secret};

fn secret(byte: u8) -> Secret {
    Secret::from_random(&[byte; 32])
}

fn private_key(byte: u8) -> PrivateKey {
    PrivateKey::from_seed(&[byte; 32])
}
