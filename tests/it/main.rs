//! The integration tests: HTTP in, a real receiver out, and a look at the storage. Tests are grouped by the
//! reader they speak for.
//!
//! | file | what its tests cover |
//! | --- | --- |
//! | `producing/trigger` | what a producer sees |
//! | `producing/bodies` | payloads: the receiver gets the producer's bytes unchanged |
//! | `producing/claims` | claim checks: bodies that never enter the execution state |
//! | `producing/bus` | events from EventBridge that name their webhook |
//! | `producing/subscriptions` | events from EventBridge that do not name a webhook |
//! | `producing/publish` | events that are published by their type |
//! | `producing/rule` | no tests: the rule of the bus and its target |
//! | `producing/put_events` | events put on the host's own bus with AWS's tools |
//! | `delivering/receivers` | how receivers can misbehave |
//! | `delivering/retries` | what follows a failed attempt |
//! | `delivering/throughput` | how many events the table takes, when it throttles as DynamoDB does |
//! | `delivering/delayed` | events that their producers want to be sent later |
//! | `delivering/lanes` | receivers that take only so many events at once, or in a period |
//! | `delivering/queued` | receivers that are called from a queue on AWS |
//! | `delivering/learned_limits` | receivers whose limits nobody has told |
//! | `delivering/health` | receivers that take no events for a while, or only a part of them |
//! | `delivering/notifications` | owners are told how their webhooks do |
//! | `delivering/cloud_events` | receivers that take CloudEvents, read by their SDK |
//! | `delivering/event_headers` | headers that are made from the event and its body |
//! | `delivering/changes_meanwhile` | what becomes of an event whose webhook changes between two attempts |
//! | `delivering/reconcile` | events that nothing works on any more are started again |
//! | `delivering/recovery` | what failed is sent again until it is delivered, and not once more |
//! | `delivering/replays` | replays, cancelled retries, test sends |
//! | `delivering/filters_and_transforms` | filters and transforms |
//! | `delivering/exceptions` | how an event ends when something of ours breaks |
//! | `delivering/delivery_events` | the events that we publish on the bus |
//! | `reading/events` | reading events back |
//! | `reading/search` | searching for events |
//! | `reading/across` | searching over all webhooks of an org |
//! | `reading/shards` | events that are spread over several partitions |
//! | `reading/stats` | delivery statistics |
//! | `managing/webhooks` | the management API |
//! | `managing/patch` | partial updates |
//! | `managing/limits` | a webhook's limits: how they are set and shown, and what waits for them |
//! | `managing/orgs` | the orgs of a platform: made, found, changed, suspended |
//! | `managing/erasure` | orgs that are deleted with everything that they have |
//! | `managing/event_erasure` | events that are erased by request |
//! | `managing/audit` | who changed what, when and from where |
//! | `managing/changes` | concurrent, failed and abandoned changes |
//! | `managing/auth` | a webhook's authentication: how it is set, stored and shown |
//! | `managing/certificates` | a webhook's TLS settings: how they are set, stored and shown |
//! | `managing/signing_keys` | the signing keys: how they are created, shown and rotated |
//! | `managing/pages` | the console's pages, and who may see them |
//! | `managing/portal` | the console for people who come by a link of a platform |
//! | `managing/browser` | the console in a real browser |
//! | `security/tenants` | who may do what |
//! | `security/tenancy` | every operation of the API, called by those who may not use it |
//! | `security/tokens` | creating and revoking API tokens |
//! | `security/credentials` | the credentials of a request, as its receiver sees them |
//! | `security/sessions` | sessions of the console: their cookie, their list, their end |
//! | `security/signatures` | signatures, verified by third-party code |
//! | `security/extra_signatures` | signatures in the formats of other services, verified by third-party code |
//! | `security/snippets` | the code for receivers that the console shows, run |
//! | `security/trusted` | what a receiver can verify about a real request |
//! | `security/headers` | the headers of every answer |
//! | `security/leaks` | planted secrets, and the places where they must not appear |
//! | `host/backup` | backups, and what is restored from them |
//! | `host/convert` | data directories of earlier versions |
//! | `host/crash` | the host as a process: killed, stopped, restarted |
//! | `host/directory` | the data directory, with files that are missing, damaged or foreign |
//! | `host/fairness` | receivers that hang, and what they leave to the others |
//! | `host/faults` | the host's own faults, which end no event |
//! | `host/files` | who may read the data directory |
//! | `host/full_disk` | what the host does while its disk is full, and when there is room again |
//! | `host/health` | whether the host can take events, and what it says when it cannot |
//! | `host/journal` | the journal of executions, damaged while the host is down |
//! | `host/lost` | the queue of lost events, read with AWS's tools |
//! | `host/metrics` | what the host counts, as Prometheus reads it |
//! | `host/power` | power cuts: what was promised is on the disk |
//! | `host/schedules` | events that wait for an attempt while the host is down, or its execution is run again |
//! | `host/server` | slow, silent and too many clients, and the end of the host |
//! | `host/traces` | the traces and the metrics, as a collector gets them |
//! | `host/standins` | the host's stand-ins for KMS, connections and Secrets Manager |
//! | `aws/cases` | a table of cases that must behave the same on the host and on AWS |
//! | `aws/ministack` | the template, deployed on an AWS emulator; runs the cases there |
//! | `aws/functions` | no tests: the functions that the template deploys |
//! | `aws/lambdas` | the function binaries, run the way AWS runs them |
//! | `aws/template` | properties of the template that no linter checks |
//! | `clients/client` | the Rust client |
//! | `clients/typescript` | the TypeScript client |
//! | `clients/cli` | the commands of `hookstep` |
//! | `clients/examples` | the examples: events arrive, and tampered requests are refused |
//! | `clients/openapi` | the OpenAPI document matches the code |
//! | `clients/schemathesis` | a running host matches the OpenAPI document |
//! | `house/contracts` | what binds the parts together: error names, crates, numbers |
//! | `house/budgets` | maximum lengths of files and functions |
//! | `house/documents` | links, commands and lengths in the documents |
//! | `house/alarms` | what each alarm watches, and that it has a runbook |
//! | `house/names` | abandoned names do not come back |
//! | `house/leftovers` | a test fails if it leaves something behind or if its host dies |
//! | `house/dependencies` | Cargo mirrors IAM: which crate links which AWS client |
//! | `house/definitions` | the state machine definitions match the template and the crates |
//! | `house/scripts` | the scripts for people with an AWS account |
//! | `house/retry_policies` | when the state machines retry a task |
//! | `house/interpreted` | the definitions, run with scripted functions |
//! | `world` | no tests: hosts, receivers, processes, Python and Node environments |

