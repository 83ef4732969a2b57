//! The stack machine of Python's pickles (protocols 0 to 5), without any function of Python.
//!
//! Values that hold others are nodes of a list and refer to each other by number: a pickle may nest them a million deep, and none of
//! what walks them may recurse.

use super::rebuild::{self, Rebuilt, Storage};
use crate::cursor::Cursor;
use crate::fault::Read;
use std::collections::BTreeMap;
use std::rc::Rc;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    None,
    Bool(bool),
    Int(i128),
    Float,
    Text(Rc<str>),
    Bytes,
    Node(usize),
}

/// A value that holds others, or stands for something.
#[derive(Debug, Clone)]
pub(super) enum Node {
    List(Vec<Value>),
    Tuple(Vec<Value>),
    Dict(Vec<(Value, Value)>),
    Set(Vec<Value>),
    /// A name of a function or class; nothing is looked up.
    Global {
        module: Rc<str>,
        name: Rc<str>,
    },
    /// What a call of another function would have made.
    Object(String),
    Storage(Storage),
    Tensor(Rebuilt),
    /// A reference to something outside of the pickle that is no array.
    Foreign,
}

/// The machine with everything that it made.
#[derive(Debug, Default)]
pub(super) struct Machine {
    pub nodes: Vec<Node>,
    stack: Vec<Value>,
    marks: Vec<usize>,
    memo: BTreeMap<u64, Value>,
}

impl Machine {
    /// Runs a pickle to its end and gives its value.
    pub fn run(&mut self, cursor: &mut Cursor<'_>) -> Read<Value> {
        self.stack.clear();
        self.marks.clear();
        self.memo.clear();
        loop {
            let code = cursor.byte()?;
            if code == b'.' {
                return self.pop();
            }
            self.step(code, cursor)?;
        }
    }

    fn step(&mut self, code: u8, cursor: &mut Cursor<'_>) -> Read<()> {
        match code {
            0x80 => match cursor.byte()? {
                0..=5 => {}
                protocol => return Err(format!("a pickle of protocol {protocol}")),
            },
            0x95 => drop(cursor.array::<8>()?),
            b'(' => self.marks.push(self.stack.len()),
            b'0' => drop(self.pop()?),
            b'1' => drop(self.marked()?),
            b'2' => {
                let top = self.stack.last().cloned().ok_or_else(empty)?;
                self.stack.push(top);
            }
            b'N' => self.stack.push(Value::None),
            0x88 => self.stack.push(Value::Bool(true)),
            0x89 => self.stack.push(Value::Bool(false)),
            b'I' | b'L' => {
                let value = number_of(&cursor.line()?, code)?;
                self.stack.push(value);
            }
            b'J' => self.integer(i128::from(i32::from_le_bytes(cursor.array()?))),
            b'K' => self.integer(i128::from(cursor.byte()?)),
            b'M' => self.integer(i128::from(u16::from_le_bytes(cursor.array()?))),
            0x8a => self.long(cursor, |cursor| cursor.byte().map(u64::from))?,
            0x8b => self.long(cursor, |cursor| cursor.array().map(|bytes| u64::from(u32::from_le_bytes(bytes))))?,
            b'F' => {
                cursor.line()?;
                self.stack.push(Value::Float);
            }
            b'G' => {
                cursor.array::<8>()?;
                self.stack.push(Value::Float);
            }
            b'S' | b'V' => {
                let line = cursor.line()?;
                let line = if code == b'S' { unquoted(&line) } else { &line };
                let text = text(line)?;
                self.stack.push(text);
            }
            b'T' | b'X' => {
                let length = u64::from(u32::from_le_bytes(cursor.array()?));
                self.text(cursor, length)?;
            }
            b'U' | 0x8c => {
                let length = u64::from(cursor.byte()?);
                self.text(cursor, length)?;
            }
            0x8d => {
                let length = u64::from_le_bytes(cursor.array()?);
                self.text(cursor, length)?;
            }
            b'B' => self.bytes(cursor, |cursor| cursor.array().map(|bytes| u64::from(u32::from_le_bytes(bytes))))?,
            b'C' => self.bytes(cursor, |cursor| cursor.byte().map(u64::from))?,
            0x8e | 0x96 => self.bytes(cursor, |cursor| cursor.array().map(u64::from_le_bytes))?,
            0x97 => return Err("a pickle with buffers outside of it".to_string()),
            0x98 => {}
            _ => return self.containers(code, cursor),
        }
        Ok(())
    }

