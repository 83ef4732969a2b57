//! Colours that readers with colour blindness can tell apart.

use super::Tone;

/// Okabe and Ito's palette without its yellow, which is too light for lines on white.
const CATEGORIES: [&str; 7] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#333333"];

/// Viridis, cut before its light end.
const ORDERED: [[f64; 3]; 5] =
    [[68.0, 1.0, 84.0], [59.0, 82.0, 139.0], [33.0, 144.0, 141.0], [93.0, 201.0, 99.0], [190.0, 215.0, 47.0]];

/// The colour of a tone as `#rrggbb`.
pub(super) fn hex(tone: Tone) -> String {
    match tone {
        Tone::Neutral => "#8c8c8c".to_string(),
        Tone::Category(at) => CATEGORIES[at % CATEGORIES.len()].to_string(),
        Tone::Ordered(place) => {
            let place = if place.is_finite() { place.clamp(0.0, 1.0) } else { 0.0 } * (ORDERED.len() - 1) as f64;
            let low = (place as usize).min(ORDERED.len() - 2);
            let share = place - low as f64;
            let mix = |channel: usize| (ORDERED[low][channel] * (1.0 - share) + ORDERED[low + 1][channel] * share).round() as u8;
            format!("#{:02x}{:02x}{:02x}", mix(0), mix(1), mix(2))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Tone, hex};

    #[test]
    fn the_ends_of_an_order_have_the_ends_of_the_scale() {
        assert_eq!(hex(Tone::Ordered(0.0)), "#440154");
        assert_eq!(hex(Tone::Ordered(1.0)), "#bed72f");
    }

    #[test]
    fn categories_repeat_after_the_last() {
        assert_eq!(hex(Tone::Category(0)), hex(Tone::Category(7)));
    }
}
