//! `torch.save` since version 1.6: a zip file of a pickle `data.pkl` and an array `data/KEY` for each storage.

use super::pickle::Machine;
use super::{Array, flatten};
use crate::archive::{Tensor, Unread};
use crate::cursor::Cursor;
use crate::fault::Read;
use crate::source::Source;
use crate::zipped::Member;
use std::collections::HashMap;

/// The longest pickle: a hundred bytes for each of millions of tensors.
const MAX_PICKLE: u64 = 256 << 20;

/// The folder of a zip file that holds a model, if it does; it ends in `/` or is empty.
pub(crate) fn root(members: &[Member]) -> Option<&str> {
    let root = |member: &'_ Member| {
        member.name.strip_suffix("data.pkl").filter(|root| root.is_empty() || root.ends_with('/')).map(str::len)
    };
    members.iter().find_map(|member| root(member).map(|length| &member.name[..length]))
}

/// The tensors of such a file.
pub(crate) fn tensors(source: &mut Source, members: &[Member], root: &str, unread: &mut Vec<Unread>) -> Read<Vec<Tensor>> {
    let by_name: HashMap<&str, &Member> =
        members.iter().filter_map(|member| Some((member.name.strip_prefix(root)?, member))).collect();
    let pickle = by_name.get("data.pkl").ok_or("it has no `data.pkl`")?.all(source, MAX_PICKLE)?;
    let swapped = match by_name.get("byteorder") {
        Some(order) => order.all(source, 64)?.starts_with(b"big"),
        None => false,
    };
    let mut pickle = Source::of(pickle);
    let mut machine = Machine::default();
    let top = machine.run(&mut Cursor::new(&mut pickle, 0))?;
    let array = |key: &str| {
        let member = by_name.get(format!("data/{key}").as_str())?;
        Some(Array { data: member.data(0), length: member.length, swapped })
    };
    flatten(&machine, &top, &array, unread)
}
