//! The tree of blocks: what each holds, takes and gives.
//!
//! A path such as `layers.0.attn.weight` is a field of a struct for each part. A block whose operations can be computed in one piece is a
//! method of its struct; those of any other block are part of the method around it.

use super::fusion::Fusion;
use super::names;
use super::order::{Item, order};
use std::collections::{BTreeMap, BTreeSet};
use sym_ir::{Operation, ParameterId, Program, ValueId};

/// Names a block of the tree; 0 is the model.
pub type ScopeId = usize;

/// A block.
#[derive(Debug)]
pub struct Scope {
    /// The last part of its path; empty for the model.
    pub name: String,
    /// Its field in the block around it.
    pub field: String,
    /// Its path.
    pub path: String,
    /// The block around it.
    pub parent: Option<ScopeId>,
    /// Blocks inside, in the order of their first parameters.
    pub children: Vec<ScopeId>,
    /// Parameters that are its own.
    pub parameters: Vec<ParameterId>,
    /// Operations that are its own.
    pub nodes: Vec<ValueId>,
    /// How it is computed.
    pub method: Option<Method>,
}

/// A block that is computed in one piece.
#[derive(Debug, Default)]
pub struct Method {
    /// Values from outside, each once.
    pub arguments: Vec<ValueId>,
    /// Values that are read outside.
    pub results: Vec<ValueId>,
    /// What it does, in order.
    pub items: Vec<Item>,
}

/// The tree.
#[derive(Debug)]
pub struct Scopes {
    /// All blocks; a block follows the one around it.
    pub all: Vec<Scope>,
    of_value: Vec<ScopeId>,
    of_parameter: Vec<ScopeId>,
    fields: Vec<String>,
    held: Vec<Option<String>>,
}

impl Scopes {
    /// The blocks of a program.
    pub fn of(program: &Program, fusion: &Fusion) -> Self {
        let mut scopes = Self::tree(program, fusion);
        let mut inline: BTreeSet<ScopeId> = (1..scopes.all.len()).filter(|&id| scopes.is_list(id)).collect();
        loop {
            for id in 0..scopes.all.len() {
                let method = (!inline.contains(&id)).then(|| scopes.interface(program, fusion, id));
                // A block without a result outside is nothing to call.
                scopes.all[id].method = method.filter(|method| id == 0 || !method.results.is_empty());
            }
            inline.extend((0..scopes.all.len()).filter(|&id| scopes.all[id].method.is_none()));
            let mut tangled = Vec::new();
            for id in 0..scopes.all.len() {
                if scopes.all[id].method.is_none() {
                    continue;
                }
                match order(&scopes, fusion, id) {
                    Ok(items) => {
                        if let Some(method) = &mut scopes.all[id].method {
                            method.items = items;
                        }
                    }
                    Err(calls) => tangled.extend(calls),
                }
            }
            if tangled.is_empty() {
                return scopes;
            }
            inline.extend(tangled);
        }
    }

    fn tree(program: &Program, fusion: &Fusion) -> Self {
        let mut scopes =
            Self { all: Vec::new(), of_value: Vec::new(), of_parameter: Vec::new(), fields: Vec::new(), held: Vec::new() };
        let mut known: BTreeMap<String, ScopeId> = BTreeMap::new();
        scopes.enter("", &mut known);
        let paths: BTreeSet<&str> = program.parameters.iter().map(|parameter| parameter.path.as_str()).collect();
        for (id, parameter) in program.parameter_ids() {
            // A factor of a weight, `fc1.weight.scale`, is a field beside it: a tensor holds nothing.
            let dots = parameter.path.match_indices('.').map(|(at, _)| &parameter.path[..at]);
            let whole = dots.into_iter().find(|path| paths.contains(path)).unwrap_or(&parameter.path);
            let block = &whole[..whole.rfind('.').unwrap_or(0)];
            scopes.fields.push(parameter.path[block.len()..].trim_start_matches('.').to_string());
            scopes.held.push(parameter.role.mask.is_some().then(String::new));
            let scope = scopes.enter(block, &mut known);
            scopes.all[scope].parameters.push(id);
            scopes.of_parameter.push(scope);
        }
        for (at, node) in program.nodes.iter().enumerate() {
            let mut path: &str = &node.scope;
            while !known.contains_key(path) {
                path = path.rsplit_once('.').map_or("", |(outer, _)| outer);
            }
            let scope = match &node.operation {
                Operation::Parameter(id) => scopes.of_parameter[id.0 as usize],
                _ => known[path],
            };
            scopes.of_value.push(scope);
            if !fusion.elided[at] {
                scopes.all[scope].nodes.push(ValueId(at as u32));
            }
        }
        scopes.name_fields();
        scopes
    }

    /// Gives every parameter and block a field that no other has in its block.
    fn name_fields(&mut self) {
        for id in 0..self.all.len() {
            let mut taken: BTreeSet<String> = BTreeSet::new();
            let mut free = |part: &str| {
                let wanted = names::field(part);
                let numbered = (2..).map(|number| format!("{wanted}_{number}"));
                let name = std::iter::once(wanted.clone()).chain(numbered).find(|name| !taken.contains(name));
                let name = name.unwrap_or(wanted);
                taken.insert(name.clone());
                name
            };
            for parameter in self.all[id].parameters.clone() {
                let field = &mut self.fields[parameter.0 as usize];
                *field = free(field);
                if let Some(held) = &mut self.held[parameter.0 as usize] {
                    *held = free(&format!("{field}_held"));
                }
            }
            for child in self.all[id].children.clone() {
                self.all[child].field = free(&self.all[child].name);
            }
        }
    }

