//! Just enough of Rust's grammar to read the house's own sources: words and signs with their lines, without comments;
//! a string or character is one token.

/// One word, number or sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// As written.
    pub text: String,
    /// Counted from 1.
    pub line: usize,
    /// Stands in code that only tests see.
    pub test: bool,
    /// How many inline modules enclose it.
    pub depth: usize,
}

/// Reads a source file. `all_tests`: the whole file is only seen by tests.
pub fn read(source: &str, all_tests: bool) -> Vec<Token> {
    let mut tokens = split(source);
    tokens.iter_mut().for_each(|token| token.test = all_tests);
    mark_tests(&mut tokens);
    mark_depth(&mut tokens);
    tokens
}

/// The index of the bracket that closes the one at `open`.
pub fn closing(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.text.as_str() {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at;
        }
    }
    tokens.len() - 1
}

fn split(source: &str) -> Vec<Token> {
    let chars: Vec<char> = source.chars().collect();
    let (mut tokens, mut at, mut line) = (Vec::new(), 0, 1);
    while at < chars.len() {
        let (end, text) = next(&chars, at);
        if let Some(text) = text {
            tokens.push(Token {
                text,
                line,
                test: false,
                depth: 0,
            });
        }
        line += chars[at..end].iter().filter(|c| **c == '\n').count();
        at = end;
    }
    tokens
}

/// Where the thing at `at` ends, and what to keep of it.
fn next(chars: &[char], at: usize) -> (usize, Option<String>) {
    let ahead = |n: usize| chars.get(at + n).copied().unwrap_or('\0');
    let upto = |end: usize| (end, Some(chars[at..end].iter().collect()));
    match chars[at] {
        c if c.is_whitespace() => (at + 1, None),
        '/' if ahead(1) == '/' => (until(chars, at, |c| c == '\n'), None),
        '/' if ahead(1) == '*' => (comment_end(chars, at), None),
        '"' => upto(string_end(chars, at)),
        'r' | 'b' | 'c' if raw_start(chars, at).is_some() => upto(raw_end(chars, at)),
        'b' | 'c' if ahead(1) == '"' => upto(string_end(chars, at + 1)),
        'b' if ahead(1) == '\'' => upto(char_end(chars, at + 1)),
        '\'' if ahead(1) == '\\' || ahead(2) == '\'' => upto(char_end(chars, at)),
        '\'' => (at + 1, None),
        ':' if ahead(1) == ':' => (at + 2, Some("::".into())),
        c if c.is_alphanumeric() || c == '_' => {
            upto(until(chars, at, |c| !(c.is_alphanumeric() || c == '_')))
        }
        c => (at + 1, Some(c.into())),
    }
}

fn until(chars: &[char], from: usize, stop: impl Fn(char) -> bool) -> usize {
    chars[from..]
        .iter()
        .position(|c| stop(*c))
        .map_or(chars.len(), |n| from + n)
}

fn comment_end(chars: &[char], start: usize) -> usize {
    let (mut at, mut depth) = (start, 0_usize);
    while at < chars.len() {
        match (chars[at], chars.get(at + 1)) {
            ('/', Some('*')) => (depth, at) = (depth + 1, at + 2),
            ('*', Some('/')) => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

fn quote_end(chars: &[char], start: usize, quote: char) -> usize {
    let mut at = start + 1;
    while at < chars.len() && chars[at] != quote {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(chars.len())
}

fn string_end(chars: &[char], start: usize) -> usize {
    quote_end(chars, start, '"')
}

fn char_end(chars: &[char], start: usize) -> usize {
    quote_end(chars, start, '\'')
}

/// The number of `#` and the place of the quote of a raw string that starts at `at`.
fn raw_start(chars: &[char], at: usize) -> Option<(usize, usize)> {
    let r = if chars[at] == 'r' { at } else { at + 1 };
    (chars.get(r) == Some(&'r')).then_some(())?;
    let quote = until(chars, r + 1, |c| c != '#');
    (chars.get(quote) == Some(&'"')).then_some((quote - r - 1, quote))
}

fn raw_end(chars: &[char], at: usize) -> usize {
    let Some((hashes, quote)) = raw_start(chars, at) else {
        return at + 1;
    };
    let closes = |n: usize| chars[n] == '"' && (1..=hashes).all(|m| chars.get(n + m) == Some(&'#'));
    (quote + 1..chars.len())
        .find(|n| closes(*n))
        .map_or(chars.len(), |n| n + hashes + 1)
}

/// Whether the tokens at `at` read so.
pub fn reads(tokens: &[Token], at: usize, texts: &[&str]) -> bool {
    texts
        .iter()
        .enumerate()
        .all(|(n, text)| tokens.get(at + n).is_some_and(|token| token.text == *text))
}

/// Marks what follows `#[cfg(test)]`: the whole item, to its `;` or closing brace.
fn mark_tests(tokens: &mut [Token]) {
    for at in 0..tokens.len() {
        if !reads(tokens, at, &["#", "[", "cfg", "(", "test", ")", "]"]) {
            continue;
        }
        let end = item_end(tokens, at + 7);
        tokens[at..=end].iter_mut().for_each(|token| token.test = true);
    }
}

fn item_end(tokens: &[Token], from: usize) -> usize {
    let mut at = from;
    while at < tokens.len() {
        match tokens[at].text.as_str() {
            ";" => return at,
            "{" => return closing(tokens, at),
            "(" | "[" => at = closing(tokens, at) + 1,
            _ => at += 1,
        }
    }
    tokens.len() - 1
}

fn mark_depth(tokens: &mut [Token]) {
    for at in 0..tokens.len() {
        if tokens[at].text == "mod" && tokens.get(at + 2).is_some_and(|token| token.text == "{") {
            let end = closing(tokens, at + 2);
            tokens[at + 3..end].iter_mut().for_each(|token| token.depth += 1);
        }
    }
}
