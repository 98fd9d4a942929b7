//! Tokens that the operator creates on the machine itself.

use std::path::Path;

use hookstep_ambient::Sources;
use hookstep_aws_local::{TOKENS, Tables};
use hookstep_contract::{OrgId, Owner, Scope, Timestamp, Token, TokenId};
use hookstep_storage::Durability;
use hookstep_store::{StoreError, Tokens};

use crate::directory::Directory;
use crate::lock::lock;
use crate::{OpenError, directory, modes};

/// A token to create.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// To whom the token belongs.
    pub owner: Owner,
    /// What the token permits.
    pub scopes: Vec<Scope>,
    /// The token's name, for display.
    pub name: String,
    /// When the token expires; `None` if it is valid until revoked.
    pub expires_at: Option<Timestamp>,
}

impl NewToken {
    /// A token with all permissions in `org_id`.
    pub fn admin(org_id: OrgId) -> Self {
        let scopes = vec![Scope::Trigger, Scope::Read, Scope::Manage];
        Self { owner: Owner::Org(org_id), scopes, name: "admin".to_owned(), expires_at: None }
    }

    /// A platform's token, which creates orgs and reaches each of them.
    pub fn platform() -> Self {
        let scopes = vec![Scope::Platform];
        Self { owner: Owner::Platform, scopes, name: "platform".to_owned(), expires_at: None }
    }

    fn record(self, secret: &str, sources: &Sources) -> Token {
        Token {
            token_hash: hookstep_http_edge::hash_token(secret),
            prefix: Token::prefix_of(secret),
            last_used_at: None,
            token_id: Some(TokenId((sources.new_id)())),
            owner: self.owner,
            scopes: self.scopes,
            name: self.name,
            created_at: sources.now(),
            expires_at: self.expires_at.map(Timestamp::unix_seconds),
        }
    }
}

/// The origin of a data directory's admin token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FirstToken {
    /// The token was just created. Its secret can be shown only now.
    Created(String),
    /// Tokens already existed, or the operator provided one.
    Known,
}

/// Creates a token in a data directory and returns its secret. A host may be running on the directory.
///
/// # Errors
/// If the directory cannot be used.
pub async fn create_token(data_dir: &Path, new: NewToken, sources: Sources) -> Result<String, OpenError> {
    // A host that runs has examined its directory and holds the lock.
    let unlocked = match lock(data_dir) {
        Ok(lock) => {
            directory::convert(data_dir, &sources).await?;
            Some((lock, Directory::examine(data_dir, &sources)?))
        }
        Err(OpenError::InUse) => None,
        Err(error) => return Err(error),
    };
    let tables = Tables::new(crate::storage::open(data_dir, Durability::Disk, None, None)?);
    if let Some((_lock, directory)) = &unlocked {
        directory.complete_without_host(&sources)?;
    }
    let tokens = Tokens::new(hookstep_tables::Client::new(tables), TOKENS, sources);
    create(new, &tokens, &sources).await.map_err(OpenError::during("make a token"))
}

pub(crate) async fn create(new: NewToken, tokens: &Tokens, sources: &Sources) -> Result<String, StoreError> {
    let secret = hookstep_http_edge::new_token(sources);
    tokens.put(&new.record(&secret, sources)).await?;
    Ok(secret)
}

/// Ensures that `secret`, which the operator provided, is a token with
/// the properties of `new`. The token keeps its id across restarts.
pub(crate) async fn keep(
    new: NewToken,
    secret: &str,
    tokens: &Tokens,
    sources: &Sources,
) -> Result<(), StoreError> {
    let wanted = new.record(secret, sources);
    let known = tokens.find(&wanted.token_hash).await?;
    let is_wanted = |known: &Token| {
        let same = (&known.owner, &known.scopes, known.expires_at);
        known.token_id.is_some() && same == (&wanted.owner, &wanted.scopes, wanted.expires_at)
    };
    if known.as_ref().is_some_and(is_wanted) { Ok(()) } else { tokens.put(&wanted).await }
}

/// Creates the data directory if it is missing. Only the owner
/// can read it, because events contain receivers' responses.
pub(crate) fn create_data_dir(dir: &Path) -> Result<(), OpenError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir).map_err(OpenError::during("create the data directory"))?;
    modes::close(dir);
    Ok(())
}
