//! In the end nothing waits for nobody, and without a fault nothing needs to be mended.

use super::{Case, Counts, Violation};
use crate::doubles::DOUBLE;
use crate::throttles::THROTTLED;

pub(super) fn check(case: &Case<'_>, found: &mut Vec<Violation>, counts: &mut Counts) {
    for id in &case.observed.notes {
        let event = case.observed.events.iter().find(|seen| seen.id == *id).map(|seen| seen.number);
        if event.is_some_and(|event| keeps_note(case, event)) {
            counts.notes += 1;
        } else {
            let detail = format!("({id}) waits in a lane");
            found.push(Violation { kind: "left over", event, detail });
        }
    }
    for (event, left) in &case.observed.leftovers {
        found.push(Violation { kind: "left over", event: *event, detail: left.clone() });
    }
    if !case.is_undisturbed() {
        return;
    }
    for complaint in &case.complaints {
        // A webhook was deleted while an event of it was accepted.
        let is_deleted = complaint.contains("ConfigNotFound")
            && case.ledger.operated.iter().any(|operated| operated.action == "delete");
        if is_deleted {
            continue;
        }
        if complaint.starts_with("ERROR") || complaint.contains("nothing worked on them") {
            let detail = format!("nothing was disturbed, and the host says: {complaint}");
            found.push(Violation::of_all("a complaint without a cause", detail));
            return;
        }
    }
}

/// Whether a note that an event waits in its lane may stay until it expires: faults met the state that deletes it, or the event was started
/// a second time, and the second execution wrote the note while the first one made the attempt.
fn keeps_note(case: &Case<'_>, event: u32) -> bool {
    let mut faults = case.faults_of(event);
    // A throttled partition names no event.
    faults.any(|fault| matches!(&*fault.of, "LeaveLane" | DOUBLE | THROTTLED))
}
