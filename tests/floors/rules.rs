//! The house rules, as functions from one source file to its violations.

use std::path::Path;

use crate::tokens::{Token, closing, read, reads};

/// Longest source file, in lines.
const MAX_FILE: usize = 500;
/// Longest function, in lines from `fn` to its closing brace.
const MAX_FUNCTION: usize = 70;

const HOUSE: &[&str] = &[
    "domain", "clock", "storage", "channels", "actors", "http", "features", "web", "sandbox", "config",
    "logs",
];
const AND_APP: &[&str] = &[
    "domain", "clock", "storage", "channels", "actors", "http", "features", "web", "sandbox", "config",
    "logs", "app",
];
const AND_DEMO: &[&str] = &[
    "domain", "clock", "storage", "channels", "actors", "http", "features", "web", "sandbox", "config",
    "logs", "app", "demo",
];

/// Which parts of the house a part may use beside itself. A part that is not listed is a violation, so that a new one is
/// thought about here.
const FLOORS: [(&str, &[&str]); 15] = [
    ("domain", &[]),
    ("clock", &["domain"]),
    ("storage", &["domain", "clock"]),
    // Providers are pure translation: they never see the store.
    ("channels", &["domain"]),
    ("actors", &["domain", "clock", "storage", "channels"]),
    ("http", &["domain", "clock", "storage", "channels", "actors"]),
    (
        "features",
        // The sandbox's phone plays the simulator's customers.
        &[
            "domain", "clock", "storage", "channels", "actors", "http", "logs", "sandbox",
        ],
    ),
    (
        "web",
        &[
            "domain", "clock", "storage", "channels", "actors", "http", "features",
        ],
    ),
    // The simulator stands for the provider, so it may know nothing of how we work inside.
    ("sandbox", &["domain", "channels"]),
    ("config", &["domain", "http"]),
    ("logs", &["domain", "clock", "config"]),
    ("app", HOUSE),
    // The demo is a customer of the finished house.
    ("demo", AND_APP),
    ("cli", AND_DEMO),
    ("main", &["cli"]),
];

/// Folders whose subfolders never use one another.
const APART: [&str; 2] = ["features", "channels"];

/// Crates, and the only places that may import them.
const CRATES: [(&str, &[&str]); 11] = [
    ("web_push_native", &["actors/push"]),
    ("lettre", &["actors/delivery/mail.rs"]),
    ("sled", &["storage/engine"]),
    ("bincode", &["storage/codec.rs", "storage/records"]),
    ("tantivy", &["storage/search"]),
    ("chacha20poly1305", &["storage/vault"]),
    ("actix", &["actors", "app", "sandbox", "demo", "cli"]),
    (
        "actix_web",
        &["http", "features", "web", "sandbox", "app", "demo", "cli"],
    ),
    ("actix_ws", &["features/live"]),
    ("utoipa_swagger_ui", &["web/docs.rs"]),
    ("rlibphonenumber", &["domain/identity.rs", "channels/phone.rs"]),
];

/// What is never called in code that ships, and where it may be all the same.
const CALLS: [(&[&str], &[&str]); 14] = [
    (&["print", "!"], &["cli"]),
    (&["println", "!"], &["cli"]),
    (&["eprint", "!"], &["cli"]),
    (&["eprintln", "!"], &["cli"]),
    (&["thread", "::", "sleep"], &["storage"]),
    (&[".", "unwrap", "(", ")"], &[]),
    (&["SystemTime", "::", "now"], &["clock.rs"]),
    (
        &["jiff", "::", "Timestamp", "::", "now"],
        &["clock.rs", "sandbox/clock.rs"],
    ),
    (&["Zoned", "::", "now"], &["clock.rs"]),
    (&["process", "::", "exit"], &["cli"]),
    (&["unbounded_channel"], &[]),
    (&["unreachable", "!", "(", ")"], &[]),
    (&["mem", "::", "forget"], &[]),
    (&["unsafe"], &[]),
];

/// What stands nowhere, tests included.
const NEVER: [&[&str]; 4] = [
    &["todo", "!"],
    &["unimplemented", "!"],
    &["dbg", "!"],
    // Except a test that another one runs in a process of its own, see `is_run_by_another`.
    &["#", "[", "ignore"],
];

