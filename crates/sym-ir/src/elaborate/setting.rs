//! Compile-time values and their arithmetic.

use crate::Function;
use std::fmt::Display;
use sym_diagnostics::{Code, Diagnostic, Span};
use sym_syntax::ast::{BinaryOperator, Comparison};

/// A compile-time value: a size, a hyperparameter, a switch, an activation.
#[derive(Debug, Clone, PartialEq)]
pub enum Setting {
    /// A whole number.
    Int(i128),
    /// A quotient of whole numbers that is no whole number, in lowest terms as written: kept so that a message can show both.
    Ratio(i128, i128),
    /// Any other number.
    Float(f64),
    /// A truth value.
    Bool(bool),
    /// An elementwise function.
    Function(Function),
    /// A bare word or string.
    Name(String),
}

/// The types of settings, as the language names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingType {
    /// `int`
    Int,
    /// `float`
    Float,
    /// `bool`
    Bool,
    /// `fn`
    Function,
    /// `name`
    Name,
}

impl SettingType {
    /// Every type with its name in the language.
    pub const ALL: [(&'static str, SettingType); 5] = [
        ("int", SettingType::Int),
        ("float", SettingType::Float),
        ("bool", SettingType::Bool),
        ("fn", SettingType::Function),
        ("name", SettingType::Name),
    ];

    /// The type of this name.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind)
    }

    /// What a value of it is called in messages.
    pub fn word(self) -> &'static str {
        match self {
            SettingType::Int => "a whole number",
            SettingType::Float => "a number",
            SettingType::Bool => "true or false",
            SettingType::Function => "an elementwise function",
            SettingType::Name => "a name",
        }
    }
}

impl Setting {
    /// Its value as a number.
    pub fn number(&self) -> Option<f64> {
        match self {
            Setting::Int(value) => Some(*value as f64),
            Setting::Ratio(above, below) => Some(*above as f64 / *below as f64),
            Setting::Float(value) => Some(*value),
            Setting::Bool(_) | Setting::Function(_) | Setting::Name(_) => None,
        }
    }

    /// What it is, for messages: `the number 3`, `the function tanh`.
    pub fn describe(&self) -> String {
        match self {
            Setting::Int(value) => format!("the number {value}"),
            Setting::Ratio(above, below) => format!("{above} / {below}"),
            Setting::Float(value) => format!("the number {value}"),
            Setting::Bool(value) => format!("`{value}`"),
            Setting::Function(function) => format!("the function `{}`", function.name),
            Setting::Name(name) => format!("the name `{name}`"),
        }
    }

    /// The value as it stands in an interpolated string.
    pub fn interpolate(&self) -> Option<String> {
        match self {
            Setting::Int(value) => Some(value.to_string()),
            Setting::Name(name) => Some(name.clone()),
            Setting::Bool(value) => Some(value.to_string()),
            Setting::Function(function) => Some(function.name.clone()),
            Setting::Ratio(..) | Setting::Float(_) => None,
        }
    }

    /// The value as one of type `wanted`; whole numbers are numbers too. `what` names the thing in messages.
    ///
    /// # Errors
    /// E0208 for a number that is not whole, E0211 for another type.
    pub fn to_type(self, wanted: SettingType, what: impl Display, span: Span) -> Result<Self, Diagnostic> {
        match (&self, wanted) {
            (Setting::Int(_), SettingType::Int)
            | (Setting::Float(_), SettingType::Float)
            | (Setting::Bool(_), SettingType::Bool)
            | (Setting::Function(_), SettingType::Function)
            | (Setting::Name(_), SettingType::Name) => Ok(self),
            (Setting::Int(_) | Setting::Ratio(..), SettingType::Float) => Ok(Setting::Float(self.number().unwrap_or(f64::NAN))),
            (Setting::Float(value), SettingType::Int) if value.fract() == 0.0 && value.abs() < 9e15 => {
                Ok(Setting::Int(*value as i128))
            }
            (Setting::Ratio(above, below), SettingType::Int) => Err(not_whole(*above, *below, &what.to_string(), span)),
            (Setting::Float(value), SettingType::Int) => {
                Err(Diagnostic::new(Code::E0208, span, format!("{what} is {value}, which is no whole number"))
                    .found(value.to_string())
                    .expected("a whole number"))
            }
            _ => {
                Err(Diagnostic::new(Code::E0211, span, format!("{what} is {}, but {} is needed", self.describe(), wanted.word()))
                    .found(self.describe())
                    .expected(wanted.word()))
            }
        }
    }
}

/// E0208 for an inexact division, with both numbers.
pub fn not_whole(above: i128, below: i128, what: &str, span: Span) -> Diagnostic {
    Diagnostic::new(Code::E0208, span, format!("{what} is {above} / {below}, which is no whole number"))
        .label(format!("{above} is not divisible by {below}"))
        .found(format!("{above} / {below}"))
        .expected("a division without remainder")
        .help(format!("choose numbers such that {below} divides {above}"))
}

