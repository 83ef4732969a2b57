//! Declared symmetries: right ones stay assumed and explain directions, wrong ones are refuted.

use sym_diagnostics::{Code, FileId, Span};
use sym_infer::Status;
use sym_ir::experiment::GroupName;
use sym_ir::{Builder, Builtin, Program, ValueId};
use sym_runtime::proof::{Assumption, Verification, verify_with};

/// Two linear layers without biases around a function of the hidden units.
fn around(sizes: [u128; 3], hidden: impl Fn(&mut Builder, ValueId) -> ValueId) -> Program {
    let mut builder = Builder::new("M");
    let x = builder.input("x", &[sizes[0]]);
    let z = builder.linear("fc1", x, sizes[1], false);
    let h = hidden(&mut builder, z);
    let y = builder.linear("fc2", h, sizes[2], false);
    builder.output("output", y);
    builder.finish()
}

/// relu(z) − relu(−z) = z, which is linear although no operation is.
fn disguised(builder: &mut Builder, z: ValueId) -> ValueId {
    let minus = builder.scaled_einsum("i->i", &[z], -1.0);
    let (up, down) = (builder.map(Builtin::Relu, z), builder.map(Builtin::Relu, minus));
    let down = builder.scaled_einsum("i->i", &[down], -1.0);
    builder.add(&[up, down])
}

fn proof(program: &Program, group: &str, size: u128) -> Verification {
    let assumption = Assumption {
        model: "M".to_string(),
        space: "fc1".to_string(),
        group: GroupName { name: group.to_string(), size },
        text: format!("symmetry(M.fc1) >= {group}({size})"),
        span: Span::new(FileId(0), 7, 9),
    };
    verify_with(program, &sym_infer::infer(program), &[assumption], 0)
}

fn status(proof: &Verification) -> Option<Status> {
    proof.assumed[0].row.as_ref().map(|row| row.status)
}

#[test]
fn a_right_assumption_stays_assumed_and_explains_its_directions() {
    let proof = proof(&around([4, 2, 3], disguised), "gl", 2);
    assert!(proof.diagnostics.is_empty(), "{:?}", proof.diagnostics);
    assert_eq!(status(&proof), Some(Status::Assumed));
    // The two rescalings are derived; the other two directions of GL(2) come from the assumption.
    let numbers = proof.numbers.expect("the model is small");
    assert_eq!((numbers.parameters, numbers.flat, numbers.explained, numbers.unexplained), (14, 4, 4, 0));
}

#[test]
fn a_right_assumption_explains_directions_of_a_miniature_too() {
    let proof = proof(&around([90, 30, 40], disguised), "gl", 30);
    assert!(proof.diagnostics.is_empty(), "{:?}", proof.diagnostics);
    assert_eq!(status(&proof), Some(Status::Assumed));
    let numbers = proof.numbers.expect("the miniature is small");
    assert!(numbers.miniature && numbers.flat == numbers.explained, "{numbers:?}");
}

#[test]
fn a_wrong_assumption_is_refuted_at_its_item_with_an_element() {
    let program = around([4, 5, 2], |builder, z| builder.map(Builtin::Gelu, z));
    for (group, element) in [
        ("signed_permutation", "the sign flip of unit 0"),
        ("signs", "the sign flip of unit 0"),
        ("positive_monomial", "the scaling of unit 0 by 1.49"),
        ("rescaling", "the sign flip of unit 0"),
        ("gl", "the scaling of dimension 0 by 1.49"),
        ("o", "the mixing of dimension 1 into 0"),
    ] {
        let proof = proof(&program, group, 5);
        let [diagnostic] = &proof.diagnostics[..] else { panic!("{group}: {:?}", proof.diagnostics) };
        assert_eq!(diagnostic.code, Code::E0302);
        assert_eq!(diagnostic.primary.as_ref().map(|label| label.span.start), Some(7));
        assert!(diagnostic.message.contains(element), "{group}: {}", diagnostic.message);
        assert_eq!(diagnostic.secondary.len(), 1, "the first operation that differs");
        assert_eq!(status(&proof), Some(Status::Refuted));
    }
}

#[test]
fn a_scale_of_any_usual_degree_is_found() {
    // relu² is homogeneous of degree 2: λ on the way in takes λ⁻² on the way out.
    let program = around([4, 3, 2], |builder, z| {
        let h = builder.map(Builtin::Relu, z);
        builder.einsum("i,i->i", &[h, h])
    });
    assert_eq!(status(&proof(&program, "positive_rescaling", 3)), Some(Status::Assumed));
    // tanh² is even: only incoming weights change sign.
    let program = around([4, 3, 2], |builder, z| {
        let h = builder.map(Builtin::Tanh, z);
        builder.einsum("i,i->i", &[h, h])
    });
    assert_eq!(status(&proof(&program, "signs", 3)), Some(Status::Assumed));
}

#[test]
fn a_group_on_another_number_of_units_is_refuted() {
    let proof = proof(&around([4, 5, 2], |builder, z| builder.map(Builtin::Tanh, z)), "permutation", 6);
    assert_eq!(proof.diagnostics.iter().map(|found| found.code).collect::<Vec<_>>(), [Code::E0302]);
    assert_eq!(proof.diagnostics[0].found.as_deref(), Some("a group on 6 units"));
}

#[test]
fn a_group_that_numbers_cannot_test_stays_assumed_without_a_row() {
    let proof = proof(&around([4, 5, 2], |builder, z| builder.map(Builtin::Tanh, z)), "translation", 5);
    assert!(proof.diagnostics.is_empty() && status(&proof).is_none());
}
