//! What an elementwise function lets through: parity, homogeneity, shifts.
//!
//! A function is brought into a normal form, a polynomial in *atoms* (the variable, calls, powers of sums). Properties are read off
//! the normal form by structural rules, so that definitions count and not names: `fn sinh2(x) = exp(x) - exp(-x)` is odd.

use std::collections::BTreeMap;
use sym_ir::{Builtin, Function, Scalar};

/// The properties of an elementwise function σ that matter for symmetry.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FunctionClass {
    /// σ(x) = slope·x.
    pub linear: Option<f64>,
    /// σ(x) = value.
    pub constant: Option<f64>,
    /// σ(λx) = λ^p σ(x) for λ > 0.
    pub degree: Option<f64>,
    /// σ(−x) = −σ(x).
    pub odd: bool,
    /// σ(−x) = σ(x).
    pub even: bool,
    /// σ(−x) = c − σ(x) with c ≠ 0, as 1 for the sigmoid.
    pub complement: Option<f64>,
    /// σ(x + s) = e^{rate·s} σ(x).
    pub exponential: Option<f64>,
    /// σ(λx) = σ(x) + weight·ln λ for λ > 0.
    pub logarithmic: Option<f64>,
    /// The least h > 0 with σ(x + h) = −σ(x), where σ is a polynomial in sines and cosines.
    pub half_turn: Option<f64>,
    /// σ(x + period) = σ(x), for the same functions.
    pub period: Option<f64>,
}

impl FunctionClass {
    /// The class of a function.
    pub fn of(function: &Function) -> Self {
        let normal = Normal::of(&function.body);
        if let Some(constant) = normal.constant() {
            return Self { constant: Some(constant), degree: Some(0.0), even: true, ..Self::default() };
        }
        let mirrored = normal.substitute(&Normal::argument().scaled(-1.0));
        let complement = normal.plus(&mirrored).constant();
        Self {
            linear: normal.slope(),
            constant: None,
            degree: normal.degree(),
            odd: complement == Some(0.0),
            even: normal == mirrored,
            complement: complement.filter(|&sum| sum != 0.0),
            exponential: normal.exponential(),
            logarithmic: normal.logarithmic(),
            half_turn: normal.turn().filter(|turn| turn.1).map(|turn| turn.0),
            period: normal.turn().map(|(turn, flips)| if flips { 2.0 * turn } else { turn }),
        }
    }

    /// The class in words, for reports: `odd`, `homogeneous of degree 2`, `generic`.
    pub fn words(&self) -> String {
        let mut words = Vec::new();
        if let Some(slope) = self.linear {
            return if slope == 1.0 { "the identity".to_string() } else { format!("linear with slope {slope}") };
        }
        if let Some(value) = self.constant {
            return format!("constant {value}");
        }
        if self.odd {
            words.push("odd".to_string());
        }
        if self.even {
            words.push("even".to_string());
        }
        if let Some(degree) = self.degree {
            words.push(format!("positively homogeneous of degree {degree}"));
        }
        if let Some(sum) = self.complement {
            words.push(format!("point-symmetric (σ(−x) = {sum} − σ(x))"));
        }
        if self.exponential.is_some() {
            words.push("exponential".to_string());
        }
        if self.logarithmic.is_some() {
            words.push("logarithmic".to_string());
        }
        if words.is_empty() { "generic".to_string() } else { words.join(", ") }
    }
}

/// A factor of a monomial.
#[derive(Debug, Clone, PartialEq)]
enum Atom {
    Argument,
    Call(Builtin, Normal),
    Power(Normal, f64),
}

/// Sum of coefficient · ∏ atom^exponent. Keys order and identify; they are the printed atoms.
#[derive(Debug, Clone, PartialEq, Default)]
struct Normal {
    terms: BTreeMap<String, Monomial>,
}

#[derive(Debug, Clone, PartialEq)]
struct Monomial {
    coefficient: f64,
    factors: BTreeMap<String, (Atom, f64)>,
}

impl Monomial {
    fn key(&self) -> String {
        let factors: Vec<String> = self.factors.iter().map(|(key, (_, exponent))| format!("{key}^{exponent}")).collect();
        factors.join(";")
    }
}

fn integral(exponent: f64) -> bool {
    exponent.fract() == 0.0 && exponent.abs() < 64.0
}

impl Normal {
    fn of(scalar: &Scalar) -> Self {
        match scalar {
            Scalar::Argument => Self::argument(),
            Scalar::Number(value) => Self::number(*value),
            Scalar::Add(parts) => parts.iter().fold(Self::default(), |sum, part| sum.plus(&Self::of(part))),
            Scalar::Multiply(parts) => parts.iter().fold(Self::number(1.0), |product, part| product.times(&Self::of(part))),
            Scalar::Power(base, exponent) => Self::of(base).power(*exponent),
            Scalar::Call(builtin, argument) => Self::call(*builtin, Self::of(argument)),
        }
    }