/// The result of `left operator right`.
///
/// # Errors
/// E0207 beyond the range of whole numbers, E0211 for operands of a wrong type, E0223 for a division by zero.
pub fn binary(operator: BinaryOperator, left: &Setting, right: &Setting, span: Span) -> Result<Setting, Diagnostic> {
    if matches!(operator, BinaryOperator::And | BinaryOperator::Or) {
        return match (left, right) {
            (Setting::Bool(left), Setting::Bool(right)) => {
                Ok(Setting::Bool(if operator == BinaryOperator::And { *left && *right } else { *left || *right }))
            }
            _ => Err(mistyped(
                "`and` and `or` join truth values",
                if matches!(left, Setting::Bool(_)) { right } else { left },
                "true or false",
                span,
            )),
        };
    }
    if let (Setting::Int(left), Setting::Int(right)) = (left, right) {
        return whole(operator, *left, *right, span);
    }
    let (Some(a), Some(b)) = (left.number(), right.number()) else {
        let wrong = if left.number().is_some() { right } else { left };
        return Err(mistyped("arithmetic needs numbers", wrong, "a number", span));
    };
    Ok(Setting::Float(match operator {
        BinaryOperator::Add => a + b,
        BinaryOperator::Subtract => a - b,
        BinaryOperator::Multiply => a * b,
        BinaryOperator::Divide if b == 0.0 => return Err(division_by_zero(span)),
        BinaryOperator::Divide => a / b,
        BinaryOperator::Power | BinaryOperator::And | BinaryOperator::Or => a.powf(b),
    }))
}

fn whole(operator: BinaryOperator, left: i128, right: i128, span: Span) -> Result<Setting, Diagnostic> {
    let result = match operator {
        BinaryOperator::Add => left.checked_add(right),
        BinaryOperator::Subtract => left.checked_sub(right),
        BinaryOperator::Multiply => left.checked_mul(right),
        BinaryOperator::Divide => {
            if right == 0 {
                return Err(division_by_zero(span));
            }
            if left.checked_rem(right) != Some(0) {
                return Ok(Setting::Ratio(left, right));
            }
            left.checked_div(right)
        }
        BinaryOperator::Power | BinaryOperator::And | BinaryOperator::Or => {
            if right < 0 {
                return Ok(Setting::Float((left as f64).powf(right as f64)));
            }
            u32::try_from(right).ok().and_then(|exponent| left.checked_pow(exponent))
        }
    };
    result.map(Setting::Int).ok_or_else(|| {
        let sign = match operator {
            BinaryOperator::Add => "+",
            BinaryOperator::Subtract => "-",
            BinaryOperator::Multiply => "*",
            BinaryOperator::Divide => "/",
            BinaryOperator::Power | BinaryOperator::And | BinaryOperator::Or => "^",
        };
        Diagnostic::new(Code::E0207, span, format!("`{left} {sign} {right}` is too large to count"))
            .found(format!("{left} {sign} {right}"))
            .expected("a number below 10^38")
    })
}

/// The truth of `left comparison right`.
///
/// # Errors
/// E0211 for values that cannot be compared.
pub fn compare(comparison: Comparison, left: &Setting, right: &Setting, span: Span) -> Result<bool, Diagnostic> {
    let order = match (left, right) {
        (Setting::Int(left), Setting::Int(right)) => Some(left.cmp(right)),
        _ => match (left.number(), right.number()) {
            (Some(left), Some(right)) => left.partial_cmp(&right),
            _ => None,
        },
    };
    if let Some(order) = order {
        return Ok(match comparison {
            Comparison::Equal => order.is_eq(),
            Comparison::NotEqual => order.is_ne(),
            Comparison::Less => order.is_lt(),
            Comparison::LessOrEqual => order.is_le(),
            Comparison::Greater => order.is_gt(),
            Comparison::GreaterOrEqual => order.is_ge(),
        });
    }
    let same_type = std::mem::discriminant(left) == std::mem::discriminant(right);
    match comparison {
        Comparison::Equal if same_type => Ok(left == right),
        Comparison::NotEqual if same_type => Ok(left != right),
        _ => {
            Err(mistyped("these values cannot be compared", right, &format!("a value to compare with {}", left.describe()), span))
        }
    }
}

fn division_by_zero(span: Span) -> Diagnostic {
    Diagnostic::new(Code::E0223, span, "division by zero").found("0").expected("a divisor other than 0")
}

fn mistyped(message: &str, found: &Setting, expected: &str, span: Span) -> Diagnostic {
    Diagnostic::new(Code::E0211, span, format!("{message}, and {} is none", found.describe()))
        .found(found.describe())
        .expected(expected)
}
