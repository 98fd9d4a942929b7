//! Decimal numbers of any size, compared by value and without rounding.

use std::cmp::Ordering;

/// A number: `0.<digits>` times ten to the power of `point`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decimal {
    negative: bool,
    /// Without zeros at either end, so that a value has one form; empty for zero.
    digits: String,
    point: i64,
}

impl Decimal {
    /// Reads `-12.5e3` and the like; `None` for anything else. The text may be the payload of a stranger:
    /// an exponent of any size costs nothing, because numbers are never written out.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, self::exponent(exponent)?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = format!("{whole}{fraction}");
        if all.is_empty() || !all.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let digits = all.trim_start_matches('0');
        if digits.is_empty() {
            return Some(Self { negative: false, digits: String::new(), point: 0 });
        }
        let leading_zeros = i64::try_from(all.len() - digits.len()).ok()?;
        let point = i64::try_from(whole.len()).ok()?.saturating_sub(leading_zeros).saturating_add(exponent);
        let digits = digits.trim_end_matches('0').to_owned();
        Some(Self { negative: text.starts_with('-'), digits, point })
    }

    fn is_zero(&self) -> bool {
        self.digits.is_empty()
    }
}

/// An exponent, or the nearest one that can be held.
fn exponent(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let nearest = if text.starts_with('-') { i64::MIN } else { i64::MAX };
    Some(text.parse().unwrap_or(nearest))
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let sign = |number: &Self| match (number.is_zero(), number.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        };
        let magnitude = || self.point.cmp(&other.point).then_with(|| self.digits.cmp(&other.digits));
        sign(self).cmp(&sign(other)).then_with(|| match sign(self) {
            0 => Ordering::Equal,
            1 => magnitude(),
            _ => magnitude().reverse(),
        })
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(text: &str) -> Decimal {
        Decimal::parse(text).unwrap_or_else(|| panic!("{text}"))
    }

    #[test]
    fn a_value_has_one_form() {
        for (left, right) in [
            ("1.0", "1"),
            ("0.1", "0.10"),
            ("1e2", "100"),
            ("100e-2", "1"),
            ("-0", "0"),
            ("0e999999999999999999999", "0.00"),
            ("+5", " 5 "),
            (".5", "0.5"),
            ("5.", "5"),
            ("0012", "12"),
            ("1E+2", "1e2"),
        ] {
            assert_eq!(of(left), of(right), "{left} {right}");
        }
    }

    #[test]
    fn numbers_are_ordered_by_value() {
        let ordered = [
            "-1e999999999999999999999",
            "-9007199254740993",
            "-9007199254740992",
            "-1.5",
            "-0.1",
            "0",
            "1e-400",
            "0.1",
            "0.11",
            "0.2",
            "1",
            "9.99",
            "10",
            "9007199254740992",
            "9007199254740993",
            "9007199254740993.1",
            "1e400",
            "2e400",
        ];
        for pair in ordered.windows(2) {
            assert!(of(pair[0]) < of(pair[1]), "{pair:?}");
        }
    }

    #[test]
    fn what_is_no_number_is_none() {
        for text in ["", "-", ".", "e5", "1e", "1e+", "0x10", "1_000", "1,5", "NaN", "inf", "--1", "1 2", "١"]
        {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn small_numbers_compare_as_doubles(left in -100_000_i32..100_000, right in -100_000_i32..100_000) {
            let (x, y) = (f64::from(left) / 64.0, f64::from(right) / 64.0);
            prop_assert_eq!(of(&x.to_string()).partial_cmp(&of(&y.to_string())), x.partial_cmp(&y));
        }
    }
}
