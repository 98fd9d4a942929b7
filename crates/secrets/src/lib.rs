//! Where secrets are stored, and which component can access them.
//!
//! A receiver's credentials are in an EventBridge connection, which keeps their values in a secret of Secrets
//! Manager. The management API writes connections ([`Connections`]) but cannot read them; `deliver` reads
//! their secrets ([`Vault`]) but writes nothing. Our own keys (signing secrets, the keys of client
//! certificates) are encrypted by KMS ([`Keys`]) with their org as encryption context and stored beside the
//! config: again, the management API can only encrypt and `deliver` can only decrypt.
//!
//! No type here shows a secret in its `Debug` output, and no error carries a service's response to a request
//! that contained a secret, because validation messages of AWS quote the rejected value.

mod connections;
mod error;
mod keys;
mod request;
mod values;
mod vault;

pub use connections::{Connections, SaveError, connection_name_for};
pub use error::SecretsError;
pub use keys::{Keys, Plaintext};
pub use values::{ClientProof, Extra, OauthClient, Values};
pub use vault::{ReadError, Vault};
