//! The arguments of an intervention.

use crate::elaborate::{Elaborator, Scope};
use sym_diagnostics::{Code, Diagnostic, Span};
use sym_syntax::ast::{self, Expr, ExprKind};

/// Arguments paired with the names that the intervention knows.
pub(super) struct Arguments<'a> {
    name: &'a str,
    span: Span,
    given: Vec<(&'static str, &'a Expr)>,
}

impl<'a> Arguments<'a> {
    /// Pairs what is given with the names; `None` after a report.
    pub(super) fn pair(
        elaborator: &mut Elaborator<'_>,
        name: &'a str,
        names: &[&'static str],
        given: &'a [ast::Argument],
        span: Span,
    ) -> Option<Self> {
        let mut paired: Vec<(&'static str, &'a Expr)> = Vec::new();
        let mut sound = true;
        for argument in given {
            let known = match &argument.name {
                Some(own) => names.iter().find(|known| **known == own.text),
                None => names.iter().find(|known| paired.iter().all(|(taken, _)| taken != *known)),
            };
            let place = argument.name.as_ref().map_or(argument.value.span, |own| own.span);
            let Some(known) = known else {
                let found = elaborator.text(place);
                let mut diagnostic = Diagnostic::new(Code::E0209, place, format!("`{name}` has no argument `{found}`"))
                    .label("not an argument of it")
                    .found(found.clone());
                diagnostic = if names.is_empty() {
                    diagnostic.expected("no argument")
                } else {
                    diagnostic.suggest(&found, names.iter().copied())
                };
                elaborator.report(diagnostic);
                sound = false;
                continue;
            };
            if paired.iter().any(|(taken, _)| taken == known) {
                elaborator.report(
                    Diagnostic::new(Code::E0202, place, format!("the argument `{known}` is given twice"))
                        .found(elaborator.text(place))
                        .expected(format!("one `{known}`")),
                );
                sound = false;
                continue;
            }
            paired.push((*known, &argument.value));
        }
        sound.then_some(Self { name, span, given: paired })
    }

    fn take(&self, name: &str) -> Option<&'a Expr> {
        self.given.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }

    /// A word as written; `Some(None)` where it is not given.
    #[expect(clippy::option_option, reason = "absent is not wrong")]
    pub(super) fn bare(&self, elaborator: &mut Elaborator<'_>, name: &str) -> Option<Option<String>> {
        let Some(value) = self.take(name) else { return Some(None) };
        match &value.kind {
            ExprKind::Path(path) if path.len() == 1 => Some(Some(path[0].text.clone())),
            ExprKind::Error => None,
            _ => {
                elaborator.report(
                    Diagnostic::new(Code::E0211, value.span, format!("`{name}` is a word"))
                        .found(elaborator.text(value.span))
                        .expected("a word such as `row`"),
                );
                None
            }
        }
    }

    /// One of these words, which must be given.
    pub(super) fn word<T: Clone>(&self, elaborator: &mut Elaborator<'_>, name: &str, words: &[(&str, T)]) -> Option<T> {
        let Some(word) = self.bare(elaborator, name)? else {
            self.missing(elaborator, name, words.first().map_or("…", |(word, _)| *word));
            return None;
        };
        if let Some((_, value)) = words.iter().find(|(known, _)| *known == word) {
            return Some(value.clone());
        }
        let span = self.take(name).map_or(self.span, |value| value.span);
        elaborator.report(
            Diagnostic::new(Code::E0223, span, format!("`{name}` cannot be `{word}`"))
                .found(word.clone())
                .suggest(&word, words.iter().map(|(known, _)| *known)),
        );
        None
    }

    /// A whole number in a range; must be given where there is no default.
    pub(super) fn whole(
        &self,
        elaborator: &mut Elaborator<'_>,
        scope: &Scope,
        name: &str,
        default: Option<i128>,
        least: i128,
        most: i128,
    ) -> Option<i128> {
        let Some(value) = self.take(name) else {
            if default.is_none() {
                self.missing(elaborator, name, &least.to_string());
            }
            return default;
        };
        let number = elaborator.whole(value, scope)?;
        if (least..=most).contains(&number) {
            return Some(number);
        }
        let expected = if number < least { format!("at least {least}") } else { format!("at most {most}") };
        elaborator.report(
            Diagnostic::new(Code::E0223, value.span, format!("`{name}` of `{}` is {number}", self.name))
                .found(number.to_string())
                .expected(expected),
        );
        None
    }

    /// A whole number of at least `least`, or a word; must be given. `Some(None)` for the word.
    #[expect(clippy::option_option, reason = "the word is no absence")]
    pub(super) fn whole_or_word(
        &self,
        elaborator: &mut Elaborator<'_>,
        scope: &Scope,
        name: &str,
        least: i128,
        word: &str,
    ) -> Option<Option<u128>> {
        let given = self.take(name);
        if given.is_some_and(|value| matches!(&value.kind, ExprKind::Path(path) if path.len() == 1 && path[0].text == word)) {
            return Some(None);
        }
        if given.is_none() {
            self.missing(elaborator, name, word);
            return None;
        }
        self.whole(elaborator, scope, name, None, least, i128::MAX).map(|number| Some(number.unsigned_abs()))
    }

    /// A number that may be absent.
    #[expect(clippy::option_option, reason = "absent is not wrong")]
    pub(super) fn number(
        &self,
        elaborator: &mut Elaborator<'_>,
        scope: &Scope,
        name: &str,
        default: Option<f64>,
        fits: impl Fn(f64) -> bool,
        expected: &str,
    ) -> Option<Option<f64>> {
        let Some(value) = self.take(name) else { return Some(default) };
        let number = elaborator.float(value, scope)?;
        if fits(number) {
            return Some(Some(number));
        }
        elaborator.report(
            Diagnostic::new(Code::E0223, value.span, format!("`{name}` of `{}` is {number}", self.name))
                .found(number.to_string())
                .expected(expected),
        );
        None
    }

    /// A list of lists of numbers, which must be given.
    pub(super) fn vectors(&self, elaborator: &mut Elaborator<'_>, scope: &Scope, name: &str) -> Option<Vec<Vec<f64>>> {
        let Some(value) = self.take(name) else {
            self.missing(elaborator, name, "[[1, -1]]");
            return None;
        };
        let lists = match &value.kind {
            ExprKind::List(lists) => lists.as_slice(),
            _ => &[],
        };
        let mut vectors = Vec::new();
        for list in lists {
            let ExprKind::List(numbers) = &list.kind else {
                vectors.clear();
                break;
            };
            vectors.push(numbers.iter().map(|number| elaborator.float(number, scope)).collect::<Option<Vec<f64>>>()?);
        }
        if vectors.is_empty() {
            elaborator.report(
                Diagnostic::new(Code::E0211, value.span, format!("`{name}` is a list of vectors"))
                    .found(elaborator.text(value.span))
                    .expected("vectors of one number a row, such as `[[1, -1, 0]]`"),
            );
            return None;
        }
        Some(vectors)
    }

    fn missing(&self, elaborator: &mut Elaborator<'_>, name: &str, example: &str) {
        elaborator.report(
            Diagnostic::new(Code::E0210, self.span, format!("`{}` needs the argument `{name}`", self.name))
                .label(format!("no `{name}` here"))
                .expected(format!("`{name}: …`"))
                .help(format!("write `{}({name}: {example})`", self.name)),
        );
    }
}