    fn containers(&mut self, code: u8, cursor: &mut Cursor<'_>) -> Read<()> {
        match code {
            b']' => self.node(Node::List(Vec::new())),
            b')' => self.node(Node::Tuple(Vec::new())),
            b'}' => self.node(Node::Dict(Vec::new())),
            0x8f => self.node(Node::Set(Vec::new())),
            b'l' => {
                let values = self.marked()?;
                self.node(Node::List(values));
            }
            b't' => {
                let values = self.marked()?;
                self.node(Node::Tuple(values));
            }
            0x91 => {
                let values = self.marked()?;
                self.node(Node::Set(values));
            }
            b'd' => {
                let entries = pairs(self.marked()?)?;
                self.node(Node::Dict(entries));
            }
            0x85..=0x87 => {
                let count = usize::from(code - 0x84);
                let at = self.stack.len().checked_sub(count).ok_or_else(empty)?;
                let values = self.stack.split_off(at);
                self.node(Node::Tuple(values));
            }
            b'a' => {
                let value = self.pop()?;
                self.append(vec![value])?;
            }
            b'e' | 0x90 => {
                let values = self.marked()?;
                self.append(values)?;
            }
            b's' => {
                let (value, key) = (self.pop()?, self.pop()?);
                self.insert(vec![(key, value)])?;
            }
            b'u' => {
                let entries = pairs(self.marked()?)?;
                self.insert(entries)?;
            }
            _ => return self.names(code, cursor),
        }
        Ok(())
    }

    fn names(&mut self, code: u8, cursor: &mut Cursor<'_>) -> Read<()> {
        match code {
            b'g' => {
                let key = index(&cursor.line()?)?;
                self.get(key)?;
            }
            b'h' => {
                let key = u64::from(cursor.byte()?);
                self.get(key)?;
            }
            b'j' => {
                let key = u64::from(u32::from_le_bytes(cursor.array()?));
                self.get(key)?;
            }
            b'p' => {
                let key = index(&cursor.line()?)?;
                self.put(key)?;
            }
            b'q' => {
                let key = u64::from(cursor.byte()?);
                self.put(key)?;
            }
            b'r' => {
                let key = u64::from(u32::from_le_bytes(cursor.array()?));
                self.put(key)?;
            }
            0x94 => self.put(self.memo.len() as u64)?,
            b'c' => {
                let (module, name) = (lossy(&cursor.line()?), lossy(&cursor.line()?));
                self.node(Node::Global { module, name });
            }
            0x93 => {
                let (name, module) = (self.pop()?, self.pop()?);
                let (Value::Text(module), Value::Text(name)) = (module, name) else {
                    return Err("a function without a name".to_string());
                };
                self.node(Node::Global { module, name });
            }
            b'R' | 0x81 => {
                let (arguments, function) = (self.pop()?, self.pop()?);
                self.call(&function, &arguments)?;
            }
            0x92 => {
                let (_, arguments, function) = (self.pop()?, self.pop()?, self.pop()?);
                self.call(&function, &arguments)?;
            }
            b'i' => {
                let (module, name) = (lossy(&cursor.line()?), lossy(&cursor.line()?));
                self.marked()?;
                self.node(Node::Object(format!("{module}.{name}")));
            }
            b'o' => {
                let values = self.marked()?;
                let class = values.first().map_or_else(|| "?".to_string(), |class| self.class(class));
                self.node(Node::Object(class));
            }
            // The state of what is on top: for a dictionary, attributes such as `_metadata`; anything else has none here.
            b'b' => drop(self.pop()?),
            b'P' => {
                cursor.line()?;
                self.node(Node::Foreign);
            }
            b'Q' => {
                let key = self.pop()?;
                let node = rebuild::storage(self, &key).map_or(Node::Foreign, Node::Storage);
                self.node(node);
            }
            0x82..=0x84 => return Err("a pickle with registered extensions".to_string()),
            _ => return Err(format!("no pickle has the instruction {code:#04x}")),
        }
        Ok(())
    }

    fn pop(&mut self) -> Read<Value> {
        if self.marks.last().is_some_and(|&mark| mark >= self.stack.len()) {
            return Err(empty());
        }
        self.stack.pop().ok_or_else(empty)
    }

    /// The values above the last mark.
    fn marked(&mut self) -> Read<Vec<Value>> {
        let mark = self.marks.pop().filter(|&mark| mark <= self.stack.len()).ok_or_else(empty)?;
        Ok(self.stack.split_off(mark))
    }

    fn node(&mut self, node: Node) {
        self.stack.push(Value::Node(self.nodes.len()));
        self.nodes.push(node);
    }

    fn integer(&mut self, value: i128) {
        self.stack.push(Value::Int(value));
    }

