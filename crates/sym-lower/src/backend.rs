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
    /// `LibTorch` on the CPU.
    #[cfg(feature = "tch")]
    LibTorch,
    /// burn's former portable CPU backend.
    #[cfg(feature = "ndarray")]
    NdArray,
    /// Graphics processors by Vulkan, Metal or DirectX, in `f32`.
    #[cfg(feature = "wgpu")]
    Wgpu,
    /// Graphics processors by CUDA.
    #[cfg(feature = "cuda")]
    Cuda,
}

/// A backend that a build can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    /// Its name for `--backend`.
    pub name: &'static str,
    /// What executes.
    pub summary: &'static str,
    /// The cargo feature that builds it in; `None` where every build has it.
    pub feature: Option<&'static str>,
    /// The backend, where this build has it.
    pub backend: Option<Backend>,
}

/// The backend of a feature, where this build has the feature.
macro_rules! built_in {
    ($feature:tt, $backend:ident) => {{
        #[cfg(feature = $feature)]
        let backend = Some(Backend::$backend);
        #[cfg(not(feature = $feature))]
        let backend = None;
        backend
    }};
}

/// Every backend that a build can have.
pub const OFFERS: [Offer; 6] = [
    Offer { name: "cpu", summary: "planned execution on the CPU", feature: None, backend: Some(Backend::Cpu) },
    Offer { name: "flex", summary: "burn's portable CPU backend, the reference", feature: None, backend: Some(Backend::Flex) },
    Offer { name: "tch", summary: "LibTorch on the CPU", feature: Some("tch"), backend: built_in!("tch", LibTorch) },
    Offer {
        name: "ndarray",
        summary: "burn's former portable CPU backend",
        feature: Some("ndarray"),
        backend: built_in!("ndarray", NdArray),
    },
    Offer {
        name: "wgpu",
        summary: "graphics processors by Vulkan, Metal or DirectX, f32 only",
        feature: Some("wgpu"),
        backend: built_in!("wgpu", Wgpu),
    },
    Offer { name: "cuda", summary: "graphics processors by CUDA", feature: Some("cuda"), backend: built_in!("cuda", Cuda) },
];

impl Offer {
    /// How to get a build that has it; `None` where every build does.
    pub fn how_to_get(&self) -> Option<String> {
        let feature = self.feature?;
        let build = format!("cargo install --path crates/symc --features {feature}");
        Some(match feature {
            "tch" => format!("eval \"$(scripts/setup-libtorch.sh --env)\" && {build}"),
            _ => build,
        })
    }
}

impl Backend {
    /// The backend of a name; E0502 where this build has none.
    ///
    /// # Errors
    ///
    /// The diagnostic names what there is, or how to get the one that this build lacks.
    pub fn find(name: &str) -> Result<Self, Diagnostic> {
        let built_in: Vec<&str> = OFFERS.iter().filter(|offer| offer.backend.is_some()).map(|offer| offer.name).collect();
        let refused = |message: String| {
            let expected = match built_in.split_last() {
                Some((last, others)) if !others.is_empty() => format!("{} or {last}", others.join(", ")),
                _ => built_in.concat(),
            };
            Diagnostic::without_span(Code::E0502, message).usage().found(name).expected(expected)
        };
        let Some(offer) = OFFERS.iter().find(|offer| offer.name == name) else {
            return Err(refused(format!("no backend `{name}` in this build")).suggest(name, OFFERS.map(|offer| offer.name)));
        };
        offer.backend.ok_or_else(|| {
            let how = offer.how_to_get().unwrap_or_default();
            refused(format!("the backend `{name}` is not in this build")).help(format!("build it in: {how}"))
        })
    }

    /// The backend and the number type of these names; E0502 for each that this build has not, and for a pair that does not go together.
    ///
    /// # Errors
    ///
    /// All that is wrong.
    pub fn with_dtype(backend: &str, dtype: &str) -> Result<(Self, DType), Vec<Diagnostic>> {
        match (Self::find(backend), self::dtype(dtype)) {
            (Ok(found), Ok(kind)) if found.has(kind) && !found.devices().is_empty() => Ok((found, kind)),
            (Ok(found), Ok(kind)) if found.has(kind) => Err(vec![
                Diagnostic::without_span(Code::E0502, format!("the backend `{backend}` finds no device on this machine"))
                    .usage()
                    .found(backend)
                    .expected("a backend with a device")
                    .help("`symc doctor` lists devices; `--backend cpu` needs none"),
            ]),
            (Ok(_), Ok(_)) => Err(vec![
                Diagnostic::without_span(Code::E0502, format!("the backend `{backend}` has no `{dtype}`"))
                    .usage()
                    .found(dtype)
                    .expected("f32")
                    .help(format!("`--dtype f32`, or another backend than {backend}")),
            ]),
            (backend, kind) => Err(backend.err().into_iter().chain(kind.err()).collect()),
        }
    }

    /// Whether it computes in a number type.
    fn has(self, dtype: DType) -> bool {
        match self {
            // The shading language of WebGPU has no double precision.
            #[cfg(feature = "wgpu")]
            Backend::Wgpu => dtype == DType::F32,
            _ => matches!(dtype, DType::F32 | DType::F64),
        }
    }

    /// The devices that it finds, by name; the first is the one it uses.
    pub fn devices(self) -> Vec<String> {
        #[cfg(any(feature = "wgpu", feature = "cuda"))]
        let list = |kind| Device::enumerate(kind).into_vec().iter().map(|device| format!("{device:?}")).collect();
        match self {
            #[cfg(feature = "wgpu")]
            Backend::Wgpu => list(burn::tensor::DeviceType::Wgpu),
            #[cfg(feature = "cuda")]
            Backend::Cuda => list(burn::tensor::DeviceType::Cuda),
            _ => vec!["CPU".to_string()],
        }
    }

    /// How many of the threads at hand may work on one step, so that its bits are those of one thread.
    pub fn threads(self, at_hand: usize) -> usize {
        // On the others long sums and large products are divided by the number of threads.
        if self == Backend::Cpu { at_hand.max(1) } else { 1 }
    }

    /// Its device; call [`Device::autodiff`] on it to record gradients.
    pub fn device(self) -> Device {
        match self {
            Backend::Cpu | Backend::Flex => Device::flex(),
            #[cfg(feature = "tch")]
            #[expect(deprecated, reason = "offered as long as burn has it")]
            Backend::LibTorch => Device::libtorch(),
            #[cfg(feature = "ndarray")]
            #[expect(deprecated, reason = "offered as long as burn has it")]
            Backend::NdArray => Device::ndarray(),
            #[cfg(feature = "wgpu")]
            Backend::Wgpu => Device::wgpu(burn::tensor::DeviceKind::DefaultDevice),
            #[cfg(feature = "cuda")]
            Backend::Cuda => Device::cuda(0),
        }
    }

    /// The libraries that execute it, with their versions.
    pub fn libraries(self) -> &'static str {
        match self {
            #[cfg(feature = "tch")]
            Backend::LibTorch => "burn 0.22.1, LibTorch 2.9.0",
            _ => "burn 0.22.1",
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
