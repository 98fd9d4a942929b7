//! Labels that name a tenant, if the operator wants them.

/// By what the numbers of events and attempts are told apart, in addition to what they always are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum By {
    /// By nothing more: no label names a tenant.
    #[default]
    Nothing,
    /// By the org: the label `org_id`.
    Org,
    /// By the webhook: the label `config_id`.
    Webhook,
}

impl By {
    /// The name of the label. It is also the name of the field in an event's metadata.
    fn label(self) -> Option<&'static str> {
        match self {
            Self::Nothing => None,
            Self::Org => Some("org_id"),
            Self::Webhook => Some("config_id"),
        }
    }
}

/// The label of one event; it is empty unless the operator asked for one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tenant(pub(crate) Option<(&'static str, String)>);

impl Tenant {
    pub(crate) fn of<'a>(by: By, field: impl FnOnce(&'static str) -> &'a str) -> Self {
        Self(by.label().map(|label| (label, field(label).to_owned())))
    }
}