    /// A whole number of so many bytes, in two's complement.
    fn long(&mut self, cursor: &mut Cursor<'_>, length: impl Fn(&mut Cursor<'_>) -> Read<u64>) -> Read<()> {
        let length = length(cursor)?;
        if length > 16 {
            cursor.skip(length)?;
            self.stack.push(Value::Float);
            return Ok(());
        }
        let bytes = cursor.bytes(length)?;
        let fill = if bytes.last().is_some_and(|last| last & 0x80 != 0) { 0xff } else { 0 };
        let mut whole = [fill; 16];
        whole[..bytes.len()].copy_from_slice(&bytes);
        self.integer(i128::from_le_bytes(whole));
        Ok(())
    }

    fn text(&mut self, cursor: &mut Cursor<'_>, length: u64) -> Read<()> {
        let value = text(&cursor.bytes(length)?)?;
        self.stack.push(value);
        Ok(())
    }

    fn bytes(&mut self, cursor: &mut Cursor<'_>, length: impl Fn(&mut Cursor<'_>) -> Read<u64>) -> Read<()> {
        let length = length(cursor)?;
        cursor.skip(length)?;
        self.stack.push(Value::Bytes);
        Ok(())
    }

    fn top(&mut self) -> Read<Option<&mut Node>> {
        match self.stack.last() {
            Some(&Value::Node(at)) => Ok(self.nodes.get_mut(at)),
            Some(_) => Ok(None),
            None => Err(empty()),
        }
    }

    /// Appends to the list below; what is appended to anything else is forgotten.
    fn append(&mut self, more: Vec<Value>) -> Read<()> {
        if let Some(Node::List(values) | Node::Set(values)) = self.top()? {
            values.extend(more);
        }
        Ok(())
    }

    fn insert(&mut self, more: Vec<(Value, Value)>) -> Read<()> {
        if let Some(Node::Dict(entries)) = self.top()? {
            entries.extend(more);
        }
        Ok(())
    }

    fn get(&mut self, key: u64) -> Read<()> {
        let value =
            self.memo.get(&key).cloned().ok_or_else(|| format!("a pickle that refers to {key}, which it does not have"))?;
        self.stack.push(value);
        Ok(())
    }

    fn put(&mut self, key: u64) -> Read<()> {
        let value = self.stack.last().cloned().ok_or_else(empty)?;
        self.memo.insert(key, value);
        Ok(())
    }

    /// What a call gives: a container or the description of a tensor by the few functions that are known, and an object of no meaning by
    /// any other.
    fn call(&mut self, function: &Value, arguments: &Value) -> Read<()> {
        let node = rebuild::call(self, function, arguments)?;
        match node {
            Some(rebuild::Made::Node(node)) => self.node(node),
            Some(rebuild::Made::Value(value)) => self.stack.push(value),
            None => {
                let class = self.class(function);
                self.node(Node::Object(class));
            }
        }
        Ok(())
    }

    /// The name of a class or function.
    fn class(&self, value: &Value) -> String {
        match value {
            Value::Node(at) => match &self.nodes[*at] {
                Node::Global { module, name } => format!("{module}.{name}"),
                _ => "?".to_string(),
            },
            _ => "?".to_string(),
        }
    }

    /// The node of a value that has one.
    pub fn of(&self, value: &Value) -> Option<&Node> {
        match value {
            Value::Node(at) => self.nodes.get(*at),
            _ => None,
        }
    }
}

fn empty() -> String {
    "a pickle that takes more than it has".to_string()
}

fn pairs(values: Vec<Value>) -> Read<Vec<(Value, Value)>> {
    if !values.len().is_multiple_of(2) {
        return Err("a dictionary with a key and no value".to_string());
    }
    let mut values = values.into_iter();
    let mut entries = Vec::with_capacity(values.len() / 2);
    while let (Some(key), Some(value)) = (values.next(), values.next()) {
        entries.push((key, value));
    }
    Ok(entries)
}

fn text(bytes: &[u8]) -> Read<Value> {
    let text = std::str::from_utf8(bytes).map_err(|_| "a string that is no text".to_string())?;
    Ok(Value::Text(text.into()))
}

fn lossy(bytes: &[u8]) -> Rc<str> {
    String::from_utf8_lossy(bytes).into()
}

fn unquoted(line: &[u8]) -> &[u8] {
    let inner = line.strip_prefix(b"'").and_then(|rest| rest.strip_suffix(b"'"));
    inner.or_else(|| line.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\""))).unwrap_or(line)
}

fn index(line: &[u8]) -> Read<u64> {
    std::str::from_utf8(line)
        .ok()
        .and_then(|text| text.trim().parse().ok())
        .ok_or_else(|| "a reference that is no number".to_string())
}

fn number_of(line: &[u8], code: u8) -> Read<Value> {
    let text = std::str::from_utf8(line).map_err(|_| "a number that is no text".to_string())?.trim().trim_end_matches('L');
    match (code, text) {
        (b'I', "00") => Ok(Value::Bool(false)),
        (b'I', "01") => Ok(Value::Bool(true)),
        _ => Ok(text.parse().map_or(Value::Float, Value::Int)),
    }
}
