//! Stored names and layouts of parameters.

use super::network::Network;
use crate::program::{Axis, Storage};
use sym_diagnostics::{Code, Diagnostic};
use sym_syntax::ast::{Stored, StoredAxis};

impl Network<'_, '_> {
    /// How a parameter is stored: by default under its path, as written. A name in `stored` stands below the prefix of its block.
    /// `written` are the sizes as the declaration has them: the names of a layout are those, so that axes of equal size are told apart.
    pub fn storage(
        &mut self,
        path: &str,
        prefix: &str,
        shape: &[Axis],
        written: &[String],
        stored: Option<&Stored>,
    ) -> Option<Storage> {
        let as_written = || (0..shape.len()).map(|axis| vec![axis]).collect::<Vec<_>>();
        let Some(stored) = stored else { return Some(Storage { name: path.to_string(), layout: as_written() }) };
        let scope = &self.bodies.last().expect("a network always has the model's body").scope;
        let own = self.elaborator.string(&stored.name, scope)?;
        if own.is_empty() {
            self.report(
                Diagnostic::new(Code::E0218, stored.name.span, "an empty stored name")
                    .found("\"\"")
                    .expected("a name such as \"weight\""),
            );
            return None;
        }
        let name = if prefix.is_empty() { own } else { format!("{prefix}.{own}") };
        let layout = match &stored.layout {
            None => as_written(),
            Some(entries) => self.layout(entries, shape, written, stored)?,
        };
        Some(Storage { name, layout })
    }

    fn layout(&mut self, entries: &[StoredAxis], shape: &[Axis], written: &[String], stored: &Stored) -> Option<Vec<Vec<usize>>> {
        let symbols: Vec<&str> = shape.iter().map(|axis| &*axis.symbol).collect();
        let mut used = vec![false; shape.len()];
        let mut layout = Vec::new();
        for entry in entries {
            let mut group = Vec::new();
            for name in &entry.names {
                let symbol =
                    self.scope().setting(&name.text).map_or_else(|| name.text.as_str().into(), |known| known.symbol.clone());
                let free = |name: &dyn Fn(usize) -> bool| (0..shape.len()).find(|&axis| !used[axis] && name(axis));
                let Some(axis) = free(&|axis| written[axis] == name.text).or_else(|| free(&|axis| symbols[axis] == &*symbol))
                else {
                    let doubled = symbols.contains(&&*symbol);
                    let message = if doubled {
                        format!("`{}` stands more often in the layout than in the parameter", name.text)
                    } else {
                        format!("the parameter has no axis `{}`", name.text)
                    };
                    let named = |symbol: &&str| symbol.contains(|letter: char| letter.is_alphabetic());
                    let available: Vec<&str> = symbols.iter().copied().filter(named).collect();
                    let diagnostic = Diagnostic::new(Code::E0218, name.span, message)
                        .found(name.text.clone())
                        .expected(format!("each of [{}] once", symbols.join(", ")));
                    self.report(if doubled { diagnostic } else { diagnostic.suggest(&name.text, available) });
                    return None;
                };
                used[axis] = true;
                group.push(axis);
            }
            layout.push(group);
        }
        let missing: Vec<&str> = used.iter().zip(&symbols).filter(|(used, _)| !**used).map(|(_, symbol)| *symbol).collect();
        if !missing.is_empty() {
            self.report(
                Diagnostic::new(Code::E0218, stored.span, format!("the stored layout lacks `{}`", missing.join("`, `")))
                    .found(self.elaborator.text(stored.span))
                    .expected(format!("each of [{}] once", symbols.join(", "))),
            );
            return None;
        }
        Some(layout)
    }
}
