//! What stands at the ticks of an axis.

/// Beyond these, numbers are written with a power of ten.
const PLAIN: std::ops::Range<f64> = 1e-3..1e5;

/// Numbers at the ticks of a logarithmic axis between two ends: `0.05`, `1000`, or all of them with powers, `10⁻⁶`, `2·10⁻¹`.
pub fn logarithmic(low: f64, high: f64) -> impl Fn(f64) -> String + Send + Sync {
    let is_plain = PLAIN.contains(&low) && PLAIN.contains(&high);
    move |value| if is_plain { trimmed(value, 4) } else { scientific(value) }
}

/// Numbers at the ticks of a linear axis between two ends, with as many digits as tell them apart.
pub fn linear(low: f64, high: f64) -> impl Fn(f64) -> String + Send + Sync {
    let (size, range) = (low.abs().max(high.abs()), high - low);
    // A fifth of the range is the distance of ticks.
    let step = if range > 0.0 { libm::log10(range / 5.0).floor() } else { 0.0 };
    let decimals = (1.0 - step).clamp(0.0, 12.0) as usize;
    move |value| {
        let is_zero = value.abs() < range * 1e-9;
        if is_zero {
            "0".to_string()
        } else if PLAIN.contains(&size) {
            trimmed(value, decimals)
        } else {
            scientific(value)
        }
    }
}

/// A number that names something: a setting, with three digits.
pub fn named(value: f64) -> String {
    if value == 0.0 {
        return "0".to_string();
    }
    if !PLAIN.contains(&value.abs()) {
        return scientific(value);
    }
    let digits = 2.0 - libm::log10(value.abs()).floor();
    // Whole numbers keep all their digits.
    trimmed(value, if value.fract() == 0.0 { 0 } else { digits.max(0.0) as usize })
}

/// With so many decimals, without zeros at the end.
fn trimmed(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    text.replace('-', "−")
}

/// `2·10⁻⁶`, with at most three digits.
fn scientific(value: f64) -> String {
    let text = format!("{value:.2e}");
    let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
    let digits = digits.trim_end_matches('0').trim_end_matches('.').replace('-', "−");
    let power: String = power.chars().map(raised).collect();
    match digits.as_str() {
        "1" => format!("10{power}"),
        digits => format!("{digits}·10{power}"),
    }
}

fn raised(digit: char) -> char {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    digit.to_digit(10).map_or('⁻', |digit| DIGITS[digit as usize])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_of_one_axis_are_written_alike() {
        assert_eq!([0.01, 0.05, 0.1, 2.0, 1000.0].map(logarithmic(0.01, 1000.0)), ["0.01", "0.05", "0.1", "2", "1000"]);
        assert_eq!([1e-4, 2e-2, 1.0, 10.0].map(logarithmic(1e-4, 30.0)), ["10⁻⁴", "2·10⁻²", "10⁰", "10¹"]);
    }

    #[test]
    fn ticks_that_differ_are_written_differently() {
        let of = linear(0.9946, 0.9949);
        assert_eq!([0.9946, 0.99465, 0.9947].map(of), ["0.9946", "0.99465", "0.9947"]);
        assert_eq!([0.0, -2.5, 5.0].map(linear(-5.0, 5.0)), ["0", "−2.5", "5"]);
        assert_eq!([0.0, 2e-7].map(linear(0.0, 1e-6)), ["0", "2·10⁻⁷"]);
        assert_eq!([20_000.0].map(linear(0.0, 50_000.0)), ["20000"]);
    }

    #[test]
    fn settings_have_three_digits() {
        assert_eq!([0.003_162_277_660_168_379_5, 0.1, 64.0, 1_024.0, 1e-4].map(named), ["0.00316", "0.1", "64", "1024", "10⁻⁴"]);
    }
}
