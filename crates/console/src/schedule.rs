//! Retry schedules in plain words: `5 s, 5 min, 2 h`.

/// A schedule in the form in which it is typed and shown.
pub(crate) fn words(seconds: &[u32]) -> String {
    seconds.iter().map(|&pause| pause_words(pause)).collect::<Vec<_>>().join(", ")
}

fn pause_words(seconds: u32) -> String {
    match seconds {
        0 => "0 s".to_owned(),
        seconds if seconds.is_multiple_of(86_400) => format!("{} d", seconds / 86_400),
        seconds if seconds.is_multiple_of(3600) => format!("{} h", seconds / 3600),
        seconds if seconds.is_multiple_of(60) => format!("{} min", seconds / 60),
        seconds => format!("{seconds} s"),
    }
}

/// A schedule as a sentence.
pub(crate) fn sentence(seconds: &[u32]) -> String {
    let total: u64 = seconds.iter().copied().map(u64::from).sum();
    match seconds.len() {
        0 => "No retries".to_owned(),
        1 => format!("1 retry, after {}", span(total)),
        count => format!("Up to {count} retries within {}", span(total)),
    }
}

fn span(seconds: u64) -> String {
    let parts = [(86_400, "d"), (3600, "h"), (60, "min"), (1, "s")];
    let mut rest = seconds;
    let mut words = Vec::new();
    for (unit, name) in parts {
        if rest >= unit {
            words.push(format!("{} {name}", rest / unit));
        }
        rest %= unit;
    }
    words.truncate(2);
    words.join(" ")
}

/// Parses a schedule; a number without a unit is in seconds.
///
/// # Errors
/// A message when a pause cannot be parsed.
pub(crate) fn read(text: &str) -> Result<Vec<u32>, String> {
    text.split([',', ';', '\n']).map(str::trim).filter(|pause| !pause.is_empty()).map(read_pause).collect()
}

fn read_pause(text: &str) -> Result<u32, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "s" | "sec" | "second" | "seconds" => Some(1),
        "m" | "min" | "minute" | "minutes" => Some(60),
        "h" | "hour" | "hours" => Some(3600),
        "d" | "day" | "days" => Some(86_400),
        _ => None,
    };
    let number: Option<u32> = number.parse().ok();
    let seconds = number.zip(factor).and_then(|(number, factor): (u32, u32)| number.checked_mul(factor));
    seconds.ok_or_else(|| "must be pauses like 5 s, 5 min, 2 h, with commas between them".to_owned())
}

#[cfg(test)]
mod tests {
    use hookstep_contract::limits::DEFAULT_SCHEDULE_SECS;

    use super::*;

    #[test]
    fn what_is_shown_can_be_typed() {
        let shown = "5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 1 d";
        assert_eq!(words(&DEFAULT_SCHEDULE_SECS), shown);
        assert_eq!(read(shown), Ok(DEFAULT_SCHEDULE_SECS.to_vec()));
        assert_eq!(read(" 5; 5 Minutes,2hours,\n90"), Ok(vec![5, 300, 7200, 90]));
        assert_eq!(read(""), Ok(Vec::new()));
        for wrong in ["soon", "5 x", "-5 s", "s", "4294967295 d"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_schedule_is_a_sentence() {
        assert_eq!(sentence(&DEFAULT_SCHEDULE_SECS), "Up to 9 retries within 3 d 3 h");
        assert_eq!(sentence(&[]), "No retries");
        assert_eq!(sentence(&[90]), "1 retry, after 1 min 30 s");
    }
}
