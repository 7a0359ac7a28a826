//! The house rules as a test: who may use whom, how long files and functions may be, what is never called.
//!
//! Reads the sources only, so it also runs without building the program: `make floors`.

mod rules;
mod tokens;

use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file below a folder, with its path relative to it.
fn sources(folder: &Path) -> Vec<(String, String)> {
    let (mut found, mut left) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(dir) = left.pop() {
        let entries = std::fs::read_dir(&dir).expect("the folder can be listed");
        for path in entries.map(|entry| entry.expect("the entry can be read").path()) {
            if path.is_dir() {
                left.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                found.push((
                    relative(folder, &path),
                    std::fs::read_to_string(&path).expect("text"),
                ));
            }
        }
    }
    found.sort();
    found
}

fn relative(folder: &Path, path: &Path) -> String {
    let inner: PathBuf = path.strip_prefix(folder).expect("it lies within").into();
    inner.to_string_lossy().into_owned()
}

#[test]
fn the_sources_keep_the_house_rules() {
    let sources = sources(&root().join("src"));
    assert!(sources.len() > 100, "only {} sources were found", sources.len());
    let found: Vec<String> = sources
        .iter()
        .flat_map(|(path, source)| rules::check_source(path, source))
        .collect();
    assert!(
        found.is_empty(),
        "{} violations:\n{}",
        found.len(),
        found.join("\n")
    );
}

#[test]
fn tests_and_benches_leave_nothing_behind() {
    let folders = ["tests", "benches"].map(|name| (name, sources(&root().join(name))));
    let found: Vec<String> = folders
        .iter()
        .flat_map(|(name, sources)| {
            sources
                .iter()
                .map(move |(path, source)| (format!("{name}/{path}"), source))
        })
        .flat_map(|(path, source)| rules::check_test(&path, source))
        .collect();
    assert!(
        found.is_empty(),
        "{} violations:\n{}",
        found.len(),
        found.join("\n")
    );
}

/// Each line breaks one rule; a rule that no longer finds its line guards nothing.
#[test]
fn every_rule_finds_what_it_is_for() {
    let long = format!("fn f() {{\n{}}}", "    g();\n".repeat(70));
    let table = [
        (
            "domain/a.rs",
            "use crate::storage::Store;",
            "domain must not use storage",
        ),
        (
            "channels/whatsapp/a.rs",
            "use crate::storage::Store;",
            "channels must not use storage",
        ),
        (
            "storage/a.rs",
            "use crate::{domain::Id, actors};",
            "storage must not use actors",
        ),
        (
            "http/a.rs",
            "fn f() { crate::features::inbox::g() }",
            "http must not use features",
        ),
        (
            "sandbox/a.rs",
            "use crate::actors::House;",
            "sandbox must not use actors",
        ),
        (
            "features/inbox/a.rs",
            "use crate::features::live::Feed;",
            "inbox must not use features/live",
        ),
        (
            "features/inbox/a.rs",
            "use crate::{features::{live, inbox}};",
            "inbox must not use features/live",
        ),
        (
            "features/inbox/a.rs",
            "use super::super::live::Feed;",
            "inbox must not use features/live",
        ),
        (
            "features/inbox/mod.rs",
            "use super::live::Feed;",
            "inbox must not use features/live",
        ),
        (
            "channels/twilio/a.rs",
            "use super::super::whatsapp::X;",
            "twilio must not use channels/whatsapp",
        ),
        (
            "domain/mod.rs",
            "use super::storage::Store;",
            "climbs to the root",
        ),
        ("attic/a.rs", "fn f() {}", "`attic` has no floor"),
        (
            "domain/a.rs",
            "fn f() { sled::open(); }",
            "only storage/engine may use sled",
        ),
        (
            "actors/a.rs",
            "use tantivy::Index;",
            "only storage/search may use tantivy",
        ),
        ("actors/a.rs", "use actix_web::web;", "may use actix_web"),
        ("web/a.rs", "fn f() { todo!() }", "`todo!` is never left in"),
        (
            "web/a.rs",
            "#[test]\n#[ignore = \"slow\"]\nfn f() {}",
            "`#[ignore` is never left in",
        ),
        (
            "web/a.rs",
            "fn f() { a.unwrap(); }",
            "`.unwrap()` does not belong here",
        ),
        (
            "web/a.rs",
            "fn f() { println!(\"{}\", 1); }",
            "`println!` does not belong here",
        ),
        (
            "web/a.rs",
            "fn f() { std::thread::sleep(x); }",
            "`thread::sleep` does not belong here",
        ),
        (
            "web/a.rs",
            "fn f() { std::time::SystemTime::now(); }",
            "`SystemTime::now` does not belong here",
        ),
        ("web/a.rs", &long, "fn f has 72 lines"),
    ];
    for (path, code, expected) in table {
        let found = rules::check_source(path, &format!("//! Purpose.\n{code}\n"));
        assert!(
            found.iter().any(|line| line.contains(expected)),
            "{path}: {code}\nfound {found:?}"
        );
        assert_eq!(found.len(), 1, "{path}: {code}\nfound {found:?}");
    }
    let lines = "//! Purpose.\n".repeat(501);
    assert_eq!(rules::check_source("web/a.rs", &lines).len(), 1);
    assert_eq!(rules::check_source("web/a.rs", "fn f() {}").len(), 1);
    assert_eq!(rules::check_test("tests/a.rs", "fn f() { dbg!(1); }").len(), 1);
}

#[test]
fn what_is_allowed_is_not_found() {
    let table = [
        (
            "features/inbox/a.rs",
            "use crate::features::inbox::B;\nuse crate::http::{ApiError, error};",
        ),
        ("features/inbox/a/b.rs", "use super::super::model::B;"),
        (
            "web/a.rs",
            "// todo!()\n/* dbg!(1) /* unsafe */ */\nconst A: &str = \"todo!() \\\" sled::open\";",
        ),
        (
            "web/a.rs",
            "const A: &str = r#\"a \" .unwrap() println!()\"#;\nconst B: char = '\"';",
        ),
        (
            "web/a.rs",
            "#[cfg(test)]\nmod tests {\n    use super::*;\n    fn f() { a.unwrap(); }\n}",
        ),
        ("web/tests.rs", "fn f() { a.unwrap(); }"),
        ("web/tests.rs", "#[test]\n#[ignore = \"run by g\"]\nfn f() {}"),
        ("web/a.rs", "fn f<'a>(x: &'a str) -> &'a str { x }"),
        ("storage/engine/a.rs", "fn f() { sled::open(); }"),
        ("clock.rs", "fn f() { jiff::Timestamp::now(); }"),
        ("cli/a.rs", "fn f() { println!(); }"),
    ];
    for (path, code) in table {
        let found = rules::check_source(path, &format!("//! Purpose.\n{code}\n"));
        assert!(found.is_empty(), "{path}: {code}\nfound {found:?}");
    }
}
