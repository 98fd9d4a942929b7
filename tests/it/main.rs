//! The integration tests: HTTP in, a real receiver out, storage looked at. A test stands with the reader whom it speaks for.
//!
//! | file | what its tests say |
//! | --- | --- |
//! | `producing/trigger` | what a producer sees |
//! | `producing/bodies` | what travels: the receiver gets the producer's bytes |
//! | `producing/claims` | claim checks: bodies that never enter the state |
//! | `producing/bus` | events from EventBridge that name their webhook |
//! | `producing/subscriptions` | events from EventBridge that name none |
//! | `producing/put_events` | events put on the host's own bus with AWS's tools |
//! | `delivering/receivers` | what a receiver does to us |
//! | `delivering/retries` | what comes after a failed attempt |
//! | `delivering/replays` | events sent again, retries cancelled, test sends |
//! | `delivering/filters_and_transforms` | filters and transforms |
//! | `delivering/exceptions` | what becomes of an event when something of ours breaks |
//! | `delivering/delivery_events` | the events that we put on the bus ourselves |
//! | `reading/events` | what can be read back of an event |
//! | `reading/search` | how an event is found again |
//! | `reading/stats` | how deliveries are counted |
//! | `managing/webhooks` | the management API |
//! | `managing/patch` | changes of single fields |
//! | `managing/changes` | changes at once, those that fail, and those that never end |
//! | `managing/auth` | the authentication of a webhook, as it is set, kept and shown |
//! | `managing/certificates` | the TLS of a webhook, as it is set, kept and shown |
//! | `managing/signing_keys` | the signing keys, as they are made, shown and replaced |
//! | `managing/pages` | the console's pages, and who sees them |
//! | `managing/browser` | the console in a real browser |
//! | `security/tenants` | who may do what |
//! | `security/tenancy` | every operation of the API, asked by those who may not |
//! | `security/tokens` | how API tokens come and go |
//! | `security/credentials` | who a request says it is, as its receiver sees it |
//! | `security/signatures` | signatures, verified by code that is not ours |
//! | `security/trusted` | what a receiver can check of a real request |
//! | `security/leaks` | planted secrets, and where they must not be found |
//! | `host/crash` | the host as a process: killed, stopped, started again |
//! | `host/journal` | the journal of executions, damaged while the host is away |
//! | `host/standins` | the host's stand-ins for KMS, connections and Secrets Manager |
//! | `aws/cases` | what must be the same on the host and on AWS: a table |
//! | `aws/ministack` | the deployed template, on an emulator of AWS; the cases run there, too |
//! | `aws/functions` | no tests: the functions that the template deploys |
//! | `aws/lambdas` | the function binaries, as AWS runs them |
//! | `aws/template` | what the template promises and no linter knows |
//! | `clients/client` | the Rust client |
//! | `clients/typescript` | the TypeScript client |
//! | `clients/cli` | the commands of `hookstep` |
//! | `clients/examples` | the examples: what they send arrives, what was changed is refused |
//! | `clients/openapi` | the OpenAPI document: what is served is what the code says |
//! | `clients/schemathesis` | the OpenAPI document, asked of a running host |
//! | `house/contracts` | what binds the parts together: error names, crates, numbers |
//! | `house/budgets` | how long a function may be |
//! | `house/documents` | links, commands and lengths in the documents |
//! | `house/names` | that no name which was given up is left |
//! | `house/leftovers` | that a test which leaves something behind, or whose host dies, fails |
//! | `house/dependencies` | Cargo mirrors IAM: who links which client of AWS |
//! | `house/definitions` | the definitions of the state machines, bound to the template and to the crates |
//! | `house/retry_policies` | when the state machines try a task again |
//! | `house/interpreted` | the definitions, run with functions that answer as told |
//! | `world` | no tests: hosts, receivers, processes, and environments of Python and Node |

mod producing {
    mod bodies;
    mod bus;
    mod claims;
    mod put_events;
    mod subscriptions;
    mod trigger;
}

mod delivering {
    mod delivery_events;
    mod exceptions;
    mod filters_and_transforms;
    mod receivers;
    mod replays;
    mod retries;
}

mod reading {
    mod events;
    mod search;
    mod stats;
}

mod managing {
    mod auth;
    mod browser;
    mod certificates;
    mod changes;
    mod pages;
    mod patch;
    mod signing_keys;
    mod webhooks;
}

mod security {
    mod credentials;
    pub(crate) mod leaks;
    mod signatures;
    mod tenancy;
    mod tenants;
    mod tokens;
    mod trusted;
}

mod host {
    mod crash;
    mod journal;
    mod standins;
}

mod aws {
    pub(crate) mod cases;
    pub(crate) mod functions;
    mod lambdas;
    mod ministack;
    pub(crate) mod template;
}

mod clients {
    mod cli;
    mod client;
    mod examples;
    mod openapi;
    mod schemathesis;
    mod typescript;
}

mod house {
    mod budgets;
    mod contracts;
    mod definitions;
    mod dependencies;
    mod documents;
    mod interpreted;
    mod leftovers;
    mod names;
    mod retry_policies;
    mod tree;
}

mod world;
