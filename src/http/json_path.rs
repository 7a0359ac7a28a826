//! Finds which field of a JSON text an error at a byte position is about.
//!
//! `serde_json` tells line and column only; clients and forms need `owner.email`. Works on any prefix of a text, also a
//! broken one.

/// One open object or array on the way to the position.
enum Frame {
    Object { key: Option<String>, expects_key: bool },
    Array { index: usize, comma: bool },
}

/// Where the position lies.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The field around or just before the position, e.g. `owner.email` or `labels[2]`; empty for the whole text.
    pub path: String,
    /// The object that was closed right before the position, if one was.
    pub closed: Option<String>,
}

/// Byte offset of a 1-based line and a column as `serde_json` counts them.
pub(super) fn offset(text: &[u8], line: usize, column: usize) -> usize {
    let lines = text.split_inclusive(|b| *b == b'\n').take(line.saturating_sub(1));
    let start: usize = lines.map(<[u8]>::len).sum();
    (start + column).min(text.len())
}

/// The deepest nesting of objects and arrays in the text.
pub(super) fn depth(text: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let mut rest = text;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        match byte {
            b'"' => rest = &rest[string_end(rest)..],
            b'{' | b'[' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// How many bytes the string has whose opening quote was just read, closing quote included.
fn string_end(rest: &[u8]) -> usize {
    let mut escaped = false;
    for (i, &byte) in rest.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return i + 1,
            _ => {}
        }
    }
    rest.len()
}

/// Walks to `end` and tells where that is.
pub(super) fn place(text: &[u8], end: usize) -> Place {
    let text = &text[..end.min(text.len())];
    let mut stack: Vec<Frame> = Vec::new();
    let mut closed = None;
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        at += 1;
        if byte.is_ascii_whitespace() {
            continue;
        }
        closed = None;
        if !matches!(byte, b',' | b']' | b'}') {
            begin_element(&mut stack);
        }
        match byte {
            b'"' => {
                let length = string_end(&text[at..]);
                take_key(&mut stack, &text[at - 1..at + length]);
                at += length;
            }
            b'{' => stack.push(Frame::Object {
                key: None,
                expects_key: true,
            }),
            b'[' => stack.push(Frame::Array {
                index: 0,
                comma: false,
            }),
            b'}' | b']' => {
                closed = Some(join(&stack));
                stack.pop();
            }
            b',' => separate(&mut stack),
            _ => {}
        }
    }
    Place {
        path: join(&stack),
        closed,
    }
}

fn begin_element(stack: &mut [Frame]) {
    if let Some(Frame::Array { index, comma }) = stack.last_mut()
        && std::mem::take(comma)
    {
        *index += 1;
    }
}

fn separate(stack: &mut [Frame]) {
    match stack.last_mut() {
        Some(Frame::Object { expects_key, .. }) => *expects_key = true,
        Some(Frame::Array { comma, .. }) => *comma = true,
        None => {}
    }
}

fn take_key(stack: &mut [Frame], quoted: &[u8]) {
    if let Some(Frame::Object { key, expects_key }) = stack.last_mut()
        && std::mem::take(expects_key)
    {
        *key = serde_json::from_slice(quoted).ok();
    }
}

/// Longest part of a client's own key that we repeat.
const KEY_SHOWN: usize = 64;

fn join(stack: &[Frame]) -> String {
    let mut path = String::new();
    for frame in stack {
        match frame {
            Frame::Object { key: Some(key), .. } => {
                if !path.is_empty() {
                    path.push('.');
                }
                path.extend(key.chars().take(KEY_SHOWN));
            }
            Frame::Object { key: None, .. } => {}
            Frame::Array { index, .. } => path.push_str(&format!("[{index}]")),
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn finds_the_field_at_a_position() {
        let text = r#"{"a":1,"owner":{"email":"x\"y","tags":["p",{"q":5}]}}"#;
        for (upto, path) in [
            (r#"{"a":1"#, "a"),
            (r#"{"a":1,"owner":{"#, "owner"),
            (r#"{"a":1,"owner":{"email":"x\"y""#, "owner.email"),
            (r#"{"a":1,"owner":{"email":"x\"y","tags":["p","#, "owner.tags[0]"),
            (
                r#"{"a":1,"owner":{"email":"x\"y","tags":["p",{"q":5"#,
                "owner.tags[1].q",
            ),
        ] {
            assert!(text.starts_with(upto));
            assert_eq!(place(text.as_bytes(), upto.len()).path, path, "{upto}");
        }
        let end = place(text.as_bytes(), text.len() - 1);
        assert_eq!(
            (end.path.as_str(), end.closed.as_deref()),
            ("owner", Some("owner.tags"))
        );
    }

    #[test]
    fn counts_depth_outside_strings_only() {
        assert_eq!(depth(br#"{"a":"[[[[","b":[1]}"#), 2);
        assert_eq!(depth(&b"[".repeat(10_000)), 10_000);
    }

    proptest! {
        #[test]
        fn never_panics(text: Vec<u8>, end: usize, line in 0usize..9, column: u16) {
            let _ = place(&text, end);
            let _ = depth(&text);
            prop_assert!(offset(&text, line, column.into()) <= text.len());
        }
    }
}