    fn number(value: f64) -> Self {
        let mut sum = Self::default();
        sum.insert(Monomial { coefficient: value, factors: BTreeMap::new() });
        sum
    }

    fn argument() -> Self {
        Self::atom(Atom::Argument, 1.0)
    }

    fn atom(atom: Atom, exponent: f64) -> Self {
        let key = match &atom {
            Atom::Argument => "x".to_string(),
            Atom::Call(builtin, inner) => format!("{builtin:?}({})", inner.key()),
            Atom::Power(inner, _) => format!("({})", inner.key()),
        };
        let mut sum = Self::default();
        sum.insert(Monomial { coefficient: 1.0, factors: BTreeMap::from([(key, (atom, exponent))]) });
        sum
    }

    fn key(&self) -> String {
        let terms: Vec<String> = self.terms.iter().map(|(key, term)| format!("{}*{key}", term.coefficient)).collect();
        terms.join("+")
    }

    fn insert(&mut self, term: Monomial) {
        let key = term.key();
        let coefficient = self.terms.get(&key).map_or(0.0, |present| present.coefficient) + term.coefficient;
        if coefficient == 0.0 {
            self.terms.remove(&key);
        } else {
            self.terms.insert(key, Monomial { coefficient, ..term });
        }
    }

    fn plus(&self, other: &Self) -> Self {
        let mut sum = self.clone();
        other.terms.values().for_each(|term| sum.insert(term.clone()));
        sum
    }

    fn scaled(&self, factor: f64) -> Self {
        let mut scaled = self.clone();
        scaled.terms.values_mut().for_each(|term| term.coefficient *= factor);
        scaled
    }

    fn times(&self, other: &Self) -> Self {
        let mut product = Self::default();
        for left in self.terms.values() {
            for right in other.terms.values() {
                let mut factors = left.factors.clone();
                for (key, (atom, exponent)) in &right.factors {
                    let entry = factors.entry(key.clone()).or_insert_with(|| (atom.clone(), 0.0));
                    entry.1 += exponent;
                    if entry.1 == 0.0 {
                        factors.remove(key);
                    }
                }
                product.insert(Monomial { coefficient: left.coefficient * right.coefficient, factors });
            }
        }
        product
    }

    fn power(&self, exponent: f64) -> Self {
        if exponent == 0.0 {
            return Self::number(1.0);
        }
        if exponent == 1.0 {
            return self.clone();
        }
        if let Some(value) = self.constant() {
            return Self::number(if integral(exponent) { value.powi(exponent as i32) } else { value.powf(exponent) });
        }
        let mut terms = self.terms.values();
        if let (Some(term), None, true) = (terms.next(), terms.next(), integral(exponent)) {
            let mut term = term.clone();
            term.coefficient = term.coefficient.powi(exponent as i32);
            term.factors.values_mut().for_each(|factor| factor.1 *= exponent);
            let mut sum = Self::default();
            sum.insert(term);
            return sum;
        }
        // The sign of the base is normalised so that (a − b)² and (b − a)² are one atom.
        if integral(exponent) && self.leads_negative() {
            return self.scaled(-1.0).power(exponent).scaled(if exponent % 2.0 == 0.0 { 1.0 } else { -1.0 });
        }
        // The exponent belongs to the atom, so that a fractional power of a power is not simplified wrongly.
        if integral(exponent) {
            Self::atom(Atom::Power(self.clone(), 1.0), exponent)
        } else {
            Self::atom(Atom::Power(Self::atom(Atom::Power(self.clone(), exponent), 1.0), 1.0), 1.0)
        }
    }

    fn call(builtin: Builtin, argument: Self) -> Self {
        if let Some(value) = argument.constant() {
            return Self::number(builtin.evaluate(value));
        }
        if argument.leads_negative() {
            let flipped = argument.scaled(-1.0);
            match builtin {
                Builtin::Tanh | Builtin::Sin | Builtin::Erf => return Self::call(builtin, flipped).scaled(-1.0),
                Builtin::Cos | Builtin::Abs => return Self::call(builtin, flipped),
                Builtin::Sigmoid => return Self::number(1.0).plus(&Self::call(builtin, flipped).scaled(-1.0)),
                // e⁻ᵃ is the reciprocal of eᵃ.
                Builtin::Exp => return Self::call(builtin, flipped).power(-1.0),
                _ => {}
            }
        }
        match builtin {
            // Written out, so that these meet the same rules as their definitions.
            Builtin::Silu => argument.times(&Self::call(Builtin::Sigmoid, argument.clone())),
            Builtin::Relu | Builtin::LeakyRelu(_) if argument.slope() == Some(0.0) => argument,
            _ => Self::atom(Atom::Call(builtin, argument), 1.0),
        }
    }