/// Everything that is wrong with one file below `src/`; `path` is relative to it, with `/`.
pub fn check_source(path: &str, source: &str) -> Vec<String> {
    let tokens = read(source, only_for_tests(path));
    let mut found = Vec::new();
    found.extend(imports(path, &tokens));
    found.extend(climbs(path, &tokens));
    found.extend(crates(path, &tokens));
    found.extend(calls(path, &tokens));
    found.extend(never(&tokens));
    found.extend(functions(&tokens));
    if source.lines().count() > MAX_FILE {
        found.push(format!("{} lines; at most {MAX_FILE}", source.lines().count()));
    }
    if !source.starts_with("//!") {
        found.push("does not start with what it is for (`//! …`)".into());
    }
    found
        .into_iter()
        .map(|what| format!("src/{path}: {what}"))
        .collect()
}

/// Everything that is wrong with one file below `tests/` or `benches/`.
pub fn check_test(path: &str, source: &str) -> Vec<String> {
    let found = never(&read(source, true));
    found.into_iter().map(|what| format!("{path}: {what}")).collect()
}

fn only_for_tests(path: &str) -> bool {
    path.split('/').any(|part| part == "tests" || part == "tests.rs")
}

fn part(path: &str) -> &str {
    let first = path.split('/').next().unwrap_or(path);
    first.strip_suffix(".rs").unwrap_or(first)
}

/// `crate::` paths: no part uses one above it; features and providers do not use one another.
fn imports(path: &str, tokens: &[Token]) -> Vec<String> {
    let own = part(path);
    if own == "lib" {
        return Vec::new();
    }
    let Some((_, allowed)) = FLOORS.iter().find(|(name, _)| *name == own) else {
        return vec![format!(
            "`{own}` has no floor; give it one in tests/floors/rules.rs"
        )];
    };
    let mut found = Vec::new();
    for (other, line) in crate_paths(tokens, 0) {
        if other[0] != own && !allowed.contains(&other[0].as_str()) {
            found.push(format!("line {line}: {own} must not use {}", other[0]));
        }
    }
    for (other, line) in crate_paths(tokens, 1) {
        let folder = path.split('/').nth(1).unwrap_or_default();
        let is_apart = APART.contains(&own) && other[0] == own && path.matches('/').count() > 1;
        if is_apart && other[1] != folder && starts_lower(&other[1]) && !is_shared(own, &other[1]) {
            found.push(format!(
                "line {line}: {own}/{folder} must not use {own}/{}",
                other[1]
            ));
        }
    }
    found
}

/// Single files in `channels/` are shared by its folders.
fn is_shared(own: &str, name: &str) -> bool {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("src/{own}/{name}.rs"));
    own == "channels" && file.is_file()
}

fn starts_lower(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
}

/// The first `more + 1` names after each `crate::`, groups opened.
fn crate_paths(tokens: &[Token], more: usize) -> Vec<(Vec<String>, usize)> {
    let mut found = Vec::new();
    for at in 0..tokens.len() {
        if reads(tokens, at, &["crate", "::"]) {
            names(tokens, at + 2, more, &mut Vec::new(), &mut found);
        }
    }
    found
}

fn names(
    tokens: &[Token],
    at: usize,
    more: usize,
    so_far: &mut Vec<String>,
    found: &mut Vec<(Vec<String>, usize)>,
) {
    let Some(token) = tokens.get(at) else { return };
    if token.text == "{" {
        let end = closing(tokens, at);
        let mut item = at + 1;
        while item < end {
            names(tokens, item, more, so_far, found);
            item = item_end(tokens, item, end) + 1;
        }
        return;
    }
    so_far.push(token.text.clone());
    if so_far.len() > more {
        found.push((so_far.clone(), token.line));
    } else if reads(tokens, at + 1, &["::"]) {
        names(tokens, at + 2, more, so_far, found);
    }
    so_far.pop();
}

/// The comma after the item of a group that starts at `from`, or the group's end.
fn item_end(tokens: &[Token], from: usize, end: usize) -> usize {
    let mut at = from;
    while at < end {
        match tokens[at].text.as_str() {
            "," => return at,
            "{" => at = closing(tokens, at) + 1,
            _ => at += 1,
        }
    }
    end
}

