//! Links into the portal.

use hookstep_api_types::{PortalSession, PortalSessionFields};
use hookstep_contract::OrgId;
use reqwest::Method;

use crate::{Client, Error};

impl Client {
    /// Makes a link into the portal of an org, with a token of the platform or, with the scope `manage`, of that org. Give the
    /// `url` of the result to the browser of the person that it is for: it works once.
    ///
    /// # Errors
    /// See [`Error`]; a 400 names the field that is wrong.
    pub async fn create_portal_session(
        &self,
        org_id: &OrgId,
        fields: &PortalSessionFields,
    ) -> Result<PortalSession, Error> {
        self.send(Method::POST, &format!("/orgs/{org_id}/portal-sessions"), fields).await
    }
}
