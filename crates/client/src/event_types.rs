//! The catalogue of event types.

use hookstep_api_types::{
    CheckedWebhook, ContractCheck, EventType, EventTypePatch, ExportFormat, NewEventType, NewTypeVersion,
    Page, TypeImport, TypeListener, TypeVersion,
};
use reqwest::Method;
use serde_json::Value;

use crate::body::Source;
use crate::events::with_query;
use crate::retry::Repeatable;
use crate::send::HOOKSTEP;
use crate::{Client, Error};

impl Client {
    /// Lists the event types of the catalogue, one page at a time.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn event_types(&self, cursor: Option<&str>) -> Result<Page<EventType>, Error> {
        self.get(&with_query("/event-types", &query(cursor))).await
    }

    /// Reads an event type, with the schema and the sample of its current version.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn event_type(&self, name: &str) -> Result<EventType, Error> {
        self.get(&path(name)).await
    }

    /// Adds an event type to the catalogue.
    ///
    /// # Errors
    /// See [`Error`]; a 400 names the field that is wrong.
    pub async fn create_event_type(&self, fields: &NewEventType) -> Result<EventType, Error> {
        self.send(Method::POST, "/event-types", fields).await
    }

    /// Changes some fields of an event type.
    ///
    /// # Errors
    /// See [`Error`]; a 400 names the field that is wrong.
    pub async fn update_event_type(&self, name: &str, changes: &EventTypePatch) -> Result<EventType, Error> {
        self.send(Method::PATCH, &path(name), changes).await
    }

    /// Deletes an event type with all its versions.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn delete_event_type(&self, name: &str) -> Result<(), Error> {
        self.delete(&path(name)).await
    }

    /// Adds a version to an event type, which is the current one from then on.
    ///
    /// # Errors
    /// See [`Error`]; a 400 names the place in the schema or the sample that is wrong.
    pub async fn create_event_type_version(
        &self,
        name: &str,
        version: &NewTypeVersion,
    ) -> Result<TypeVersion, Error> {
        self.send(Method::POST, &format!("{}/versions", path(name)), version).await
    }

    /// Reads a version of an event type.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn event_type_version(&self, name: &str, version: &str) -> Result<TypeVersion, Error> {
        self.get(&format!("{}/versions/{version}", path(name))).await
    }

    /// Deletes a version of an event type.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn delete_event_type_version(&self, name: &str, version: &str) -> Result<(), Error> {
        self.delete(&format!("{}/versions/{version}", path(name))).await
    }

    /// Lists the webhooks that listen to an event type, one page at a time.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn event_type_webhooks(
        &self,
        name: &str,
        cursor: Option<&str>,
    ) -> Result<Page<TypeListener>, Error> {
        self.get(&with_query(&format!("{}/webhooks", path(name)), &query(cursor))).await
    }

    /// Finds the webhooks that a new version of an event type would break, one page at a time. Nothing is saved or sent.
    ///
    /// # Errors
    /// See [`Error`]; a 400 names the place in the schema or the sample that is wrong.
    pub async fn check_event_type(
        &self,
        name: &str,
        new: &ContractCheck,
        cursor: Option<&str>,
    ) -> Result<Page<CheckedWebhook>, Error> {
        let path = with_query(&format!("{}/check", path(name)), &query(cursor));
        self.send(Method::POST, &path, new).await
    }

    /// Imports the event types of an OpenAPI document (3.1 or 3.2) with `webhooks`, or of an AsyncAPI document (2 or 3). With
    /// `is_dry_run`, nothing is done, and the result says what would be.
    ///
    /// # Errors
    /// See [`Error`]; a 400 is about the whole document. Types that are refused are in the result.
    pub async fn import_event_types(&self, document: &Value, is_dry_run: bool) -> Result<TypeImport, Error> {
        let query = [("dry_run", is_dry_run.to_string())];
        self.send(Method::POST, &with_query("/event-types/import", &query), document).await
    }

    /// Exports the catalogue, or a group of it, as a document.
    ///
    /// # Errors
    /// See [`Error`]; a 409 means that the document would be too large, and that groups have to be exported.
    pub async fn export_event_types(
        &self,
        format: ExportFormat,
        group: Option<&str>,
    ) -> Result<Value, Error> {
        let mut query = vec![("format", format.as_str().to_owned())];
        query.extend(group.map(|group| ("group", group.to_owned())));
        self.get(&with_query("/event-types/export", &query)).await
    }

    async fn delete(&self, path: &str) -> Result<(), Error> {
        let build = || self.request(Method::DELETE, path);
        self.exchange(HOOKSTEP, Repeatable::Always, build, &Source::empty()).await.map(drop)
    }
}

fn query(cursor: Option<&str>) -> Vec<(&'static str, String)> {
    cursor.map(|cursor| ("cursor", cursor.to_owned())).into_iter().collect()
}

fn path(name: &str) -> String {
    // As in a query, but for the space.
    let name: String = url::form_urlencoded::byte_serialize(name.as_bytes()).collect();
    format!("/event-types/{}", name.replace('+', "%20"))
}
