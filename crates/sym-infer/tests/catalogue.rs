//! The analysis against the catalogue of flat directions.

mod support;

use std::fmt::Write as _;
use support::networks::catalogue;
use sym_infer::{Frame, Symmetries, infer};
use sym_ir::Program;

/// One line per space: name, group, class, dimension, where it acts.
fn table(program: &Program, symmetries: &Symmetries) -> String {
    let mut text = String::new();
    for space in &symmetries.spaces {
        let acts: Vec<String> = space
            .acts_on
            .iter()
            .map(|action| {
                let path = &program.parameter(action.parameter).path;
                let axis = action.axis.map_or(String::new(), |axis| format!("@{axis}"));
                let frame = match &action.frame {
                    Frame::Primal => "g".to_string(),
                    Frame::Dual => "g⁻ᵀ".to_string(),
                    Frame::Shift => "+".to_string(),
                    Frame::Monomial { degrees, sign } => {
                        let degrees: Vec<String> = degrees
                            .iter()
                            .map(|degree| match degree.denominator {
                                1 => degree.numerator.to_string(),
                                over => format!("{}/{over}", degree.numerator),
                            })
                            .collect();
                        format!("{}{}", if *sign { "±" } else { "" }, degrees.join(","))
                    }
                };
                format!("{path}{axis}:{frame}")
            })
            .collect();
        let _ = writeln!(
            text,
            "  {:10} {:28} {:10} dim {:3}  {}",
            space.name,
            space.group.to_string(),
            format!("{:?}", space.class).to_lowercase(),
            space.continuous_dim,
            acts.join(" ")
        );
    }
    text
}

#[test]
fn groups_of_the_catalogue() {
    let mut text = String::new();
    for row in catalogue() {
        assert_eq!(row.program.trainable_entries(), Some(row.entries), "{} has the catalogue's number of parameters", row.name);
        let _ = writeln!(text, "{} (flat {})", row.name, row.flat);
        text.push_str(&table(&row.program, &infer(&row.program)));
    }
    insta::assert_snapshot!(text);
}
