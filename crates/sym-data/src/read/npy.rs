//! NumPy's `.npy` (NEP 1): `\x93NUMPY`, two bytes of version, the length of a header of text, the header as a Python dictionary, the numbers.

use super::Result;
use crate::array::{Array, Layout};
use crate::cursor::Cursor;
use crate::element::{Element, Order};
use crate::error::{Error, Kind};
use std::path::Path;

/// The longest header that is read.
const LONGEST_HEADER: u64 = 1 << 16;

/// The array of a file.
///
/// # Errors
///
/// What is no such file.
pub fn npy_array(path: &Path) -> Result<Array> {
    parse(Cursor::open(path)?)
}

pub(crate) fn parse(mut cursor: Cursor<'_>) -> Result<Array> {
    let magic: [u8; 6] = cursor.array("the first bytes")?;
    if &magic != b"\x93NUMPY" {
        return Err(cursor
            .damaged(0, "it does not begin as an array of NumPy")
            .found(format!("{magic:02x?}"))
            .expected("`\\x93NUMPY`"));
    }
    let [major, minor] = cursor.array("the version")?;
    let length = match major {
        1 => u64::from(u16::from_le_bytes(cursor.array("the length of the header")?)),
        2 | 3 => u64::from(u32::from_le_bytes(cursor.array("the length of the header")?)),
        _ => {
            return Err(cursor
                .damaged(6, "it has an unknown version")
                .found(format!("{major}.{minor}"))
                .expected("1.0, 2.0 or 3.0"));
        }
    };
    let start = cursor.at();
    if length > LONGEST_HEADER {
        return Err(cursor
            .damaged(start, "the header is too long")
            .found(length)
            .expected(format!("at most {LONGEST_HEADER} bytes")));
    }
    let text = cursor.bytes(length, "the header")?;
    let header = Header::parse(&text).map_err(|(at, expected)| {
        let rest = String::from_utf8_lossy(&text[at.min(text.len())..]).chars().take(20).collect::<String>();
        cursor
            .damaged(start + at as u64, "the header is no description of an array")
            .found(format!("`{}`", rest.trim_end()))
            .expected(expected)
    })?;
    let (element, order) = element(&header.kind).ok_or_else(|| {
        Error::new(cursor.file(), Kind::Unsupported, cursor.place(start), format!("its numbers have the type `{}`", header.kind))
            .found(format!("`{}`", header.kind))
            .expected("numbers of 1, 2, 4 or 8 bytes, or booleans")
            .help("write it again with `array.astype(\"f4\")`")
    })?;
    let layout = if header.first_fastest { Layout::FirstFastest } else { Layout::LastFastest };
    let array = Array::read(&mut cursor, &header.shape, element, order, layout)?;
    cursor.end()?;
    Ok(array)
}

/// `<f8` and its like.
fn element(kind: &str) -> Option<(Element, Order)> {
    let (order, kind) = kind.split_at_checked(1)?;
    let element = match kind {
        "b1" => Element::Bool,
        "u1" => Element::U8,
        "i1" => Element::I8,
        "u2" => Element::U16,
        "i2" => Element::I16,
        "f2" => Element::F16,
        "u4" => Element::U32,
        "i4" => Element::I32,
        "f4" => Element::F32,
        "u8" => Element::U64,
        "i8" => Element::I64,
        "f8" => Element::F64,
        _ => return None,
    };
    match order {
        "<" => Some((element, Order::Little)),
        ">" => Some((element, Order::Big)),
        "|" if element.size() == 1 => Some((element, Order::Little)),
        _ => None,
    }
}

/// What the dictionary says.
struct Header {
    kind: String,
    first_fastest: bool,
    shape: Vec<u64>,
}

impl Header {
    /// Gives the byte at which the text is something else, and what would be expected there.
    fn parse(text: &[u8]) -> std::result::Result<Self, (usize, &'static str)> {
        let mut literal = Literal { text, at: 0 };
        let (mut kind, mut order, mut shape) = (None, None, None);
        literal.symbol(b'{', "`{`")?;
        while !literal.next_is(b'}') {
            let at = literal.at;
            let key = literal.string()?;
            literal.symbol(b':', "`:`")?;
            match key {
                "descr" => kind = Some(literal.string().map_err(|(at, _)| (at, "the name of one number type"))?.to_string()),
                "fortran_order" => order = Some(literal.boolean()?),
                "shape" => shape = Some(literal.sizes()?),
                _ => return Err((at, "`descr`, `fortran_order` or `shape`")),
            }
            if !literal.next_is(b',') {
                break;
            }
            literal.at += 1;
        }
        literal.symbol(b'}', "`}`")?;
        let end = literal.at - 1;
        literal.blank();
        if literal.at < text.len() {
            return Err((literal.at, "the end of the header"));
        }
        match (kind, order, shape) {
            (Some(kind), Some(first_fastest), Some(shape)) => Ok(Self { kind, first_fastest, shape }),
            _ => Err((end, "`descr`, `fortran_order` and `shape` before it")),
        }
    }
}

/// A reader of Python literals.
struct Literal<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Literal<'a> {
    fn blank(&mut self) {
        while self.text.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
    }

    fn next_is(&mut self, symbol: u8) -> bool {
        self.blank();
        self.text.get(self.at) == Some(&symbol)
    }

    fn symbol(&mut self, symbol: u8, expected: &'static str) -> std::result::Result<(), (usize, &'static str)> {
        if !self.next_is(symbol) {
            return Err((self.at, expected));
        }
        self.at += 1;
        Ok(())
    }

    fn string(&mut self) -> std::result::Result<&'a str, (usize, &'static str)> {
        self.blank();
        let start = self.at;
        let wrong = (start, "a quoted word");
        let quote = *self.text.get(start).filter(|&&byte| byte == b'\'' || byte == b'"').ok_or(wrong)?;
        let length = self.text[start + 1..].iter().position(|&byte| byte == quote).ok_or(wrong)?;
        let word = std::str::from_utf8(&self.text[start + 1..start + 1 + length]).map_err(|_| wrong)?;
        self.at = start + length + 2;
        Ok(word)
    }

    fn boolean(&mut self) -> std::result::Result<bool, (usize, &'static str)> {
        self.blank();
        for (word, value) in [("True", true), ("False", false)] {
            if self.text[self.at..].starts_with(word.as_bytes()) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err((self.at, "`True` or `False`"))
    }

    /// `()`, `(3,)`, `(3, 4)`.
    fn sizes(&mut self) -> std::result::Result<Vec<u64>, (usize, &'static str)> {
        self.symbol(b'(', "`(`")?;
        let mut sizes = Vec::new();
        while !self.next_is(b')') {
            let digits = self.text[self.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            let number = std::str::from_utf8(&self.text[self.at..self.at + digits]).ok().and_then(|text| text.parse().ok());
            sizes.push(number.ok_or((self.at, "a size"))?);
            self.at += digits;
            if !self.next_is(b',') {
                break;
            }
            self.at += 1;
        }
        self.symbol(b')', "`)`")?;
        Ok(sizes)
    }
}
