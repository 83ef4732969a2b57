//! Integers that may be huge.

use serde::{Serialize, Serializer};
use std::fmt;

/// A count. In JSON a number up to 2⁵³, the largest that every reader keeps exactly, and a string beyond; shown with thousands separated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Integer(pub u128);

impl Serialize for Integer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 <= 1 << 53 { serializer.serialize_u64(self.0 as u64) } else { serializer.serialize_str(&self.0.to_string()) }
    }
}

impl fmt::Display for Integer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        let mut text = String::with_capacity(digits.len() * 4 / 3);
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                text.push(',');
            }
            text.push(digit);
        }
        formatter.pad(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::Integer;

    #[test]
    fn thousands_are_separated() {
        let shown = [0, 12, 999, 1000, 175_000_000_000].map(|value| Integer(value).to_string());
        assert_eq!(shown, ["0", "12", "999", "1,000", "175,000,000,000"]);
    }

    #[test]
    fn integers_beyond_two_to_the_53_are_strings_in_json() {
        let json =
            [1 << 53, (1 << 53) + 1, u128::MAX].map(|value| serde_json::to_string(&Integer(value)).expect("it serialises"));
        assert_eq!(json, ["9007199254740992", "\"9007199254740993\"", "\"340282366920938463463374607431768211455\""]);
    }
}
