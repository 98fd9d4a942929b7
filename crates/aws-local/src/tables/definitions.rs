//! The tables of `infra/template.yaml`, and those of this host's own services.

use hookstep_items::{IndexDefinition, TableDefinition, ViewDefinition};
use hookstep_store::{Configs, Events, Tokens};

/// The table of webhooks.
pub const CONFIGS: &str = "configs";
/// The table of events and their attempts.
pub const EVENTS: &str = "events";
/// The table of API tokens.
pub const TOKENS: &str = "tokens";
/// This host's store of EventBridge connections, which is not a table of the product.
pub(crate) const CONNECTIONS: &str = "connections";
/// This host's schedules, which are not a table of the product.
pub(crate) const SCHEDULES: &str = "schedules";

/// The messages of this host's queue of lanes, which are not a table of the product.
pub(crate) const LANES: &str = "lanes";

/// The tables. Their numbers are in every data directory.
pub(super) static TABLES: [TableDefinition; 6] = [
    TableDefinition {
        name: CONFIGS,
        number: 1,
        partition_key: "org_id",
        sort_key: Some("config_id"),
        indexes: &[],
        views: &[ViewDefinition {
            name: Configs::SUBSCRIPTIONS,
            attributes: &Configs::SUBSCRIPTION_ATTRIBUTES,
        }],
    },
    TableDefinition {
        name: EVENTS,
        number: 2,
        partition_key: "pk",
        sort_key: Some("sk"),
        indexes: &[IndexDefinition {
            name: Events::BY_CORRELATION_ID,
            number: 1,
            partition_key: "pk",
            sort_key: "correlation_id",
            keys_only: true,
        }],
        views: &[],
    },
    TableDefinition {
        name: TOKENS,
        number: 3,
        partition_key: "token_hash",
        sort_key: None,
        indexes: &[IndexDefinition {
            name: Tokens::BY_ORG,
            number: 2,
            partition_key: "org_id",
            sort_key: "token_id",
            keys_only: false,
        }],
        views: &[],
    },
    TableDefinition {
        name: CONNECTIONS,
        number: 4,
        partition_key: "name",
        sort_key: None,
        indexes: &[],
        views: &[],
    },
    TableDefinition {
        name: SCHEDULES,
        number: 5,
        partition_key: "name",
        sort_key: None,
        indexes: &[],
        views: &[],
    },
    TableDefinition { name: LANES, number: 6, partition_key: "id", sort_key: None, indexes: &[], views: &[] },
];