mod producing {
    mod bodies;
    mod bus;
    mod checked;
    mod claims;
    mod publish;
    mod put_events;
    mod rule;
    mod subscriptions;
    mod trigger;
}

mod delivering {
    mod changes_meanwhile;
    mod cloud_events;
    mod delayed;
    mod delivery_events;
    mod event_headers;
    mod exceptions;
    mod filters_and_transforms;
    mod health;
    mod lanes;
    mod learned_limits;
    mod notifications;
    mod ordering;
    mod pins;
    mod queued;
    mod receivers;
    mod reconcile;
    mod recovery;
    mod replays;
    mod retries;
    mod throughput;
}

mod reading {
    pub(crate) mod across;
    mod events;
    mod search;
    mod shards;
    mod stats;
}

mod managing {
    mod audit;
    mod auth;
    mod body_retention;
    mod browser;
    pub(crate) mod catalogue;
    pub(crate) mod certificates;
    mod changes;
    mod documents;
    pub(crate) mod erasure;
    mod event_erasure;
    mod limits;
    pub(crate) mod orgs;
    mod pages;
    mod patch;
    mod portal;
    mod redaction;
    mod samples;
    pub(crate) mod signing_keys;
    mod webhooks;
}

mod security {
    mod credentials;
    pub(crate) mod extra_signatures;
    mod headers;
    pub(crate) mod leaks;
    mod sessions;
    mod signatures;
    mod snippets;
    mod tenancy;
    mod tenants;
    mod tokens;
    mod trusted;
}

mod host {
    mod backup;
    mod convert;
    mod crash;
    mod directory;
    mod fairness;
    mod faults;
    mod files;
    mod full_disk;
    mod health;
    mod journal;
    mod lost;
    mod metrics;
    mod power;
    mod schedules;
    mod server;
    mod standins;
    mod traces;
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
    mod alarms;
    mod budgets;
    mod contracts;
    mod definitions;
    mod dependencies;
    mod documents;
    mod interpreted;
    mod leftovers;
    mod names;
    mod retry_policies;
    mod scripts;
    mod tree;
}

mod world;