    fn leads_negative(&self) -> bool {
        self.terms.values().next_back().is_some_and(|term| term.coefficient < 0.0)
    }

    fn constant(&self) -> Option<f64> {
        match self.terms.len() {
            0 => Some(0.0),
            1 => self.terms.values().next().filter(|term| term.factors.is_empty()).map(|term| term.coefficient),
            _ => None,
        }
    }

    fn slope(&self) -> Option<f64> {
        let mut terms = self.terms.values();
        let (term, None) = (terms.next()?, terms.next()) else { return None };
        let mut factors = term.factors.values();
        matches!((factors.next(), factors.next()), (Some((Atom::Argument, exponent)), None) if *exponent == 1.0)
            .then_some(term.coefficient)
    }

    fn substitute(&self, argument: &Self) -> Self {
        let mut sum = Self::default();
        for term in self.terms.values() {
            let mut product = Self::number(term.coefficient);
            for (atom, exponent) in term.factors.values() {
                let atom = match atom {
                    Atom::Argument => argument.clone(),
                    Atom::Call(builtin, inner) => Self::call(*builtin, inner.substitute(argument)),
                    Atom::Power(inner, power) => inner.substitute(argument).power(*power),
                };
                product = product.times(&atom.power(*exponent));
            }
            sum = sum.plus(&product);
        }
        sum
    }

    fn degree(&self) -> Option<f64> {
        self.common(|term| {
            term.factors.values().try_fold(0.0, |sum, (atom, exponent)| {
                let degree = match atom {
                    Atom::Argument => 1.0,
                    Atom::Call(Builtin::Relu | Builtin::LeakyRelu(_) | Builtin::Abs, inner) => inner.degree()?,
                    Atom::Call(..) => return None,
                    Atom::Power(inner, power) => inner.degree()? * power,
                };
                Some(sum + degree * exponent)
            })
        })
    }

    fn exponential(&self) -> Option<f64> {
        self.common(|term| {
            term.factors.values().try_fold(0.0, |sum, (atom, exponent)| {
                let Atom::Call(Builtin::Exp, inner) = atom else { return None };
                let linear = inner.plus(&Self::number(-inner.terms.get("").map_or(0.0, |term| term.coefficient)));
                Some(sum + linear.slope()? * exponent)
            })
        })
        .filter(|&rate| rate != 0.0)
    }

    fn logarithmic(&self) -> Option<f64> {
        let mut weight = 0.0;
        for term in self.terms.values() {
            let mut factors = term.factors.values();
            match (factors.next(), factors.next()) {
                (None, _) => {}
                (Some((Atom::Call(Builtin::Log, inner), exponent)), None) if *exponent == 1.0 => {
                    weight += term.coefficient * inner.degree()?;
                }
                _ => return None,
            }
        }
        (weight != 0.0).then_some(weight)
    }

    /// The least common (half) period of sines and cosines of multiples of one frequency, and whether it changes the sign.
    fn turn(&self) -> Option<(f64, bool)> {
        let mut frequencies: Vec<f64> = Vec::new();
        for (atom, exponent) in self.terms.values().flat_map(|term| term.factors.values()) {
            let Atom::Call(Builtin::Sin | Builtin::Cos, inner) = atom else { return None };
            let linear = inner.plus(&Self::number(-inner.terms.get("").map_or(0.0, |term| term.coefficient)));
            frequencies.extend(integral(*exponent).then_some(linear.slope()?.abs()));
            if !integral(*exponent) {
                return None;
            }
        }
        let least = frequencies.iter().copied().fold(f64::INFINITY, f64::min);
        if !least.is_finite() || frequencies.iter().any(|frequency| (frequency / least).fract() != 0.0) {
            return None;
        }
        let half = std::f64::consts::PI / least;
        let flips = |term: &Monomial| {
            let turns = term.factors.values().map(|(atom, exponent)| {
                let Atom::Call(_, inner) = atom else { return 0.0 };
                let linear = inner.plus(&Self::number(-inner.terms.get("").map_or(0.0, |term| term.coefficient)));
                linear.slope().unwrap_or_default().abs() / least * exponent
            });
            turns.sum::<f64>() % 2.0 != 0.0
        };
        match (self.terms.values().any(flips), self.terms.values().all(flips)) {
            (_, true) => Some((half, true)),
            (false, _) => Some((half, false)),
            (true, false) => Some((2.0 * half, false)),
        }
    }