/// `super::` must not climb out of a part, nor out of one feature or provider into another.
fn climbs(path: &str, tokens: &[Token]) -> Vec<String> {
    let modules = module_path(path);
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let start = at;
        while reads(tokens, at, &["super", "::"]) {
            at += 2;
        }
        let (ups, inner) = ((at - start) / 2, tokens[start].depth);
        let left = modules.len().saturating_sub(ups.saturating_sub(inner));
        if ups > inner && left == 0 {
            found.push(format!(
                "line {}: `super::` climbs to the root; write `crate::`",
                tokens[start].line
            ));
        }
        let own = modules.get(1).map(String::as_str).unwrap_or_default();
        let is_apart = ups > inner && left == 1 && modules.len() > 1 && APART.contains(&modules[0].as_str());
        if is_apart {
            let other = tokens.get(at).map_or("", |token| token.text.as_str());
            if starts_lower(other) && other != own && !is_shared(&modules[0], other) {
                let (floor, line) = (&modules[0], tokens[start].line);
                found.push(format!("line {line}: {floor}/{own} must not use {floor}/{other}"));
            }
        }
        at = at.max(start + 1);
    }
    found
}

fn module_path(path: &str) -> Vec<String> {
    let path = path.strip_suffix(".rs").unwrap_or(path);
    let path = path.strip_suffix("/mod").unwrap_or(path);
    path.split('/').map(str::to_owned).collect()
}

fn is_within(path: &str, places: &[&str]) -> bool {
    places.iter().any(|place| {
        let rest = path.strip_prefix(place);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || rest == ".rs")
    })
}

fn crates(path: &str, tokens: &[Token]) -> Vec<String> {
    let mut found = Vec::new();
    for (name, places) in CRATES {
        if is_within(path, places) {
            continue;
        }
        for (at, token) in tokens.iter().enumerate() {
            let is_root = at == 0 || tokens[at - 1].text != "::";
            if is_root && token.text == name && reads(tokens, at + 1, &["::"]) && !is_module(tokens, name) {
                found.push(format!(
                    "line {}: only {} may use {name}",
                    token.line,
                    places.join(" and ")
                ));
            }
        }
    }
    found
}

/// A module of the house may bear a crate's name.
fn is_module(tokens: &[Token], name: &str) -> bool {
    (0..tokens.len()).any(|at| reads(tokens, at, &["mod", name]))
}

fn calls(path: &str, tokens: &[Token]) -> Vec<String> {
    let mut found = Vec::new();
    for (call, places) in CALLS {
        if is_within(path, places) {
            continue;
        }
        for (at, token) in tokens.iter().enumerate() {
            if !token.test && reads(tokens, at, call) {
                found.push(format!(
                    "line {}: `{}` does not belong here",
                    token.line,
                    call.concat()
                ));
            }
        }
    }
    found
}

fn never(tokens: &[Token]) -> Vec<String> {
    let mut found = Vec::new();
    for words in NEVER {
        for (at, token) in tokens.iter().enumerate() {
            if reads(tokens, at, words) && !is_run_by_another(tokens, at) {
                found.push(format!(
                    "line {}: `{}` is never left in",
                    token.line,
                    words.concat()
                ));
            }
        }
    }
    found
}

/// `#[ignore = "run by NAME"]`: a child process of the test NAME.
fn is_run_by_another(tokens: &[Token], at: usize) -> bool {
    let reason = tokens.get(at + 4).map_or("", |token| token.text.as_str());
    reads(tokens, at + 2, &["ignore", "="]) && reason.starts_with("\"run by ")
}

fn functions(tokens: &[Token]) -> Vec<String> {
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let Some(name) = tokens.get(at + 1).filter(|_| token.text == "fn") else {
            continue;
        };
        let Some(open) = body(tokens, at) else { continue };
        let lines = tokens[closing(tokens, open)].line - token.line + 1;
        if lines > MAX_FUNCTION {
            let (line, name) = (token.line, &name.text);
            found.push(format!(
                "line {line}: fn {name} has {lines} lines; at most {MAX_FUNCTION}"
            ));
        }
    }
    found
}

/// The brace that opens the body of the function at `at`, if it has one.
fn body(tokens: &[Token], at: usize) -> Option<usize> {
    let mut next = at;
    loop {
        match tokens.get(next)?.text.as_str() {
            "{" => return Some(next),
            ";" => return None,
            "(" | "[" => next = closing(tokens, next) + 1,
            _ => next += 1,
        }
    }
}
