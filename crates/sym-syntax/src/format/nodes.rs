//! Items, statements and fields as nodes: what stands on lines of its own, with the bodies in braces that it has.

use super::document::{Document, bracketed, comma_separated};
use super::expressions::{comparison_sign, dotted};
use crate::ast::{
    Claim, Comment, Expr, Field, FieldValue, Intervention, Item, ItemKind, ModelBody, ResultValue, StateClause, Statement,
    StatementKind, Stored, StoredAxis, TargetKind, UsePath,
};
use sym_diagnostics::Span;

/// Something that starts on a line of its own.
pub(super) struct Node {
    /// Where it stands.
    pub span: Span,
    /// What it consists of.
    pub pieces: Vec<Piece>,
}

/// A part of a node.
pub(super) enum Piece {
    /// Text.
    Text(Document),
    /// `{ … }`.
    Body(Body),
}

/// A body in braces.
pub(super) struct Body {
    /// Where `{` stands.
    pub open: usize,
    /// Where `}` stands.
    pub close: usize,
    /// What stands between.
    pub children: Vec<Node>,
    /// What separates the children on one line: `;` or, between probes, `,`.
    pub separator: &'static str,
}

/// The text that the nodes come from.
pub(super) struct Source<'a> {
    pub text: &'a str,
    pub comments: &'a [Comment],
}

