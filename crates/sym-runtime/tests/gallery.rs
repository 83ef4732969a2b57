//! The models of the gallery are proved: every row holds, and all flat directions are explained but those that are known to be open.

#[path = "support/programs.rs"]
mod programs;

use programs::programs;
use sym_infer::Status;
use sym_runtime::proof::{approximation, verify};

/// Flat directions that no symmetry explains: bilinear units have fewer coefficients than weights.
const OPEN: [(&str, u128); 1] = [("Bilinear", 28)];

#[test]
fn every_row_is_verified_and_every_direction_explained_or_known_to_be_open() {
    for (name, program) in programs("examples/gallery") {
        let proof = verify(&program, &sym_infer::infer(&program), 0);
        let holds = |status: Status| matches!(status, Status::Verified | Status::Approximate);
        let broken: Vec<&str> =
            proof.symmetries.spaces.iter().filter(|row| !holds(row.status)).map(|row| row.name.as_str()).collect();
        assert!(broken.is_empty(), "{name}: {broken:?}");
        let numbers = proof.numbers.unwrap_or_else(|| panic!("{name} is counted"));
        let open = OPEN.iter().find(|(known, _)| *known == name).map_or(0, |(_, count)| *count);
        assert_eq!(numbers.unexplained, open, "{name}");
        for counted in std::iter::once(&numbers).chain(&proof.others) {
            assert!(counted.decided() && counted.unexplained <= open, "{name}: {counted:?}");
        }
        assert_eq!(proof.uncounted, None, "{name}");
        assert!(!numbers.miniature || proof.others.len() == 2, "{name} is counted at three assignments of sizes");
    }
}

#[test]
fn no_approximate_row_lacks_its_size() {
    let mut measured = 0;
    for (name, program) in programs("examples/gallery") {
        let claims = sym_infer::infer(&program);
        let rows: Vec<usize> = (0..claims.spaces.len()).filter(|&at| claims.spaces[at].status == Status::Approximate).collect();
        if rows.is_empty() {
            continue;
        }
        let found =
            approximation(&program, &claims, 0).expect("it can be executed").unwrap_or_else(|| panic!("{name} is measured"));
        for at in rows {
            let size = found.sizes[at];
            assert!(size.is_some_and(|size| 0.0 < size && size < 1e-3), "{name}.{}: {size:?}", claims.spaces[at].name);
            measured += 1;
        }
    }
    assert!(measured > 10, "{measured}");
}
