//! Stored names and layouts of parameters.

use super::network::{MOST_ENTRIES, Network};
use crate::program::{Axis, ParameterId};
use crate::storage::{Part, Storage, StorageFault, StoredAxis, StoredName};
use sym_diagnostics::{Code, Diagnostic, Span};
use sym_syntax::ast::{self, Expr, Ident, Stored, StringLiteral, StringPart};

/// The axes of a parameter by their names in a layout.
struct Axes<'p> {
    shape: &'p [Axis],
    /// Sizes as the declaration writes them, so that axes of equal size are told apart.
    written: &'p [String],
    used: Vec<bool>,
}

impl Network<'_, '_> {
    /// How a parameter is stored: by default under its path, as written. A name in `stored` stands below the prefix of its block.
    /// `written` are the sizes as the declaration has them: the names of a layout are those.
    pub fn storage(
        &mut self,
        path: &str,
        prefix: &str,
        shape: &[Axis],
        written: &[String],
        stored: Option<&Stored>,
    ) -> Option<Storage> {
        let Some(stored) = stored else { return Some(Storage::plain(path, shape.len())) };
        let mut axes = Axes { shape, written, used: vec![false; shape.len()] };
        let name = self.stored_name(stored, prefix, &mut axes)?;
        let layout = match &stored.layout {
            None => (0..shape.len()).filter(|&axis| !axes.used[axis]).map(StoredAxis::single).collect(),
            Some(entries) => self.layout(entries, &mut axes, stored)?,
        };
        Some(Storage { name, layout })
    }

    fn stored_name(&mut self, stored: &Stored, prefix: &str, axes: &mut Axes<'_>) -> Option<StoredName> {
        let mut holes: Vec<(&Ident, usize)> = Vec::new();
        for (position, size) in &stored.each {
            let axis = self.stored_axis(size, axes)?;
            holes.push((position, axis));
        }
        let mut name = StoredName::plain(if prefix.is_empty() { String::new() } else { format!("{prefix}.") });
        let mut own = false;
        for part in &stored.name.parts {
            own = true;
            match part {
                StringPart::Hole(hole) if holes.iter().any(|(position, _)| position.text == hole.text) => {
                    let axis = holes.iter().find(|(position, _)| position.text == hole.text)?.1;
                    if name.axes().contains(&axis) {
                        self.bad_stored_name(stored, format!("`{}` stands twice in the stored name", hole.text), "it once");
                        return None;
                    }
                    name.push_axis(axis);
                }
                part => {
                    let literal = StringLiteral { parts: vec![part.clone()], span: stored.name.span };
                    let scope = &self.bodies.last().expect("a network always has the model's body").scope;
                    name.push(&self.elaborator.string(&literal, scope)?);
                }
            }
        }
        if !own {
            self.bad_stored_name(stored, "an empty stored name".to_string(), "a name such as \"weight\"");
            return None;
        }
        if let Some((position, _)) = holes.iter().find(|(_, axis)| !name.axes().contains(axis)) {
            let expected = format!("`{{{}}}` in the name, for a tensor each position", position.text);
            self.bad_stored_name(stored, format!("the stored name lacks `{{{}}}`", position.text), &expected);
            return None;
        }
        if !name.is_readable() {
            self.bad_stored_name(
                stored,
                "a counted position stands beside a digit or another position".to_string(),
                "text between them, such as \"experts.{e}.w1\"",
            );
            return None;
        }
        Some(name)
    }

    fn bad_stored_name(&mut self, stored: &Stored, message: String, expected: &str) {
        let span = stored.name.span;
        self.report(Diagnostic::new(Code::E0218, span, message).found(self.elaborator.text(span)).expected(expected));
    }

    fn layout(&mut self, entries: &[ast::StoredAxis], axes: &mut Axes<'_>, stored: &Stored) -> Option<Vec<StoredAxis>> {
        let mut layout = Vec::new();
        for entry in entries {
            let mut merged = Vec::new();
            for factor in &entry.factors {
                merged.push(self.stored_axis(&factor.name, axes)?);
            }
            layout.push(StoredAxis { part: self.part(entry)?, axes: merged });
        }
        let missing: Vec<&str> =
            axes.used.iter().zip(axes.shape).filter(|(used, _)| !**used).map(|(_, axis)| &*axis.symbol).collect();
        if !missing.is_empty() {
            self.report(
                Diagnostic::new(Code::E0218, stored.span, format!("the stored layout lacks `{}`", missing.join("`, `")))
                    .found(self.elaborator.text(stored.span))
                    .expected(axes.expected()),
            );
            return None;
        }
        Some(layout)
    }

