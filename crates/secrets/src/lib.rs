//! Where secrets are, and who gets at them.
//!
//! A receiver's credentials are in an EventBridge connection, which keeps their values in a secret of Secrets Manager. The
//! management API writes connections ([`Connections`]) and cannot read them; `deliver` reads their secrets ([`Vault`]) and writes
//! nothing. Keys of ours (signing secrets, the keys of client certificates) are encrypted by KMS ([`Keys`]) with their org as
//! encryption context, and stored beside the config: there, too, the management API can only encrypt and `deliver` only decrypt.
//!
//! No type here shows a secret in its `Debug`, and no error carries what the services answered to a request that had a secret in
//! it: a validation message of AWS quotes the value it does not like.

mod connections;
mod error;
mod keys;
mod request;
mod values;
mod vault;

pub use connections::{Connections, SaveError, connection_name_for};
pub use error::SecretsError;
pub use keys::{Keys, Plaintext};
pub use values::{Extra, OauthClient, Values};
pub use vault::{ReadError, Vault};