    /// The value that all terms agree on.
    fn common(&self, value: impl Fn(&Monomial) -> Option<f64>) -> Option<f64> {
        let mut terms = self.terms.values();
        let first = value(terms.next()?)?;
        terms.all(|term| value(term) == Some(first)).then_some(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(builtin: Builtin) -> Scalar {
        Scalar::Call(builtin, Box::new(Scalar::Argument))
    }

    fn named(name: &str, body: Scalar) -> Function {
        Function { name: name.to_string(), body }
    }

    fn zoo() -> Vec<Function> {
        let negative = || Scalar::Multiply(vec![Scalar::Number(-1.0), Scalar::Argument]);
        let exp = |argument| Scalar::Call(Builtin::Exp, Box::new(argument));
        let mut zoo: Vec<Function> = Builtin::ALL.iter().map(|&(_, builtin)| Function::builtin(builtin)).collect();
        zoo.extend([1.0, 2.0, 3.0, 0.5, -1.0].map(Function::power));
        zoo.extend([
            named("relu(x)^2", Scalar::Power(Box::new(call(Builtin::Relu)), 2.0)),
            named("x*sigmoid(x)", Scalar::Multiply(vec![Scalar::Argument, call(Builtin::Sigmoid)])),
            named(
                "exp(x)-exp(-x)",
                Scalar::Add(vec![exp(Scalar::Argument), Scalar::Multiply(vec![Scalar::Number(-1.0), exp(negative())])]),
            ),
            named("exp(x)+exp(-x)", Scalar::Add(vec![exp(Scalar::Argument), exp(negative())])),
            named("sigmoid(x)-0.5", Scalar::Add(vec![call(Builtin::Sigmoid), Scalar::Number(-0.5)])),
            named("3*sigmoid(x)", Scalar::Multiply(vec![Scalar::Number(3.0), call(Builtin::Sigmoid)])),
            named("2*x+x", Scalar::Add(vec![Scalar::Multiply(vec![Scalar::Number(2.0), Scalar::Argument]), Scalar::Argument])),
            named("x+1", Scalar::Add(vec![Scalar::Argument, Scalar::Number(1.0)])),
            named("x*abs(x)", Scalar::Multiply(vec![Scalar::Argument, call(Builtin::Abs)])),
            named("relu(-x)", Scalar::Call(Builtin::Relu, Box::new(negative()))),
            named("exp(-x^2)", exp(Scalar::Multiply(vec![Scalar::Number(-1.0), Scalar::Power(Box::new(Scalar::Argument), 2.0)]))),
            named("2*exp(3*x+1)", {
                let inner = Scalar::Add(vec![Scalar::Multiply(vec![Scalar::Number(3.0), Scalar::Argument]), Scalar::Number(1.0)]);
                Scalar::Multiply(vec![Scalar::Number(2.0), exp(inner)])
            }),
        ]);
        zoo
    }

    #[test]
    fn classes_follow_from_definitions() {
        let lines: Vec<String> =
            zoo().iter().map(|function| format!("{:16} {}", function.name, FunctionClass::of(function).words())).collect();
        let table = lines.join("\n");
        insta::assert_snapshot!(table);
    }

    #[test]
    fn numbers_confirm_every_class() {
        for function in zoo() {
            let class = FunctionClass::of(&function);
            let close = |a: f64, b: f64| (a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-12 * (1.0 + a.abs().max(b.abs()));
            let f = |x: f64| function.body.evaluate(x);
            for x in [-2.3, -0.7, 0.4, 1.9] {
                assert!(!class.odd || close(f(-x), -f(x)), "{} is odd", function.name);
                assert!(!class.even || close(f(-x), f(x)), "{} is even", function.name);
                assert!(
                    class.degree.is_none_or(|p| close(f(1.7 * x), 1.7f64.powf(p) * f(x))),
                    "{} is homogeneous",
                    function.name
                );
                assert!(class.linear.is_none_or(|slope| close(f(x), slope * x)), "{} is linear", function.name);
                assert!(class.complement.is_none_or(|c| close(f(-x), c - f(x))), "{} is point-symmetric", function.name);
                assert!(class.exponential.is_none_or(|r| close(f(x + 0.3), (0.3 * r).exp() * f(x))), "{}", function.name);
                assert!(class.logarithmic.is_none_or(|w| close(f(1.7 * x), f(x) + w * 1.7f64.ln())), "{}", function.name);
                assert!(class.half_turn.is_none_or(|turn| close(f(x + turn), -f(x))), "{} turns", function.name);
                assert!(class.period.is_none_or(|turn| close(f(x + turn), f(x))), "{} is periodic", function.name);
            }
        }
    }
}
