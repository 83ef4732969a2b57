//! The order of what a method does, and repeated blocks as loops.

use super::fusion::Fusion;
use super::scopes::{ScopeId, Scopes};
use std::collections::BTreeSet;
use sym_ir::ValueId;

/// A step of a method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// An operation.
    Node(ValueId),
    /// A call of a block's method.
    Call(ScopeId),
}

/// The steps of a block in an order in which each finds its operands; the calls that stand in a circle where there is none.
pub fn order(scopes: &Scopes, fusion: &Fusion, host: ScopeId) -> Result<Vec<Item>, Vec<ScopeId>> {
    let mut items: Vec<(ValueId, Item)> = Vec::new();
    let mut open = vec![host];
    while let Some(id) = open.pop() {
        items.extend(scopes.all[id].nodes.iter().map(|&node| (node, Item::Node(node))));
        for &child in &scopes.all[id].children {
            match &scopes.all[child].method {
                // It stands where its first result is.
                Some(method) => items.push((method.results[0], Item::Call(child))),
                None => open.push(child),
            }
        }
    }
    items.sort_by_key(|(at, _)| *at);
    let position = |value: ValueId| match scopes.source(value, host).filter(|_| !fusion.elided[value.0 as usize])? {
        Ok(value) => items.iter().position(|(_, item)| *item == Item::Node(value)),
        Err(call) => items.iter().position(|(_, item)| *item == Item::Call(call)),
    };
    let needs: Vec<BTreeSet<usize>> = items
        .iter()
        .enumerate()
        .map(|(own, (_, item))| {
            let read = match item {
                Item::Node(node) => &fusion.operands[node.0 as usize],
                Item::Call(scope) => &scopes.all[*scope].method.as_ref().expect("only methods are called").arguments,
            };
            read.iter().filter_map(|&value| position(value)).filter(|&at| at != own).collect()
        })
        .collect();
    let mut users: Vec<Vec<usize>> = vec![Vec::new(); items.len()];
    let mut missing: Vec<usize> = needs.iter().map(BTreeSet::len).collect();
    for (own, needed) in needs.iter().enumerate() {
        for &at in needed {
            users[at].push(own);
        }
    }
    let mut ready: BTreeSet<usize> = (0..items.len()).filter(|&at| missing[at] == 0).collect();
    let mut ordered = Vec::with_capacity(items.len());
    while let Some(at) = ready.pop_first() {
        ordered.push(items[at].1.clone());
        for &user in &users[at] {
            missing[user] -= 1;
            if missing[user] == 0 {
                ready.insert(user);
            }
        }
    }
    if ordered.len() == items.len() {
        return Ok(ordered);
    }
    // What only follows a circle is on none.
    let mut stuck: BTreeSet<usize> = (0..items.len()).filter(|&at| missing[at] > 0).collect();
    while let Some(&at) = stuck.iter().find(|&&at| users[at].iter().all(|user| !stuck.contains(user))) {
        stuck.remove(&at);
    }
    let calls = stuck.iter().filter_map(|&at| if let Item::Call(scope) = items[at].1 { Some(scope) } else { None });
    Err(calls.collect())
}
