//! API tokens: made, listed and deleted by owners. A token may do what its maker may.

use super::Accounts;
use super::store::new_id;
use crate::domain::account::ApiToken;
use crate::domain::phrases;
use crate::domain::{TokenId, UserId, WorkspaceId};
use crate::http::auth::TOKEN_PREFIX;
use crate::http::{ApiError, ErrorCode, Identity, Items, ListId, Page, Secret};
use crate::storage::keys::{ApiTokenKey, TokenByWorkspaceKey, UserKey};
use crate::storage::{Batch, Prefix, Seal};

/// Most tokens in one workspace.
pub const TOKENS_MAX: usize = 100;

impl Accounts {
    /// The workspace's tokens with the hashes of their secrets, oldest first.
    pub(super) fn tokens_of(&self, workspace: WorkspaceId) -> Result<Vec<([u8; 32], ApiToken)>, ApiError> {
        let prefix = Prefix::<TokenByWorkspaceKey>::table().with(workspace);
        let mut tokens = Vec::new();
        for (_, secret) in self.store.scan(&prefix, None, TOKENS_MAX)? {
            if let Some(token) = self.store.get(&ApiTokenKey { secret })? {
                tokens.push((secret, token));
            }
        }
        Ok(tokens)
    }

    /// A page of the workspace's tokens, oldest first.
    pub(super) fn list_tokens(&self, who: &Identity, page: &Page) -> Result<Items<ApiToken>, ApiError> {
        let list = ListId::new("tokens", who.workspace);
        let prefix = Prefix::<TokenByWorkspaceKey>::table().with(who.workspace);
        let after: Option<TokenByWorkspaceKey> = page.after(&list)?;
        let rows = self.store.scan(&prefix, after.as_ref(), page.limit + 1)?;
        let page = page.finish(&list, rows, |(_, secret)| secret);
        let mut items = Vec::with_capacity(page.items.len());
        for secret in page.items {
            items.extend(self.store.get(&ApiTokenKey { secret })?);
        }
        Ok(Items {
            items,
            next_cursor: page.next_cursor,
        })
    }

    /// Makes a token; its secret is shown this once.
    pub(super) async fn create_token(
        &self,
        who: &Identity,
        name: &str,
    ) -> Result<(ApiToken, Secret), ApiError> {
        let _one_at_a_time = self.membership.lock().await;
        if self.tokens_of(who.workspace)?.len() >= TOKENS_MAX {
            let detail = phrases::TOO_MANY_TOKENS.with(&[("count", &TOKENS_MAX)]);
            return Err(ApiError::new(ErrorCode::WrongState, detail).with_code("too_many_tokens"));
        }
        let secret = Secret::generate(TOKEN_PREFIX)?;
        let token = ApiToken {
            id: new_id(TokenId::from_uuid),
            name: name.trim().to_owned(),
            user: who.user,
            workspace: who.workspace,
            created_at: self.clock.now(),
        };
        let mut batch = Batch::new();
        batch.require_present(&UserKey {
            workspace: who.workspace,
            user: who.user,
        });
        batch.put(
            &ApiTokenKey {
                secret: secret.hash(),
            },
            &token,
            &self.store.workspace_seal(who.workspace)?,
        );
        let listed = TokenByWorkspaceKey {
            workspace: who.workspace,
            token: token.id,
        };
        batch.put(&listed, &secret.hash(), &Seal::Open);
        self.store.commit(batch).await?;
        Ok((token, secret))
    }

    /// Ends a token.
    pub(super) async fn delete_token(&self, who: &Identity, id: TokenId) -> Result<(), ApiError> {
        let tokens = self.tokens_of(who.workspace)?;
        let found = tokens.into_iter().find(|(_, token)| token.id == id);
        let (secret, token) = found.ok_or_else(|| ApiError::not_found("token"))?;
        let mut batch = Batch::new();
        remove_token(&mut batch, secret, &token);
        self.store.commit(batch).await?;
        self.auth.forget_secret(&secret);
        Ok(())
    }

    /// Adds the end of all tokens of a person to a batch.
    pub(super) fn delete_tokens_of(
        &self,
        workspace: WorkspaceId,
        user: UserId,
        batch: &mut Batch,
    ) -> Result<(), ApiError> {
        for (secret, token) in self.tokens_of(workspace)? {
            if token.user == user {
                remove_token(batch, secret, &token);
            }
        }
        Ok(())
    }
}

fn remove_token(batch: &mut Batch, secret: [u8; 32], token: &ApiToken) {
    batch.delete(&ApiTokenKey { secret });
    batch.delete(&TokenByWorkspaceKey {
        workspace: token.workspace,
        token: token.id,
    });
}
