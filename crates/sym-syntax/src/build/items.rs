//! Items.

use super::Builder;
use crate::ast::{
    Block, Claim, Comparison, Data, Expr, ExprKind, Field, FieldValue, Figure, Function, Item, ItemKind, Measure, Model,
    ModelBody, Parameter, ParameterKind, Split, StringLiteral, Sweep, Theorem, Train, UsePath,
};
use crate::grammar::Rule;
use pest::iterators::Pair;
use sym_diagnostics::{Code, Diagnostic};

/// The words that start an item.
const ITEM_WORDS: [&str; 12] =
    ["use", "fn", "block", "model", "data", "train", "sweep", "measure", "theorem", "figure", "expect", "assume"];

/// The same in messages.
const ONE_ITEM: &str =
    "one of `use`, `fn`, `block`, `model`, `data`, `train`, `sweep`, `measure`, `theorem`, `figure`, `expect`, `assume`";

impl<'a> Builder<'a> {
    /// Appends the item of a child of `file`.
    pub(super) fn item(&mut self, pair: Pair<'a, Rule>, items: &mut Vec<Item>) {
        let span = self.span(&pair);
        self.selectors = false;
        let kind = match pair.as_rule() {
            Rule::use_item => self.use_path(pair),
            Rule::function_item => ItemKind::Function(self.function(pair)),
            Rule::block_item => ItemKind::Block(self.block(pair)),
            Rule::model_item => ItemKind::Model(self.model(pair)),
            Rule::data_item => ItemKind::Data(self.data(pair)),
            Rule::train_item => ItemKind::Train(self.train(pair)),
            Rule::figure_item => ItemKind::Figure(self.figure(pair)),
            Rule::expect_item => ItemKind::Expect(self.claim_of(pair)),
            Rule::assume_item => ItemKind::Assume(self.claim_of(pair)),
            Rule::theorem_item => ItemKind::Theorem(self.theorem(pair)),
            Rule::sweep_item => ItemKind::Sweep(self.sweep(pair)),
            Rule::measure_item => ItemKind::Measure(self.measurement(pair)),
            Rule::unknown_item => {
                self.unknown_item(&pair);
                ItemKind::Error
            }
            Rule::stray => {
                self.stray(&pair);
                ItemKind::Error
            }
            _ => return,
        };
        // An item that nothing can refer to would only give further diagnostics about its empty name.
        let nameless = match &kind {
            ItemKind::Function(function) => function.name.text.is_empty(),
            ItemKind::Block(block) => block.name.text.is_empty(),
            ItemKind::Model(model) => model.name.text.is_empty(),
            ItemKind::Data(data) => data.name.text.is_empty(),
            ItemKind::Train(train) => train.name.text.is_empty(),
            ItemKind::Theorem(theorem) => theorem.name.text.is_empty(),
            ItemKind::Sweep(sweep) => sweep.name.text.is_empty(),
            ItemKind::Measure(measure) => measure.name.text.is_empty(),
            ItemKind::Figure(figure) => figure.name.parts.is_empty(),
            ItemKind::Use(_) | ItemKind::Expect(_) | ItemKind::Assume(_) | ItemKind::Error => false,
        };
        items.push(Item { kind: if nameless { ItemKind::Error } else { kind }, span });
    }

    fn unknown_item(&mut self, pair: &Pair<'a, Rule>) {
        let span = pair.as_span();
        for (start, end, near) in self.mistakes(span.start(), span.end(), &ITEM_WORDS, looks_like_an_item) {
            let (found, place) = self.token(start);
            let name = found.trim_matches('`').to_string();
            let mut diagnostic = Diagnostic::new(Code::E0106, place, format!("unknown item {found}"))
                .label("no item starts with this word")
                .found(found)
                .expected(ONE_ITEM);
            if near.is_some() {
                diagnostic = diagnostic.suggest(&name, ITEM_WORDS);
            }
            let mut accounted = self.span(pair);
            accounted.start = start as u32;
            accounted.end = (self.trim(end) as u32).max(accounted.start);
            self.report(accounted, diagnostic);
        }
    }

    fn stray(&mut self, pair: &Pair<'a, Rule>) {
        let text = pair.as_str().trim_end();
        if text == "}" && self.opened > 0 {
            self.opened -= 1;
            return;
        }
        if text.starts_with([')', ']', '}']) {
            self.closes_nothing(pair, "an item, such as `model` or `train`");
        } else {
            self.junk(pair, "an item, such as `model` or `train`");
        }
    }