    /// The axis of the parameter that a name in `stored` means; each is meant once.
    fn stored_axis(&mut self, name: &Ident, axes: &mut Axes<'_>) -> Option<usize> {
        let symbol = self.scope().setting(&name.text).map_or_else(|| name.text.as_str().into(), |known| known.symbol.clone());
        let written = (0..axes.shape.len()).find(|&axis| !axes.used[axis] && axes.written[axis] == name.text);
        let meant = written.or_else(|| (0..axes.shape.len()).find(|&axis| !axes.used[axis] && axes.shape[axis].symbol == symbol));
        if let Some(axis) = meant {
            axes.used[axis] = true;
            return Some(axis);
        }
        let doubled = axes.shape.iter().any(|axis| axis.symbol == symbol);
        let message = if doubled {
            format!("`{}` stands more often in the layout than in the parameter", name.text)
        } else {
            format!("the parameter has no axis `{}`", name.text)
        };
        let diagnostic = Diagnostic::new(Code::E0218, name.span, message).found(name.text.clone()).expected(axes.expected());
        let named = |symbol: &&str| symbol.contains(|letter: char| letter.is_alphabetic());
        let available: Vec<&str> = axes.shape.iter().map(|axis| &*axis.symbol).filter(named).collect();
        self.report(if doubled { diagnostic } else { diagnostic.suggest(&name.text, available) });
        None
    }

    /// Which axes of a stored one are a part of something longer: that with `at`, or all where it stands behind them.
    #[expect(clippy::option_option, reason = "the outer is whether it is sound, the inner whether there is one")]
    fn part(&mut self, entry: &ast::StoredAxis) -> Option<Option<Part>> {
        let count = entry.factors.len();
        let single = entry.factors.iter().enumerate().filter_map(|(first, factor)| Some((first, 1, factor.at.as_ref()?)));
        let mut parts: Vec<(usize, usize, &Expr)> = single.collect();
        parts.extend(entry.at.as_ref().map(|at| (0, count, at)));
        match parts.as_slice() {
            [] => Some(None),
            [(first, count, at)] => {
                let start = self.offset(at)?;
                Some(Some(Part { first: *first, count: *count, start }))
            }
            [.., (_, _, second)] => {
                self.report(
                    Diagnostic::new(Code::E0218, second.span, "a stored axis is cut in two ways")
                        .found("`at` twice")
                        .expected("one `at` for each stored axis"),
                );
                None
            }
        }
    }

    fn offset(&mut self, at: &Expr) -> Option<u128> {
        let scope = &self.bodies.last().expect("a network always has the model's body").scope;
        let start = self.elaborator.whole(at, scope)?;
        let sound = u128::try_from(start).ok().filter(|&start| start <= MOST_ENTRIES);
        if sound.is_none() {
            self.report(
                Diagnostic::new(Code::E0218, at.span, format!("a part of a stored axis begins at {start}"))
                    .found(start.to_string())
                    .expected("a position from 0"),
            );
        }
        sound
    }

    /// Reports parameters that are stored in one tensor and do not fit together; whether all do.
    pub fn check_storage(&mut self) -> bool {
        let (_, faults) = self.builder.program().stored_tensors();
        for fault in &faults {
            self.storage_fault(fault);
        }
        faults.is_empty()
    }

    fn storage_fault(&mut self, fault: &StorageFault) {
        let program = self.builder.program();
        let of = |id: ParameterId| -> (Span, String, String) {
            let parameter = program.parameter(id);
            (parameter.span, parameter.path.clone(), parameter.storage.name.pattern())
        };
        let diagnostic = match *fault {
            StorageFault::Differ(first, second) => {
                let ((cause, one, name), (span, other, _)) = (of(first), of(second));
                Diagnostic::new(Code::E0218, span, format!("`{other}` and `{one}` see different axes in `{name}`"))
                    .cause(cause, format!("`{one}`"))
                    .found("layouts of different form")
                    .expected("the same number of stored axes, the same blocks, and equal sizes of what is not cut")
            }
            StorageFault::Overlap(first, second) => {
                let ((cause, one, name), (span, other, _)) = (of(first), of(second));
                Diagnostic::new(Code::E0218, span, format!("`{other}` and `{one}` overlap in `{name}`"))
                    .cause(cause, format!("`{one}`"))
                    .found("entries that two parameters share")
                    .expected("parts behind one another")
                    .help("say with `at` where each part begins")
            }
            StorageFault::Gap(first, gap) => {
                let (span, _, name) = of(first);
                let found = gap.map_or_else(
                    || "entries that are no parameter's".to_string(),
                    |(axis, start, end)| format!("positions {start}..{end} of axis {axis} that are no parameter's"),
                );
                Diagnostic::new(Code::E0218, span, format!("the parts of `{name}` leave a gap"))
                    .found(found)
                    .expected("parts that cover the tensor")
                    .help("name the rest as a `frozen` tensor, or mend where the parts begin")
            }
            StorageFault::Named(first, second) => {
                let ((cause, one, _), (span, other, name)) = (of(first), of(second));
                Diagnostic::new(Code::E0213, span, format!("`{other}` is stored as `{name}`, where `{one}` has tensors too"))
                    .cause(cause, format!("`{one}`"))
                    .found(name)
                    .expected("one stored name a tensor")
            }
        };
        self.report(diagnostic);
    }
}

impl Axes<'_> {
    fn expected(&self) -> String {
        let symbols: Vec<&str> = self.shape.iter().map(|axis| &*axis.symbol).collect();
        format!("each of [{}] once", symbols.join(", "))
    }
}
