//! Expressions with what is known of their precedence.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

/// How tightly the outermost operator of an expression binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Sum,
    Product,
    Unary,
    /// Calls, names, literals: can be a receiver.
    Primary,
}

/// An expression of the emitted source.
#[derive(Debug, Clone)]
pub struct Expr {
    tokens: TokenStream,
    level: Level,
}

impl Expr {
    /// A name, a literal or a call.
    pub fn primary(tokens: TokenStream) -> Self {
        Self { tokens, level: Level::Primary }
    }

    /// As it is.
    pub fn tokens(&self) -> &TokenStream {
        &self.tokens
    }

    fn at(&self, level: Level) -> TokenStream {
        let tokens = &self.tokens;
        if self.level < level { quote!((#tokens)) } else { tokens.clone() }
    }

    /// `self.call`
    #[must_use]
    pub fn call(&self, call: TokenStream) -> Self {
        let receiver = self.at(Level::Primary);
        Self::primary(quote!(#receiver.#call))
    }

    /// `self + other`
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        let (left, right) = (&self.tokens, other.at(Level::Product));
        Self { tokens: quote!(#left + #right), level: Level::Sum }
    }

    /// `self - other`
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        let (left, right) = (&self.tokens, other.at(Level::Product));
        Self { tokens: quote!(#left - #right), level: Level::Sum }
    }

    /// `self * other`
    #[must_use]
    pub fn times(&self, other: &Self) -> Self {
        let (left, right) = (self.at(Level::Product), other.at(Level::Unary));
        Self { tokens: quote!(#left * #right), level: Level::Product }
    }

    /// `-self`
    #[must_use]
    pub fn negated(&self) -> Self {
        let operand = self.at(Level::Unary);
        Self { tokens: quote!(-#operand), level: Level::Unary }
    }

    /// The product with a number.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Self {
        if factor == 1.0 {
            self.clone()
        } else if factor == -1.0 {
            self.negated()
        } else {
            self.times(&Self::primary(number(factor)))
        }
    }

    /// The sum with a number.
    #[must_use]
    pub fn shifted(&self, constant: f64) -> Self {
        if constant == 0.0 {
            self.clone()
        } else if constant < 0.0 {
            self.minus(&Self::primary(number(-constant)))
        } else {
            self.plus(&Self::primary(number(constant)))
        }
    }
}

/// A number with all its digits.
pub fn number(value: f64) -> TokenStream {
    if value.is_nan() {
        quote!(f64::NAN)
    } else if value.is_infinite() {
        if value > 0.0 { quote!(f64::INFINITY) } else { quote!(f64::NEG_INFINITY) }
    } else if value.is_sign_negative() {
        let literal = literal(-value);
        quote!(-#literal)
    } else {
        let literal = literal(value);
        quote!(#literal)
    }
}

/// The shortest of `0.1` and `1e-7` that reads back as the number.
fn literal(value: f64) -> Literal {
    let short = if value != 0.0 && !(1e-4..1e9).contains(&value) { format!("{value:e}") } else { format!("{value:?}") };
    short.parse().unwrap_or_else(|_| Literal::f64_unsuffixed(value))
}

/// A whole number without a type.
pub fn integer(value: impl TryInto<u64>) -> Literal {
    Literal::u64_unsuffixed(value.try_into().unwrap_or(u64::MAX))
}