    fn use_path(&mut self, pair: Pair<'a, Rule>) -> ItemKind {
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::use_module => {
                    return ItemKind::Use(UsePath::Module(part.into_inner().map(|name| self.ident(&name)).collect()));
                }
                Rule::string | Rule::unterminated => return ItemKind::Use(UsePath::File(self.string(part, false))),
                Rule::missing_path => {
                    self.missing(part.as_span().start(), Code::E0101, "a file such as `\"layers.sym\"` or `std.layers`", None);
                }
                _ => {}
            }
        }
        ItemKind::Error
    }

    fn function(&mut self, pair: Pair<'a, Rule>) -> Function {
        let mut function = Function {
            name: self.no_name(pair.as_span().start()),
            parameters: Vec::new(),
            body: self.no_expr(pair.as_span().end()),
        };
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::ident | Rule::missing_name => function.name = self.name(&part, "a name for the function"),
                Rule::parameters => function.parameters = self.parameters(part),
                Rule::missing_lparen => self.missing(part.as_span().start(), Code::E0102, "`(`", None),
                Rule::missing_equals => self.missing(part.as_span().start(), Code::E0101, "`=`", None),
                Rule::expr | Rule::missing_expr => function.body = self.value(part),
                _ => {}
            }
        }
        function
    }

    fn block(&mut self, pair: Pair<'a, Rule>) -> Block {
        let mut block =
            Block { name: self.no_name(pair.as_span().start()), parameters: Vec::new(), result: None, body: Vec::new() };
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::ident | Rule::missing_name => block.name = self.name(&part, "a name for the block"),
                Rule::parameters => block.parameters = self.parameters(part),
                Rule::missing_lparen => {
                    self.missing(
                        part.as_span().start(),
                        Code::E0102,
                        "`(`",
                        Some("a block has parameters: `block b(x[d])`".into()),
                    );
                }
                Rule::result_shape => {
                    for shape in part.into_inner() {
                        match shape.as_rule() {
                            Rule::sizes => block.result = Some(self.axes(shape)),
                            _ => self.missing(shape.as_span().start(), Code::E0101, "a shape such as `[d]`", None),
                        }
                    }
                }
                Rule::statements => block.body = self.statements(part),
                _ => {}
            }
        }
        block
    }

    fn model(&mut self, pair: Pair<'a, Rule>) -> Model {
        let mut model =
            Model { name: self.no_name(pair.as_span().start()), parameters: Vec::new(), body: ModelBody::Statements(Vec::new()) };
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::ident | Rule::missing_name => model.name = self.name(&part, "a name for the model"),
                Rule::parameters => model.parameters = self.parameters(part),
                Rule::statements => model.body = ModelBody::Statements(self.statements(part)),
                Rule::model_alias => {
                    for alias in part.into_inner() {
                        match alias.as_rule() {
                            Rule::expr | Rule::missing_expr => {
                                model.body = ModelBody::Alias { target: self.value(alias), with: None };
                            }
                            Rule::with_clause => {
                                let interventions = self.interventions(alias);
                                if let ModelBody::Alias { with, .. } = &mut model.body {
                                    *with = Some(interventions);
                                }
                            }
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
        model
    }

    fn data(&mut self, pair: Pair<'a, Rule>) -> Data {
        self.selectors = true;
        let mut data =
            Data { name: self.no_name(pair.as_span().start()), source: self.no_expr(pair.as_span().end()), split: None };
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::ident | Rule::missing_name => data.name = self.name(&part, "a name for the data"),
                Rule::missing_equals => self.missing(part.as_span().start(), Code::E0101, "`=`", None),
                Rule::expr | Rule::missing_expr => data.source = self.value(part),
                Rule::split => data.split = Some(self.split(part)),
                Rule::data_junk => {
                    let word: String = part.as_str().chars().take_while(char::is_ascii_alphanumeric).collect();
                    let help = sym_diagnostics::nearest(&word, ["split"]).map(|near| format!("a similar word exists: `{near}`"));
                    let span = part.as_span();
                    self.unexpected(span.start(), span.end(), Code::E0101, "`split COUNT as NAME` or another item", help);
                }
                _ => {}
            }
        }
        data
    }

    fn split(&mut self, pair: Pair<'a, Rule>) -> Split {
        let at = pair.as_span().end();
        let mut split = Split { count: self.no_expr(at), name: self.no_name(at) };
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::ident | Rule::missing_name => split.name = self.name(&part, "a name for the second part"),
                Rule::missing_as => self.missing(part.as_span().start(), Code::E0101, "`as`", None),
                Rule::expr | Rule::missing_expr => split.count = self.value(part),
                _ => {}
            }
        }
        split
    }

    fn train(&mut self, pair: Pair<'a, Rule>) -> Train {
        self.selectors = true;
        let mut train =
            Train { name: self.no_name(pair.as_span().start()), model: self.no_expr(pair.as_span().end()), fields: Vec::new() };
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::ident | Rule::missing_name => train.name = self.name(&part, "a name for the training run"),
                Rule::missing_equals => self.missing(part.as_span().start(), Code::E0101, "`=`", None),
                Rule::expr | Rule::missing_expr => train.model = self.value(part),
                Rule::fields => train.fields = self.fields(part),
                _ => {}
            }
        }
        train
    }

    fn figure(&mut self, pair: Pair<'a, Rule>) -> Figure {
        self.selectors = true;
        let mut figure = Figure { name: StringLiteral { parts: Vec::new(), span: self.span(&pair).after() }, fields: Vec::new() };
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::string => figure.name = self.string(part, false),
                Rule::unterminated => {
                    self.string(part, false);
                }
                Rule::missing_string => {
                    let help = "the name is the stem of the files: `figure \"loss\" { … }`".to_string();
                    self.missing(part.as_span().start(), Code::E0101, "a name in quotes", Some(help));
                }
                Rule::fields => figure.fields = self.fields(part),
                _ => {}
            }
        }
        figure
    }

    fn sweep(&mut self, pair: Pair<'a, Rule>) -> Sweep {
        let start = pair.as_span().start();
        let mut sweep = Sweep { name: self.no_name(start), train: self.no_name(start), fields: Vec::new() };
        let mut is_named = false;
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::ident | Rule::missing_name if is_named => sweep.train = self.name(&part, "the name of a `train` item"),
                Rule::ident | Rule::missing_name => {
                    sweep.name = self.name(&part, "a name for the sweep");
                    is_named = true;
                }
                Rule::missing_equals => self.missing(part.as_span().start(), Code::E0101, "`=`", None),
                Rule::missing_train => {
                    let help = "a sweep repeats a run: `sweep Rates = train Run over { lr: [0.01, 0.1] }`".to_string();
                    self.missing(part.as_span().start(), Code::E0101, "`train`", Some(help));
                }
                Rule::missing_over => self.missing(part.as_span().start(), Code::E0101, "`over`", None),
                Rule::sweep_fields => sweep.fields = self.fields(part),
                _ => {}
            }
        }
        sweep
    }

    fn theorem(&mut self, pair: Pair<'a, Rule>) -> Theorem {
        self.selectors = true;
        let mut theorem =
            Theorem { name: self.no_name(pair.as_span().start()), model: self.no_expr(pair.as_span().end()), fields: Vec::new() };
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::ident | Rule::missing_name => theorem.name = self.name(&part, "a name for the theorem"),
                Rule::missing_on => self.missing(part.as_span().start(), Code::E0101, "`on`", None),
                Rule::expr | Rule::missing_expr => theorem.model = self.value(part),
                Rule::theorem_fields => theorem.fields = self.fields(part),
                _ => {}
            }
        }
        theorem
    }

    fn measurement(&mut self, pair: Pair<'a, Rule>) -> Measure {
        self.selectors = true;
        let mut measure = Measure {
            name: self.no_name(pair.as_span().start()),
            model: self.no_expr(pair.as_span().end()),
            clauses: Vec::new(),
            probes: Vec::new(),
            profiles: Vec::new(),
        };
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::ident | Rule::missing_name => measure.name = self.name(&part, "a name for the measurement"),
                Rule::missing_on => self.missing(part.as_span().start(), Code::E0101, "`on`", None),
                Rule::expr | Rule::missing_expr => measure.model = self.value(part),
                Rule::measure_clause => measure.clauses.extend(self.clause(part)),
                Rule::measure_body => {
                    let is_profile = |pair: &Pair<'a, Rule>| pair.as_rule() == Rule::profile_field;
                    let profiles: Vec<Pair<'a, Rule>> = part.clone().into_inner().filter(is_profile).collect();
                    measure.profiles = profiles.into_iter().map(|profile| self.special_field(profile)).collect();
                    measure.probes = self.probes(part);
                }
                _ => {}
            }
        }
        measure
    }

    /// `from "file"`: a word and one value.
    fn clause(&mut self, pair: Pair<'a, Rule>) -> Option<Field> {
        let span = self.span(&pair);
        let (mut key, mut value) = (None, None);
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::ident => key = Some(self.ident(&part)),
                Rule::colon => self.colon(&part, key.as_ref().map_or("", |key: &crate::ast::Ident| &key.text)),
                Rule::expr => value = Some(self.value(part)),
                _ => {}
            }
        }
        Some(Field { key: key?, value: FieldValue::Exprs(vec![value?]), span })
    }

    /// The claim inside an `expect` or `assume`, item or field.
    pub(super) fn claim_of(&mut self, pair: Pair<'a, Rule>) -> Claim {
        self.selectors = true;
        let span = self.span(&pair);
        let mut sides = Vec::new();
        let mut single = None;
        for part in pair.into_inner().filter(|part| part.as_rule() == Rule::claim).flat_map(Pair::into_inner) {
            match part.as_rule() {
                Rule::single => single = Some(self.span(&part)),
                _ => sides.push(self.value(part)),
            }
        }
        let mut sides = sides.into_iter();
        let first = sides.next().unwrap_or_else(|| self.no_expr(span.end as usize));
        let whole = first.span;
        match (first, single) {
            (Expr { kind: ExprKind::Compare { comparison, left, right }, .. }, None) => {
                Claim { left: *left, comparison, right: *right, span: whole }
            }
            (left, Some(equals)) => {
                self.report(equals, single_equals(equals));
                let right = sides.next().unwrap_or_else(|| self.no_expr(span.end as usize));
                let span = whole.to(right.span);
                Claim { left, comparison: Comparison::Equal, right, span }
            }
            (left, None) => {
                let end = left.span.end as usize;
                if left.kind != ExprKind::Error {
                    let at = super::skip_blank(self.text, self.comments, end);
                    let help = "a claim compares two quantities: `expect A.loss at end < 0.1`".to_string();
                    self.missing(at, Code::E0103, "a comparison (`==`, `!=`, `<`, `<=`, `>`, `>=`)", Some(help));
                }
                let right = self.no_expr(end);
                Claim { left, comparison: Comparison::Equal, right, span: whole }
            }
        }
    }

    fn parameters(&mut self, pair: Pair<'a, Rule>) -> Vec<Parameter> {
        let mut parameters = Vec::new();
        let mut opener = self.span(&pair);
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::lparen => opener = self.span(&part),
                Rule::parameter => {
                    let parameter = self.parameter(part);
                    if !parameter.name.text.is_empty() {
                        parameters.push(parameter);
                    }
                }
                Rule::paren_junk => self.junk(&part, "`,` or `)`"),
                Rule::missing_rparen => self.unclosed(part.as_span().start(), opener, ")"),
                _ => {}
            }
        }
        parameters
    }

    fn parameter(&mut self, pair: Pair<'a, Rule>) -> Parameter {
        let span = self.span(&pair);
        let mut parameter = Parameter { name: self.no_name(span.start as usize), kind: ParameterKind::Value(None), span };
        let mut type_name = None;
        let mut default = None;
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::ident | Rule::missing_name => parameter.name = self.name(&part, "a parameter"),
                Rule::sizes => parameter.kind = ParameterKind::Value(Some(self.axes(part))),
                Rule::type_name => type_name = Some(self.ident(&part)),
                Rule::missing_type => {
                    let at = part.as_span().start();
                    self.missing(at, Code::E0101, "a type (`int`, `float`, `bool`, `fn` or `name`)", None);
                    type_name = Some(self.no_name(at));
                }
                Rule::default => default = part.into_inner().last().map(|value| self.value(value)),
                Rule::untyped_default => {
                    let at = part.as_span().start();
                    let help = format!("write the type before the default: `{}: int = …`", parameter.name.text);
                    self.missing(at, Code::E0101, "a type (`: int`, `: float`, `: bool`, `: fn` or `: name`)", Some(help));
                    type_name = Some(self.no_name(at));
                    default = part.into_inner().last().map(|value| self.value(value));
                }
                _ => {}
            }
        }
        if let Some(type_name) = type_name {
            parameter.kind = ParameterKind::Setting { type_name, default };
        }
        parameter
    }
}

/// Whether a line that nothing explains looks like the start of an item: two words from the first column on, then a body or value.
fn looks_like_an_item(line: &str) -> bool {
    let mut words = line.split_whitespace();
    let is_word = |word: Option<&str>| word.is_some_and(|word| word.starts_with(|first: char| first.is_ascii_alphabetic()));
    line.starts_with(|first: char| first.is_ascii_alphabetic())
        && is_word(words.next())
        && is_word(words.next())
        && line.contains(['{', '='])
}

/// The diagnostic for `=` where two values are compared.
pub(super) fn single_equals(span: sym_diagnostics::Span) -> Diagnostic {
    Diagnostic::new(Code::E0103, span, "`=` defines a name; values are compared with `==`")
        .label("`==` is expected")
        .found("`=`")
        .expected("`==`")
        .help("write `==`")
}
