//! Variables in a text: `{{1}}`, `{{first_name}}`. Finding them, filling them in.

/// A variable as it stands in a text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Placeholder<'a> {
    /// Between the braces, without blanks around it.
    pub name: &'a str,
    /// Where it begins, in bytes.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
}

impl Placeholder<'_> {
    /// Its place, if it is a positional one.
    pub fn position(&self) -> Option<usize> {
        let is_number = !self.name.is_empty() && self.name.bytes().all(|b| b.is_ascii_digit());
        is_number.then(|| self.name.parse().ok()).flatten()
    }
}

/// Every variable of a text, in order, repeated ones too. Braces without an end, or across lines, are text.
pub fn find(text: &str) -> Vec<Placeholder<'_>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(open) = text[from..].find("{{").map(|at| at + from) {
        let inside = &text[open + 2..];
        let Some(length) = inside.find("}}") else { break };
        let name = &inside[..length];
        if name.contains(['{', '\n']) {
            from = open + 1;
            continue;
        }
        let end = open + 2 + length + 2;
        found.push(Placeholder {
            name: name.trim(),
            start: open,
            end,
        });
        from = end;
    }
    found
}

/// The names of a text's variables, each once, in order.
pub fn names(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    for placeholder in find(text) {
        if !names.contains(&placeholder.name) {
            names.push(placeholder.name);
        }
    }
    names
}

/// The text with each variable replaced by what `value` gives for its name; those without a value stay as they are.
pub fn fill(text: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for placeholder in find(text) {
        out.push_str(&text[from..placeholder.start]);
        match value(placeholder.name) {
            Some(value) => out.push_str(&value),
            None => out.push_str(&text[placeholder.start..placeholder.end]),
        }
        from = placeholder.end;
    }
    out.push_str(&text[from..]);
    out
}

/// The length of a text as providers are taken to count it: UTF-16 units.
pub fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn finds_what_is_a_variable_and_nothing_else() {
        let table: [(&str, &[&str]); 8] = [
            ("Hi {{1}}, order {{ 2 }}.", &["1", "2"]),
            ("{{a}}{{b}}{{a}}", &["a", "b"]),
            ("no {1} here }}", &[]),
            ("open {{1", &[]),
            ("{{{1}}", &["1"]),
            ("{{a\nb}} {{c}}", &["c"]),
            ("{{}}", &[""]),
            ("مرحبا {{1}}، كيف", &["1"]),
        ];
        for (text, expected) in table {
            assert_eq!(names(text), expected, "{text}");
        }
        assert_eq!(find("{{12}}")[0].position(), Some(12));
        assert_eq!(find("{{+1}}")[0].position(), None);
    }

    proptest! {
        #[test]
        fn filling_never_panics_and_keeps_what_has_no_value(text in "([a-z{} \n1-3]|ü|🌻){0,40}") {
            prop_assert_eq!(fill(&text, |_| None), text.clone());
            let filled = fill(&text, |_| Some(String::new()));
            prop_assert!(filled.len() <= text.len());
        }
    }
}