    fn enter(&mut self, path: &str, known: &mut BTreeMap<String, ScopeId>) -> ScopeId {
        if let Some(&id) = known.get(path) {
            return id;
        }
        let (outer, name) = path.rsplit_once('.').unwrap_or(("", path));
        let parent = (!path.is_empty()).then(|| self.enter(outer, known));
        let id = self.all.len();
        self.all.push(Scope {
            name: name.to_string(),
            field: String::new(),
            path: path.to_string(),
            parent,
            children: Vec::new(),
            parameters: Vec::new(),
            nodes: Vec::new(),
            method: None,
        });
        if let Some(parent) = parent {
            self.all[parent].children.push(id);
        }
        known.insert(path.to_string(), id);
        id
    }

    /// Whether a block is nothing but a sequence of blocks `0`, `1`, ….
    pub fn is_list(&self, id: ScopeId) -> bool {
        let scope = &self.all[id];
        let in_order = |(at, child): (usize, &ScopeId)| self.all[*child].name == at.to_string();
        id != 0
            && !scope.children.is_empty()
            && scope.parameters.is_empty()
            && scope.nodes.is_empty()
            && scope.children.iter().enumerate().all(in_order)
    }

    /// The block that declares a parameter.
    pub fn of_parameter(&self, id: ParameterId) -> ScopeId {
        self.of_parameter[id.0 as usize]
    }

    /// The field of a parameter in its block.
    pub fn field(&self, id: ParameterId) -> &str {
        &self.fields[id.0 as usize]
    }

    /// The field of the entries at which the mask of a parameter holds it, where it has one.
    pub fn held(&self, id: ParameterId) -> Option<&str> {
        self.held[id.0 as usize].as_deref()
    }

    /// Whether a block is another or inside of it.
    pub fn within(&self, id: ScopeId, outer: ScopeId) -> bool {
        let mut current = Some(id);
        while let Some(scope) = current {
            if scope == outer {
                return true;
            }
            current = self.all[scope].parent;
        }
        false
    }

    /// The block whose method computes what stands in a block.
    pub fn host(&self, id: ScopeId) -> ScopeId {
        let mut current = id;
        while self.all[current].method.is_none() {
            let Some(parent) = self.all[current].parent else { return current };
            current = parent;
        }
        current
    }

    /// In the method of `host`, what gives a value: the value itself, or the block that is called for it. `None` for a value from outside.
    pub fn source(&self, value: ValueId, host: ScopeId) -> Option<Result<ValueId, ScopeId>> {
        let mut current = self.host(self.of_value[value.0 as usize]);
        if current == host {
            return Some(Ok(value));
        }
        loop {
            let parent = self.host(self.all[current].parent?);
            if parent == host {
                return Some(Err(current));
            }
            current = parent;
        }
    }

    /// Operations of a block and all blocks inside, in order.
    fn nodes_within(&self, id: ScopeId) -> Vec<ValueId> {
        let mut nodes = Vec::new();
        let mut open = vec![id];
        while let Some(scope) = open.pop() {
            nodes.extend(&self.all[scope].nodes);
            open.extend(&self.all[scope].children);
        }
        nodes.sort_unstable();
        nodes
    }

    /// What a block takes and gives.
    fn interface(&self, program: &Program, fusion: &Fusion, id: ScopeId) -> Method {
        let nodes: BTreeSet<ValueId> = self.nodes_within(id).into_iter().collect();
        let outside = |value: &ValueId| {
            let node = program.node(*value);
            match node.operation {
                Operation::Parameter(_) => !self.within(self.of_value[value.0 as usize], id),
                _ => !nodes.contains(value),
            }
        };
        if id == 0 {
            let inputs = (0..program.inputs.len()).filter_map(|input| {
                let reads = |node: &sym_ir::Node| matches!(node.operation, Operation::Input(id) if id.0 as usize == input);
                program.nodes.iter().position(reads).map(|at| ValueId(at as u32))
            });
            let results = program.outputs.iter().map(|output| output.value).collect();
            return Method { arguments: inputs.collect(), results, items: Vec::new() };
        }
        let read = nodes.iter().flat_map(|node| &fusion.operands[node.0 as usize]);
        let arguments: BTreeSet<ValueId> = read.copied().filter(outside).collect();
        let mut results: BTreeSet<ValueId> =
            program.outputs.iter().map(|output| output.value).filter(|value| nodes.contains(value)).collect();
        for at in 0..program.nodes.len() {
            if !fusion.elided[at] && !nodes.contains(&ValueId(at as u32)) {
                results.extend(fusion.operands[at].iter().filter(|operand| nodes.contains(operand)));
            }
        }
        Method { arguments: arguments.into_iter().collect(), results: results.into_iter().collect(), items: Vec::new() }
    }
}
