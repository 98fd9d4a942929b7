//! In the end nothing waits for nobody, and without a fault nothing needs to be mended.

use super::{Case, Violation};

pub(super) fn check(case: &Case<'_>, found: &mut Vec<Violation>) {
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
