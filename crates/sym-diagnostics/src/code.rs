//! The registry of diagnostic codes. A new code is one line here and one page in `errors/`.

use crate::Severity;
use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($($code:ident $severity:ident $name:literal $summary:literal)*) => {
        /// A registered diagnostic code. Grouped by stage: `E01` syntax, `E02` names and shapes, `E03` symmetry and
        /// expectations, `E04` reductions and interventions, `E05` lowering, `E06` data and runs, `E09` internal.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Code { $(#[doc = $summary] $code,)* }

        impl Code {
            /// Every registered code, in order.
            pub const ALL: &'static [Code] = &[$(Code::$code,)*];

            /// The code as printed, such as `E0203`.
            pub const fn id(self) -> &'static str {
                match self { $(Code::$code => stringify!($code),)* }
            }

            /// The kebab-case name, such as `shape-mismatch`.
            pub const fn name(self) -> &'static str {
                match self { $(Code::$code => $name,)* }
            }

            /// One line that says what the code is about.
            pub const fn summary(self) -> &'static str {
                match self { $(Code::$code => $summary,)* }
            }

            /// The severity it has unless a diagnostic says otherwise.
            pub const fn severity(self) -> Severity {
                match self { $(Code::$code => Severity::$severity,)* }
            }

            /// Its page, in Markdown: what it means, a bad and a good example.
            pub const fn page(self) -> &'static str {
                match self { $(Code::$code => include_str!(concat!("../errors/", stringify!($code), ".md")),)* }
            }
        }
    };
}

codes! {
    E0101 Error "unexpected-text" "text that is no item, statement or field"
    E0102 Error "missing-delimiter" "a bracket, brace or parenthesis that is never closed or never opened"
    E0103 Error "bad-expression" "an operand or operator is missing"
    E0104 Error "bad-number" "a number that cannot be read, such as `1.` or `1e`"
    E0105 Error "bad-string" "a string that does not end on its line, or a bad `{…}` in it"
    E0106 Error "unknown-item" "an item keyword that the language does not have"
    E0107 Error "nesting-too-deep" "brackets nested deeper than the limit"
    E0108 Error "file-too-large" "a source file beyond the size limit"
    E0109 Error "not-text" "a file that is not UTF-8 text"
    E0110 Warning "empty-file" "a file without any item"
    E0201 Error "unknown-name" "a name that nothing in scope defines"
    E0202 Error "duplicate-name" "a name defined twice in one scope"
    E0203 Error "shape-mismatch" "axes that must have the same size and do not"
    E0204 Error "rank-mismatch" "a number of axes that does not fit"
    E0205 Error "bad-index" "an index that is used in a way that has no meaning"
    E0206 Error "sum-under-nonlinearity" "an index summed under a nonlinear function or in a denominator"
    E0207 Error "size-overflow" "a size beyond what can be counted"
    E0208 Error "bad-size" "a size that is no positive whole number"
    E0209 Error "unknown-argument" "an argument that the block, function or field does not have"
    E0210 Error "missing-argument" "an argument without a value and without a default"
    E0211 Error "wrong-type" "a value of another type than the one needed"
    E0212 Error "rebinding" "a name bound again outside a loop"
    E0213 Error "duplicate-parameter" "two parameters with one stored name"
    E0214 Error "endless-recursion" "blocks or models that call themselves without end"
    E0215 Error "missing-output" "a model without an output or a block without a result"
    E0216 Error "cyclic-use" "files that use each other in a circle"
    E0217 Error "unreadable-file" "a file that is used and cannot be read"
    E0218 Error "bad-storage" "a stored layout that does not fit the parameter"
    E0219 Error "unknown-field" "a field that this item does not have"
    E0220 Error "missing-field" "a field that this item needs"
    E0221 Error "bad-selector" "a selector that matches nothing"
    E0222 Error "not-elementwise" "a function that is no elementwise function of its argument"
    E0223 Error "bad-value" "a value outside its allowed range"
    E0224 Error "too-many-operations" "a model that unrolls into more operations than the limit"
    E0225 Warning "unused-parameter" "a parameter that the output does not depend on"
    E0226 Error "bad-scan" "a `scan` whose states change their shape, or a `collect` without a `scan`"
    E0301 Error "expectation-failed" "an `expect` that does not hold"
    E0302 Error "symmetry-refuted" "a claimed symmetry that numbers contradict"
    E0303 Warning "unexplained-directions" "flat directions that no derived symmetry explains"
    E0304 Warning "undecided" "a proof that the numbers could not decide"
    E0305 Error "unknown-group" "a group name that the language does not have"
    E0306 Warning "assumed-symmetry" "a symmetry that is declared, not derived"
    E0307 Note "redundant-assumption" "an `assume` of a symmetry that is derived"
    E0308 Error "changed-snapshot" "a snapshot that is missing or says something else"
    E0401 Error "not-a-symmetric-state" "a state that is not the fixed set of a symmetry of the model"
    E0402 Error "no-reduced-dynamics" "an optimiser that does not keep the symmetric state"
    E0403 Error "theorem-refuted" "a full and a reduced model that diverge"
    E0404 Error "intervention-refuted" "an intervention that does not do what it says"
    E0405 Error "bad-intervention" "an intervention that cannot be carried out"
    E0501 Error "not-lowerable" "an operation that the backend cannot execute"
    E0502 Error "unknown-backend" "a backend or number type that is not built in"
    E0503 Error "not-emittable" "constants that are too many to travel with emitted source"
    E0601 Error "missing-data" "a data file that is not there"
    E0602 Error "damaged-data" "a data file that is not what its name says"
    E0603 Error "unwritable-output" "a directory or file that cannot be written"
    E0604 Error "damaged-checkpoint" "a checkpoint or record that cannot be resumed from"
    E0605 Error "spec-changed" "a record that belongs to another spec or other settings"
    E0606 Error "not-a-number" "a run that reached a value that is not finite"
    E0607 Error "bad-weights" "weights that do not fit the model"
    E0608 Error "record-in-use" "a record that another process is writing"
    E0609 Error "interrupted" "a run that was stopped before its end"
    E0901 Error "internal-error" "an inconsistency inside the tool"
}

impl Code {
    /// The code with this id (`E0203`) or name (`shape-mismatch`).
    pub fn find(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.id().eq_ignore_ascii_case(text) || code.name() == text)
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.id())
    }
}
