//! Tokens that the operator makes on the machine itself.

use std::path::Path;

use contract::{OrgId, Scope, Sources, Token};
use store::{StoreError, Tokens};

use crate::tables::{self, TOKENS, Tables};
use crate::{OpenError, transport};

/// A token to be made.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// The org it can reach.
    pub org_id: OrgId,
    /// What it may do there.
    pub scopes: Vec<Scope>,
    /// What it is for.
    pub name: String,
}

impl NewToken {
    /// A token that may do everything in `org_id`.
    pub fn admin(org_id: OrgId) -> Self {
        Self { org_id, scopes: vec![Scope::Trigger, Scope::Read, Scope::Manage], name: "admin".to_owned() }
    }

    pub(crate) async fn store(
        self,
        secret: &str,
        tokens: &Tokens,
        sources: &Sources,
    ) -> Result<(), StoreError> {
        let token = Token {
            token_hash: api::hash_token(secret),
            org_id: self.org_id,
            scopes: self.scopes,
            name: self.name,
            created_at: sources.now(),
        };
        tokens.put(&token).await
    }
}

/// How the first token of a data directory came about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FirstToken {
    /// It was made just now; shown this once.
    Created(String),
    /// There were tokens already, or the operator brought one.
    Known,
}

/// Makes a token in a data directory, beside a host that may be running, and answers it.
///
/// # Errors
/// When the directory cannot be used.
pub async fn create_token(data_dir: &Path, new: NewToken, sources: Sources) -> Result<String, OpenError> {
    create_data_dir(data_dir)?;
    let tables = Tables::open(&data_dir.join(tables::FILE))?;
    let tokens = Tokens::new(transport::tables_client(tables), TOKENS);
    create(new, &tokens, &sources).await.map_err(OpenError::during("make a token"))
}

pub(crate) async fn create(new: NewToken, tokens: &Tokens, sources: &Sources) -> Result<String, StoreError> {
    let secret = new_secret();
    new.store(&secret, tokens, sources).await?;
    Ok(secret)
}

/// Creates the data directory where it is missing, for its owner's eyes only: events hold what receivers answered.
pub(crate) fn create_data_dir(dir: &Path) -> Result<(), OpenError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir).map_err(OpenError::during("create the data directory"))
}

/// 256 random bits, in hex, with a prefix that secret scanners can look for.
pub(crate) fn new_secret() -> String {
    format!("hookstep_{}", hex::encode(rand::random::<[u8; 32]>()))
}
