//! How expressions group, from loose to tight: `or`, `and`, `not`, comparison, range, `+ -`, `* /`, unary `-`, `^`, postfix.

mod support;

use support::parse;
use sym_syntax::ast::{Axis, BinaryOperator, Expr, ExprKind, ItemKind, UnaryOperator};

/// The expression with every grouping written out.
fn grouped(expr: &Expr) -> String {
    let path = |path: &[sym_syntax::ast::Ident]| path.iter().map(|name| name.text.clone()).collect::<Vec<_>>().join(".");
    match &expr.kind {
        ExprKind::Number(number) => number.text.clone(),
        ExprKind::Path(names) => path(names),
        ExprKind::Glob(pattern) => format!("glob {pattern}"),
        ExprKind::Bool(value) => format!("{value}!"),
        ExprKind::Index { base, indices } => {
            let entries: Vec<String> = indices
                .iter()
                .map(|axis| match axis {
                    Axis::Rest(_) => "..".to_string(),
                    Axis::Expr(entry) => grouped(entry),
                })
                .collect();
            format!("{}[{}]", grouped(base), entries.join(", "))
        }
        ExprKind::Call { callee, arguments } => {
            let arguments: Vec<String> = arguments
                .iter()
                .map(|argument| match &argument.name {
                    Some(name) => format!("{}: {}", name.text, grouped(&argument.value)),
                    None => grouped(&argument.value),
                })
                .collect();
            format!("{}({})", path(callee), arguments.join(", "))
        }
        ExprKind::Unary { operator: UnaryOperator::Negate, operand } => format!("(-{})", grouped(operand)),
        ExprKind::Unary { operator: UnaryOperator::Not, operand } => format!("(not {})", grouped(operand)),
        ExprKind::Binary { operator, left, right } => {
            let sign = match operator {
                BinaryOperator::Add => "+",
                BinaryOperator::Subtract => "-",
                BinaryOperator::Multiply => "*",
                BinaryOperator::Divide => "/",
                BinaryOperator::Power => "^",
                BinaryOperator::And => "and",
                BinaryOperator::Or => "or",
            };
            format!("({} {sign} {})", grouped(left), grouped(right))
        }
        ExprKind::Compare { comparison, left, right } => format!("({} {comparison:?} {})", grouped(left), grouped(right)),
        ExprKind::Range { low, high, inclusive } => {
            format!("({}{}{})", grouped(low), if *inclusive { "..=" } else { ".." }, grouped(high))
        }
        ExprKind::At { quantity, when } => format!("({} at {})", grouped(quantity), grouped(when)),
        ExprKind::String(_) | ExprKind::List(_) | ExprKind::Error => format!("{:?}", expr.kind),
    }
}

fn check(text: &str, expected: &str) {
    let (file, diagnostics) = parse(&format!("fn f(x) = {text}"));
    assert_eq!(diagnostics, [], "{text}");
    let ItemKind::Function(function) = &file.items[0].kind else { panic!("{text} is no function") };
    assert_eq!(grouped(&function.body), expected, "{text}");
}

#[test]
fn products_bind_tighter_than_sums_and_both_group_from_the_left() {
    check("a + b * c - d / e / f", "((a + (b * c)) - ((d / e) / f))");
}

#[test]
fn powers_group_from_the_right_and_bind_tighter_than_a_sign_before_them() {
    check("-x^2^y", "(-(x ^ (2 ^ y)))");
    check("x^-1 * y", "((x ^ (-1)) * y)");
    check("2 * -x + 1", "((2 * (-x)) + 1)");
}

#[test]
fn words_bind_looser_than_comparisons() {
    check("a == b and not c < d or e", "(((a Equal b) and (not (c Less d))) or e)");
    check("not a == b", "(not (a Equal b))");
}

#[test]
fn a_range_binds_looser_than_a_sum_and_tighter_than_a_comparison() {
    check("0..n + 1", "(0..(n + 1))");
    check("1..=depth", "(1..=depth)");
    check("a.b..c.0", "(a.b..c.0)");
}

#[test]
fn a_step_belongs_to_the_quantity_before_it() {
    check("A.loss at end - A.f(x) at 500 > 2", "(((A.loss at end) - (A.f(x) at 500)) Greater 2)");
}

#[test]
fn brackets_index_what_stands_before_them() {
    check("x[.., i, 2 * j][k] * f(y)[i]", "(x[.., i, (2 * j)][k] * f(y)[i])");
    check("sum(j: w[i, j] * x[j])", "sum(j: (w[i, j] * x[j]))");
}

#[test]
fn a_star_between_names_is_a_product_in_a_definition() {
    check("f(a*b, 2*c)", "f((a * b), (2 * c))");
}

#[test]
fn whole_numbers_are_exact_and_fractions_are_not_whole() {
    let integers = |text: &str| {
        let (file, _) = parse(&format!("fn f(x) = {text}"));
        let ItemKind::Function(function) = &file.items[0].kind else { return None };
        let ExprKind::Number(number) = &function.body.kind else { return None };
        number.integer
    };
    assert_eq!(integers("50_000"), Some(50_000));
    assert_eq!(integers("1e6"), Some(1_000_000));
    assert_eq!(integers("340282366920938463463374607431768211455"), Some(u128::MAX));
    assert_eq!(integers("340282366920938463463374607431768211456"), None);
    assert_eq!(integers("1e-6"), None);
    assert_eq!(integers("2.0"), None);
}
