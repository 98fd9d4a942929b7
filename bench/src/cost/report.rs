//! The tables, in Markdown.

use hookstep_contract::MachineKind;

use crate::assumptions::Assumptions;
use crate::bill::{Bill, GOAL, QUEUED_GOAL, RETRY_GOALS, api_destinations};
use crate::counts::Counts;
use crate::paths::Path;
use crate::prices::SOURCE;

/// A path on both machines.
pub(crate) struct Walked {
    pub(crate) path: Path,
    pub(crate) express: Counts,
    /// Express first, without storing bodies.
    pub(crate) bodiless: Counts,
    /// `None` for a path that takes hours there.
    pub(crate) standard: Option<Counts>,
}

/// All tables.
pub(crate) fn report(walked: &[Walked], given: &Assumptions) -> String {
    let mut text = format!("Dollars per million events; {SOURCE}.\n\n");
    text.push_str("| | express first | bodies not kept | all standard | API Destinations |\n| --- | ---: | ---: | ---: | ---: |\n",
    );
    for Walked { path, express, bodiless, standard } in walked {
        let given = &path.given(given);
        let [first, less] = [express, bodiless].map(|counts| Bill::of(counts, given).total());
        let all = standard.as_ref().map(|counts| Bill::of(counts, given).total());
        let all = all.map_or("–".to_owned(), |dollars| format!("{dollars:.2}"));
        let destinations = api_destinations(*path, express, given);
        let destinations = destinations.map_or("–".to_owned(), |dollars| format!("{dollars:.2}"));
        text.push_str(&format!("| {} | {first:.2} | {less:.2} | {all} | {destinations} |\n", path.name()));
    }
    text.push_str(&format!(
        "\nThe receiver that takes 30 s is called from full batches of ten when queued (goal: {QUEUED_GOAL:.0}).\n"
    ));
    text.push_str(&later_retries(walked, given));
    text.push_str(&counted(walked));
    if let Some(main) = walked.first() {
        text.push_str(&breakdown(main, given));
    }
    text.push_str("\nTaken for granted:\n\n");
    for assumption in given.in_words() {
        text.push_str(&format!("- {assumption}\n"));
    }
    text
}

/// What each retry after the first one adds.
fn later_retries(walked: &[Walked], given: &Assumptions) -> String {
    let total = |path| {
        let walked = walked.iter().find(|walked| walked.path == path)?;
        Some(Bill::of(&walked.express, given).total())
    };
    let [Some(one), Some(two)] = [Path::OneRetry, Path::TwoRetries].map(total) else { return String::new() };
    let [first, later, all] = RETRY_GOALS;
    format!(
        "\nEach retry after the first adds {:.2} (goals: {first:.0} with one, {later:.0} for each later one, {all:.0} \
         for all nine).\n",
        two - one
    )
}

/// The counts, express first.
fn counted(walked: &[Walked]) -> String {
    let mut text =
        "\nCounted per event, express first (in brackets: transitions when all standard):\n\n".to_owned();
    text.push_str(
        "| | invocations | Express | transitions | write units | read units | S3 | stored B | sent B |\n",
    );
    text.push_str("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n");
    for Walked { path, express, standard, .. } in walked {
        text.push_str(&format!(
            "| {} | {} | {} | {} ({}) | {} | {} | {} | {} | {} |\n",
            path.name(),
            express.invocations(),
            express.of(MachineKind::Express).count(),
            express.transitions(),
            standard.as_ref().map_or("–".to_owned(), |standard| standard.transitions().to_string()),
            express.write_units,
            express.read_units,
            express.s3_puts + express.s3_gets,
            express.stored_bytes,
            express.sent_bytes,
        ));
    }
    text
}

fn breakdown(main: &Walked, given: &Assumptions) -> String {
    let bill = Bill::of(&main.express, given);
    let bodiless = Bill::of(&main.bodiless, given).total();
    let mut text = format!("\n{}, express first:\n\n", main.path.name());
    text.push_str("| | per event | $ per million |\n| --- | ---: | ---: |\n");
    for line in &bill.0 {
        let each = format!("{:.1}", line.each);
        let each = each.strip_suffix(".0").unwrap_or(&each);
        text.push_str(&format!("| {} | {each} {} | {:.3} |\n", line.what, line.unit, line.dollars));
    }
    text.push_str(&format!("| **together** | | **{:.2}** |\n", bill.total()));
    text.push_str(&format!("| bodies not kept (goal: {GOAL:.2}) | | {bodiless:.2} |\n"));
    text
}
