//! Partitions that are throttled: on AWS, the keys of a table are spread over partitions by their hash, and one of them may refuse
//! calls while the others take them.

use std::time::Duration;

use hookstep_host::{ServiceError, TableCall};
use hookstep_tables::Item;

use crate::ambient;
use crate::aws::Throttle;
use crate::dice::Dice;
use crate::faults::SIMULATED;
use crate::ledger::Fault;
use crate::world::World;

/// What a throttled partition is called among the faults.
pub(crate) const THROTTLED: &str = "throttled";

/// For how long calls that are refused are one fault.
const ONE_FAULT: Duration = Duration::from_secs(5);

/// The keys of partitions, and what conditions of keys call their value.
const KEYS: [&str; 3] = ["pk", "org_id", "token_hash"];
const VALUES: [&str; 6] = [":pk", ":org", ":org_id", ":running", ":done", ":orgs"];

/// The error of a call that meets a throttled partition.
pub(crate) fn refusal(world: &World, call: &TableCall<'_>) -> Option<ServiceError> {
    let planned = &world.scenario().throttles;
    if planned.is_empty() || !world.state().is_set_up {
        return None;
    }
    let now = ambient::elapsed();
    let lasts = |throttle: &&Throttle| {
        let from = Duration::from_millis(throttle.at);
        (from..from + Duration::from_millis(throttle.lasts)).contains(&now)
    };
    let throttled: Vec<_> = planned.iter().filter(lasts).collect();
    if throttled.is_empty() {
        return None;
    }
    let seed = world.scenario().seed;
    let is_met = |(table, key): &(&str, &str)| {
        let partition = partition_of(seed, table, key);
        throttled.iter().any(|throttle| throttle.table == *table && throttle.partition == partition)
    };
    let met = keys_of(call).into_iter().find(is_met)?;
    let mut state = world.state();
    let mut known = state.ledger.faults.iter().rev().take_while(|fault| fault.at + ONE_FAULT > now);
    if !known.any(|fault| fault.of == THROTTLED) {
        state.ledger.faults.push(Fault { at: now, event: None, of: THROTTLED.to_owned() });
    }
    drop(state);
    world.log(None, format!("FAULT: {} of {} is THROTTLED at {}", call.operation, met.0, met.1));
    let name = if call.writes.is_empty() {
        "ProvisionedThroughputExceededException"
    } else {
        "TransactionCanceledException"
    };
    Some(ServiceError::new(name, SIMULATED))
}

fn partition_of(seed: u64, table: &str, key: &str) -> u64 {
    Dice::of(seed, &format!("partition {table} {key}"), 0).below(Throttle::PARTITIONS)
}

/// The tables and keys of partitions that a call needs. A scan needs none in particular.
fn keys_of<'a>(call: &TableCall<'a>) -> Vec<(&'a str, &'a str)> {
    let text = |item: Option<&'a Item>, names: &[&str]| {
        names.iter().find_map(|name| item?.get(*name)?.as_s().ok()).map(String::as_str)
    };
    let mut keys = Vec::new();
    let key = text(call.item, &KEYS);
    let key = if call.operation == "Query" { text(call.values, &VALUES) } else { key };
    keys.extend(key.map(|key| (call.table, key)));
    for write in call.writes {
        let put = write.put().map(|put| (put.table_name(), Some(put.item())));
        let update = write.update().map(|update| (update.table_name(), Some(update.key())));
        let delete = write.delete().map(|delete| (delete.table_name(), Some(delete.key())));
        let check = write.condition_check().map(|check| (check.table_name(), Some(check.key())));
        let Some((table, item)) = put.or(update).or(delete).or(check) else { continue };
        keys.extend(text(item, &KEYS).map(|key| (table, key)));
    }
    keys
}
