//! Backends and number types by name.

use burn::tensor::{DType, Device};
use sym_diagnostics::{Code, Diagnostic};

/// What executes programs in this build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// Planned execution on the CPU for training; measurements use burn's portable CPU backend.
    Cpu,
    /// burn's portable CPU backend: the reference.
    Flex,
}

impl Backend {
    /// Every backend of this build under its name.
    pub const ALL: [(&'static str, Backend); 2] = [("cpu", Backend::Cpu), ("flex", Backend::Flex)];

    /// The backend of a name; E0502 where this build has none.
    ///
    /// # Errors
    ///
    /// The diagnostic names what there is.
    pub fn find(name: &str) -> Result<Self, Diagnostic> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|&(_, backend)| backend).ok_or_else(|| {
            let names = Self::ALL.map(|(known, _)| known);
            Diagnostic::without_span(Code::E0502, format!("no backend `{name}` in this build"))
                .usage()
                .found(name)
                .expected(names.join(" or "))
                .suggest(name, names)
        })
    }

    /// Its device; call [`Device::autodiff`] on it to record gradients.
    pub fn device(self) -> Device {
        match self {
            Backend::Cpu | Backend::Flex => Device::flex(),
        }
    }
}

/// The number type of a name, `f32` or `f64`; E0502 for any other.
///
/// # Errors
///
/// The diagnostic names what there is.
pub fn dtype(name: &str) -> Result<DType, Diagnostic> {
    match name {
        "f32" => Ok(DType::F32),
        "f64" => Ok(DType::F64),
        _ => Err(Diagnostic::without_span(Code::E0502, format!("no number type `{name}`"))
            .usage()
            .found(name)
            .expected("f32 or f64")
            .suggest(name, ["f32", "f64"])),
    }
}
