//! Tokens that the operator makes on the machine itself.

use std::path::Path;

use hookstep_ambient::Sources;
use hookstep_aws_local::{TABLES_FILE, TOKENS, Tables, clients};
use hookstep_contract::{OrgId, Scope, Timestamp, Token, TokenId};
use hookstep_store::{StoreError, Tokens};

use crate::OpenError;

/// A token to be made.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// The org it can reach.
    pub org_id: OrgId,
    /// What it may do there.
    pub scopes: Vec<Scope>,
    /// What it is for.
    pub name: String,
    /// When it ends; without it, when it is revoked.
    pub expires_at: Option<Timestamp>,
}

impl NewToken {
    /// A token that may do everything in `org_id`.
    pub fn admin(org_id: OrgId) -> Self {
        let scopes = vec![Scope::Trigger, Scope::Read, Scope::Manage];
        Self { org_id, scopes, name: "admin".to_owned(), expires_at: None }
    }

    fn record(self, secret: &str, sources: &Sources) -> Token {
        Token {
            token_hash: hookstep_http_edge::hash_token(secret),
            token_id: Some(TokenId((sources.new_id)())),
            org_id: self.org_id,
            scopes: self.scopes,
            name: self.name,
            created_at: sources.now(),
            expires_at: self.expires_at.map(Timestamp::unix_seconds),
        }
    }
}

/// Where the admin token of a data directory comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FirstToken {
    /// It was made just now. It can be shown only this once.
    Created(String),
    /// There were tokens already, or the operator provided one.
    Known,
}

/// Makes a token in a data directory and returns it. A host may be running on the directory.
///
/// # Errors
/// When the directory cannot be used.
pub async fn create_token(data_dir: &Path, new: NewToken, sources: Sources) -> Result<String, OpenError> {
    create_data_dir(data_dir)?;
    let tables = Tables::open(&data_dir.join(TABLES_FILE))?;
    let tokens = Tokens::new(clients::dynamodb(tables), TOKENS, sources);
    create(new, &tokens, &sources).await.map_err(OpenError::during("make a token"))
}

pub(crate) async fn create(new: NewToken, tokens: &Tokens, sources: &Sources) -> Result<String, StoreError> {
    let secret = hookstep_http_edge::new_token(sources);
    tokens.put(&new.record(&secret, sources)).await?;
    Ok(secret)
}

/// Makes sure that `secret`, which the operator provided, is a token with the properties of `new`. The token keeps its id
/// over restarts.
pub(crate) async fn keep(
    new: NewToken,
    secret: &str,
    tokens: &Tokens,
    sources: &Sources,
) -> Result<(), StoreError> {
    let wanted = new.record(secret, sources);
    let known = tokens.find(&wanted.token_hash).await?;
    let is_wanted = |known: &Token| {
        let same = (&known.org_id, &known.scopes, known.expires_at);
        known.token_id.is_some() && same == (&wanted.org_id, &wanted.scopes, wanted.expires_at)
    };
    if known.as_ref().is_some_and(is_wanted) { Ok(()) } else { tokens.put(&wanted).await }
}

/// Creates the data directory if it is missing. Only its owner can read it, because events hold what receivers answered.
pub(crate) fn create_data_dir(dir: &Path) -> Result<(), OpenError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir).map_err(OpenError::during("create the data directory"))
}