impl Source<'_> {
    pub(super) fn slice(&self, span: Span) -> &str {
        &self.text[span.start as usize..span.end as usize]
    }

    pub(super) fn item(&self, item: &Item) -> Node {
        let span = item.span;
        let start = span.start as usize;
        let text = |text: String| Document::text(text);
        let pieces = match &item.kind {
            ItemKind::Use(UsePath::Module(path)) => vec![Piece::Text(text(format!("use {}", dotted(path))))],
            ItemKind::Use(UsePath::File(file)) => vec![Piece::Text(text(format!("use {}", self.slice(file.span))))],
            ItemKind::Function(function) => one(vec![
                text(format!("fn {}", function.name.text)),
                self.parameters(&function.parameters),
                text(" = ".into()),
                Document::Indent(vec![self.expr(&function.body)]),
            ]),
            ItemKind::Block(block) => {
                let mut header = vec![text(format!("block {}", block.name.text)), self.parameters(&block.parameters)];
                if let Some(result) = &block.result {
                    header.push(text(" -> ".into()));
                    header.push(self.axes(result));
                }
                vec![Piece::Text(Document::Group(header)), self.statements(start, &block.body)]
            }
            ItemKind::Model(model) => {
                let mut header = vec![text(format!("model {}", model.name.text))];
                let open = self.text[model.name.span.end as usize..].trim_start_matches([' ', '\t', '\r', '\n']);
                if !model.parameters.is_empty() || open.starts_with('(') {
                    header.push(self.parameters(&model.parameters));
                }
                match &model.body {
                    ModelBody::Alias { target, with } => {
                        header.push(text(" = ".into()));
                        header.push(self.expr(target));
                        match with {
                            None => one(header),
                            Some(with) => {
                                header.push(text(" with".into()));
                                let children = with.iter().map(|intervention| self.intervention(intervention)).collect();
                                vec![Piece::Text(Document::Group(header)), self.body(target.span.end as usize, children, ";")]
                            }
                        }
                    }
                    ModelBody::Statements(body) => vec![Piece::Text(Document::Group(header)), self.statements(start, body)],
                }
            }
            ItemKind::Data(data) => {
                let mut header = vec![text(format!("data {} = ", data.name.text)), self.expr(&data.source)];
                if let Some(split) = &data.split {
                    header.push(text(" split ".into()));
                    header.push(self.expr(&split.count));
                    header.push(text(format!(" as {}", split.name.text)));
                }
                one(header)
            }
            ItemKind::Train(train) => {
                let header = vec![text(format!("train {} = ", train.name.text)), self.expr(&train.model)];
                vec![Piece::Text(Document::Group(header)), self.fields(train.model.span.end as usize, &train.fields)]
            }
            ItemKind::Figure(figure) => vec![
                Piece::Text(text(format!("figure {}", self.slice(figure.name.span)))),
                self.fields(figure.name.span.end as usize, &figure.fields),
            ],
            ItemKind::Theorem(theorem) => {
                let header = vec![text(format!("theorem {} on ", theorem.name.text)), self.expr(&theorem.model)];
                vec![Piece::Text(Document::Group(header)), self.fields(theorem.model.span.end as usize, &theorem.fields)]
            }
            ItemKind::Sweep(sweep) => {
                let header = format!("sweep {} = train {} over", sweep.name.text, sweep.train.text);
                vec![Piece::Text(text(header)), self.settings(sweep.train.span.end as usize, &sweep.fields)]
            }
            ItemKind::Measure(measure) => {
                let mut header = vec![text(format!("measure {} on ", measure.name.text)), self.expr(&measure.model)];
                self.trailing(&measure.clauses, &mut header);
                let from = measure.clauses.last().map_or(measure.model.span.end, |clause| clause.span.end);
                vec![Piece::Text(Document::Group(header)), self.probes(from as usize, &measure.probes, &measure.profiles)]
            }
            ItemKind::Expect(claim) => one(vec![text("expect ".into()), self.claim(claim)]),
            ItemKind::Assume(claim) => one(vec![text("assume ".into()), self.claim(claim)]),
            ItemKind::Error => vec![Piece::Text(text(self.slice(span).to_string()))],
        };
        Node { span, pieces }
    }

    fn claim(&self, claim: &Claim) -> Document {
        self.infix(&claim.left, comparison_sign(claim.comparison), &claim.right)
    }

    fn intervention(&self, intervention: &Intervention) -> Node {
        let mut words = Vec::new();
        if let Some(change) = &intervention.change {
            let kinds: Vec<&str> = change.kinds.iter().map(|kind| kind.text.as_str()).collect();
            words.push(format!("{} {} ", change.verb.text, kinds.join(", ")));
        }
        if !intervention.on.is_empty() {
            let targets: Vec<String> = intervention
                .on
                .iter()
                .map(|target| match &target.kind {
                    TargetKind::All => "all".to_string(),
                    TargetKind::Block(block) => format!("all {}", block.text),
                    TargetKind::Space(space) => format!("space {space}"),
                    TargetKind::Paths(paths) => paths.clone(),
                    TargetKind::Error => self.slice(target.span).to_string(),
                })
                .collect();
            words.push(format!("on {} ", targets.join(", ")));
        }
        words.push("by ".to_string());
        let mut parts: Vec<Document> = words.into_iter().map(Document::text).collect();
        parts.push(self.expr(&intervention.by));
        Node { span: intervention.span, pieces: one(parts) }
    }

    fn statements(&self, from: usize, statements: &[Statement]) -> Piece {
        let children = statements.iter().map(|statement| self.statement(statement)).collect();
        self.body(from, children, ";")
    }

    fn fields(&self, from: usize, fields: &[Field]) -> Piece {
        let children = fields.iter().map(|field| self.field(field)).collect();
        self.body(from, children, ";")
    }

    fn probes(&self, from: usize, probes: &[Expr], profiles: &[Field]) -> Piece {
        let probe = |probe: &Expr| Node { span: probe.span, pieces: one(vec![self.expr(probe)]) };
        let mut children: Vec<Node> = probes.iter().map(probe).chain(profiles.iter().map(|field| self.field(field))).collect();
        children.sort_by_key(|node| node.span.start);
        self.body(from, children, ",")
    }

    /// The settings of a sweep: `lr: [0.01, 0.1], width: [8, 16]`.
    fn settings(&self, from: usize, fields: &[Field]) -> Piece {
        let children = fields.iter().map(|field| self.setting(field)).collect();
        self.body(from, children, ",")
    }

    fn setting(&self, field: &Field) -> Node {
        let pieces = match &field.value {
            FieldValue::Exprs(values) => {
                let values = comma_separated(values.iter().map(|value| self.expr(value)).collect());
                one(vec![Document::text(format!("{}: ", field.key.text)), values])
            }
            FieldValue::Profile { name, fields } => {
                vec![Piece::Text(Document::text(format!("profile {}", name.text))), self.settings(name.span.end as usize, fields)]
            }
            _ => vec![Piece::Text(Document::text(self.slice(field.span)))],
        };
        Node { span: field.span, pieces }
    }

    /// A body whose `{` is the first one after `from`.
    fn body(&self, from: usize, children: Vec<Node>, separator: &'static str) -> Piece {
        let (open, close) = self.braces(from);
        Piece::Body(Body { open, close, children, separator })
    }

    /// The first `{` from `from` on and its `}`, strings and comments aside.
    fn braces(&self, from: usize) -> (usize, usize) {
        let bytes = self.text.as_bytes();
        let mut open = None;
        let mut depth = 0usize;
        let mut at = from;
        while at < bytes.len() {
            match bytes[at] {
                b'"' => at += 1 + self.text[at + 1..].find(['"', '\n', '\r']).unwrap_or(0),
                b'/' if bytes.get(at + 1) == Some(&b'/') => at += self.text[at..].find(['\n', '\r']).unwrap_or(1),
                b'{' => {
                    open.get_or_insert(at);
                    depth += 1;
                }
                b'}' => {
                    depth = depth.saturating_sub(1);
                    if let Some(open) = open.filter(|_| depth == 0) {
                        return (open, at);
                    }
                }
                _ => {}
            }
            at += 1;
        }
        (open.unwrap_or(from), bytes.len())
    }

    fn statement(&self, statement: &Statement) -> Node {
        let span = statement.span;
        let text = |text: String| Document::text(text);
        let pieces = match &statement.kind {
            StatementKind::Input { name, sizes, fields } => {
                let mut parts = vec![text(format!("input {}", name.text)), self.axes(sizes)];
                self.trailing(fields, &mut parts);
                one(parts)
            }
            StatementKind::Param { frozen, name, sizes, stored, fields } => {
                let mut parts = vec![text(format!("{} {}", if *frozen { "frozen" } else { "param" }, name.text))];
                if !sizes.is_empty() {
                    parts.push(self.axes(sizes));
                }
                if let Some(stored) = stored {
                    parts.push(self.stored(stored));
                }
                self.trailing(fields, &mut parts);
                one(parts)
            }
            StatementKind::Assign { target, indices, value } => {
                let mut parts = vec![text(target.text.clone())];
                parts.extend(indices.as_ref().map(|indices| self.axes(indices)));
                parts.push(text(" = ".into()));
                parts.push(self.expr(value));
                one(parts)
            }
            StatementKind::For { variable, range, body } => {
                let header = vec![text(format!("for {} in ", variable.text)), self.expr(range)];
                vec![Piece::Text(Document::Group(header)), self.statements(range.span.end as usize, body)]
            }
            StatementKind::Scan { sequences, backwards, body } => {
                let last_sequence = sequences.last();
                let sequences: Vec<Document> = sequences
                    .iter()
                    .map(|(name, sequence)| Document::Group(vec![text(format!("{} in ", name.text)), self.expr(sequence)]))
                    .collect();
                let from = last_sequence.map_or(span.start, |(_, sequence)| sequence.span.end) as usize;
                let mut header = vec![text("scan ".into()), comma_separated(sequences)];
                if *backwards {
                    header.push(text(" backwards".into()));
                }
                vec![Piece::Text(Document::Group(header)), self.statements(from, body)]
            }
            StatementKind::Collect { target, indices, value } => {
                let mut parts = vec![text(format!("collect {}", target.text))];
                parts.extend(indices.as_ref().map(|indices| self.axes(indices)));
                parts.push(text(" = ".into()));
                parts.push(self.expr(value));
                one(parts)
            }
            StatementKind::If { condition, then, otherwise } => self.branch(condition, then, otherwise),
            StatementKind::Output(result) => self.result("output", result),
            StatementKind::Return(result) => self.result("return", result),
            StatementKind::Error => vec![Piece::Text(text(self.slice(span).to_string()))],
        };
        Node { span, pieces }
    }

    fn branch(&self, condition: &Expr, then: &[Statement], otherwise: &[Statement]) -> Vec<Piece> {
        let (mut condition, mut then, mut otherwise) = (condition, then, otherwise);
        let mut pieces = Vec::new();
        let mut word = "if ";
        loop {
            let header = vec![Document::text(word), self.expr(condition)];
            let from = condition.span.end as usize;
            let (_, close) = self.braces(from);
            pieces.push(Piece::Text(Document::Group(header)));
            pieces.push(self.statements(from, then));
            let (open, _) = self.braces(close);
            match otherwise {
                [] => return pieces,
                // `else if`: the nested statement starts before the next brace opens.
                [Statement { kind: StatementKind::If { condition: c, then: t, otherwise: o }, span }]
                    if (span.start as usize) < open =>
                {
                    (condition, then, otherwise) = (c, t, o);
                    word = "else if ";
                }
                statements => {
                    pieces.push(Piece::Text(Document::text("else")));
                    pieces.push(self.statements(close, statements));
                    return pieces;
                }
            }
        }
    }

    fn result(&self, word: &str, result: &ResultValue) -> Vec<Piece> {
        let mut parts = vec![Document::text(format!("{word} "))];
        if let Some((name, axes)) = &result.target {
            parts.extend([Document::text(&name.text), self.axes(axes), Document::text(" = ")]);
        }
        parts.push(self.expr(&result.value));
        one(parts)
    }

    fn stored(&self, stored: &Stored) -> Document {
        let mut parts = vec![Document::text(format!(" stored {}", self.slice(stored.name.span)))];
        for (position, axis) in &stored.each {
            parts.push(Document::text(format!(" for {} in {}", position.text, axis.text)));
        }
        if let Some(layout) = &stored.layout {
            let axes = layout.iter().map(|axis| self.stored_axis(axis)).collect();
            parts.push(Document::text(" as "));
            parts.push(bracketed("[", axes, "]"));
        }
        Document::Group(parts)
    }

    fn stored_axis(&self, axis: &StoredAxis) -> Document {
        let grouped = self.slice(axis.span).starts_with('(');
        let mut parts = vec![Document::text(if grouped { "(" } else { "" })];
        for (at, factor) in axis.factors.iter().enumerate() {
            parts.push(Document::text(format!("{}{}", if at == 0 { "" } else { " " }, factor.name.text)));
            self.offset(factor.at.as_ref(), &mut parts);
        }
        parts.push(Document::text(if grouped { ")" } else { "" }));
        self.offset(axis.at.as_ref(), &mut parts);
        Document::Group(parts)
    }

    fn offset(&self, at: Option<&Expr>, parts: &mut Vec<Document>) {
        if let Some(at) = at {
            parts.push(Document::text(" at "));
            parts.push(self.expr(at));
        }
    }

    fn trailing(&self, fields: &[Field], parts: &mut Vec<Document>) {
        for field in fields {
            parts.push(Document::text(format!(" {} ", field.key.text)));
            if let FieldValue::Exprs(values) = &field.value {
                parts.push(comma_separated(values.iter().map(|value| self.expr(value)).collect()));
            }
        }
    }

    fn field(&self, field: &Field) -> Node {
        let span = field.span;
        let key = field.key.text.as_str();
        let pieces = match &field.value {
            FieldValue::Exprs(values) => {
                let values = comma_separated(values.iter().map(|value| self.expr(value)).collect());
                one(vec![Document::text(format!("{key} ")), values])
            }
            FieldValue::Every { interval, probes } => {
                let header = vec![Document::text("every "), self.expr(interval), Document::text(" measure")];
                vec![Piece::Text(Document::Group(header)), self.probes(interval.span.end as usize, probes, &[])]
            }
            FieldValue::Profile { name, fields } => {
                vec![Piece::Text(Document::text(format!("profile {}", name.text))), self.fields(name.span.end as usize, fields)]
            }
            FieldValue::State(clauses) => {
                let clauses = comma_separated(clauses.iter().map(|clause| self.state(clause)).collect());
                one(vec![Document::text("state "), clauses])
            }
            FieldValue::Claim(claim) => one(vec![Document::text(format!("{key} ")), self.claim(claim)]),
            FieldValue::Plot { series, against, options } => {
                let mut parts = series.iter().map(|series| self.expr(series)).collect::<Vec<_>>();
                if let (Some(last), Some(against)) = (parts.pop(), against) {
                    let from = series.last().map_or(span.start, |series| series.span.end);
                    let word = self.word_between(from, against.span.start, &["over", "against"]);
                    parts.push(Document::Group(vec![last, Document::text(format!(" {word} ")), self.expr(against)]));
                } else {
                    parts.extend(series.last().map(|series| self.expr(series)));
                }
                parts.extend(options.iter().map(|option| self.argument(option)));
                one(vec![Document::text("plot "), comma_separated(parts)])
            }
            FieldValue::Error => vec![Piece::Text(Document::text(self.slice(span)))],
        };
        Node { span, pieces }
    }

    fn state(&self, clause: &StateClause) -> Document {
        let mut parts = vec![Document::text(format!("{} ", clause.verb.text)), self.expr(&clause.target)];
        if let Some(amount) = &clause.amount {
            let word = self.word_between(clause.target.span.end, amount.span.start, &["into", "to"]);
            parts.push(Document::text(format!(" {word} ")));
            parts.push(self.expr(amount));
        }
        Document::Group(parts)
    }

    /// The one of `words` that stands between two places, comments aside.
    fn word_between(&self, start: u32, end: u32, words: &[&'static str]) -> &'static str {
        let mut at = start as usize;
        loop {
            let rest = self.text[at..end as usize].trim_start();
            at = end as usize - rest.len();
            match self.comments.iter().find(|comment| comment.span.start as usize == at) {
                Some(comment) if !rest.is_empty() => at = comment.span.end as usize,
                _ => break,
            }
        }
        let word = self.text[at..end as usize].split(|letter: char| !letter.is_ascii_alphabetic()).next().unwrap_or("");
        words.iter().find(|candidate| **candidate == word).copied().unwrap_or(words[0])
    }
}

fn one(parts: Vec<Document>) -> Vec<Piece> {
    vec![Piece::Text(Document::Group(parts))]
}
