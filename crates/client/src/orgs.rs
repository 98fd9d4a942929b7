//! The orgs of a platform, with a token of the platform.

use hookstep_api_types::{NewOrg, Org, OrgPatch, Page};
use hookstep_contract::{OrgId, OrgStatus};
use reqwest::Method;

use crate::body::Source;
use crate::events::{given, with_query};
use crate::retry::Repeatable;
use crate::send::HOOKSTEP;
use crate::{Client, Error};

/// Which orgs to list. An org has to match every field that is set.
#[derive(Clone, Debug, Default)]
pub struct OrgQuery {
    /// Only orgs with this text in their id or name, in any case.
    pub search: Option<String>,
    /// Only orgs with this status.
    pub status: Option<OrgStatus>,
    /// The largest number of orgs on a page: 1 to 100 and by default 50; with numbers, 1 to 20 and by default 20.
    pub limit: Option<u32>,
    /// Whether each org has the numbers of its deliveries in the last 24 hours.
    pub with_stats: bool,
    /// The `next_cursor` of the previous page.
    pub cursor: Option<String>,
}

impl Client {
    /// Lists orgs in the order of their ids, one page at a time.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn orgs(&self, query: &OrgQuery) -> Result<Page<Org>, Error> {
        let OrgQuery { search, status, limit, with_stats, cursor } = query;
        let pairs = [
            ("search", search.clone()),
            ("status", status.map(|status| status.as_str().to_owned())),
            ("limit", limit.map(|limit| limit.to_string())),
            ("include", with_stats.then(|| "stats".to_owned())),
            ("cursor", cursor.clone()),
        ];
        self.get(&with_query("/orgs", &given(pairs))).await
    }

    /// Makes an org.
    ///
    /// # Errors
    /// See [`Error`]; the status is 409 if there is one with its id.
    pub async fn create_org(&self, org: &NewOrg) -> Result<Org, Error> {
        self.send(Method::POST, "/orgs", org).await
    }

    /// Changes an org: suspends it, resumes it, or changes other fields.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn change_org(&self, org_id: &OrgId, changes: &OrgPatch) -> Result<Org, Error> {
        self.send(Method::PATCH, &format!("/orgs/{org_id}"), changes).await
    }

    /// Deletes an org with everything that it has, in the background. It cannot be undone.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn delete_org(&self, org_id: &OrgId) -> Result<Org, Error> {
        let path = format!("/orgs/{org_id}");
        let build = || self.request(Method::DELETE, &path);
        self.exchange(HOOKSTEP, Repeatable::Always, build, &Source::empty()).await?.json()
    }
}
