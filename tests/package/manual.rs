//! The manual and the README point at what is there and name commands that exist.

use std::path::PathBuf;

use super::{command, root, text};

/// The README and every page below `docs/`, relative to the root.
fn pages() -> Vec<String> {
    let listed = std::fs::read_dir(root().join("docs")).expect("the manual is there");
    let names = listed.map(|entry| entry.expect("readable").file_name());
    let names = names.filter_map(|name| name.into_string().ok());
    let mut pages: Vec<String> = names
        .filter(|name| name.ends_with(".md"))
        .map(|name| format!("docs/{name}"))
        .collect();
    pages.extend(["README.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(str::to_owned));
    pages.sort();
    pages
}

/// The targets of `[text](target)`.
fn links(page: &str) -> Vec<String> {
    let parts = page.split("](").skip(1);
    parts
        .filter_map(|rest| rest.split_once(')'))
        .map(|(target, _)| target.to_owned())
        .collect()
}

/// What GitHub makes of a heading.
fn anchors(page: &str) -> Vec<String> {
    page.lines()
        .filter_map(|line| line.strip_prefix('#'))
        .map(|line| line.trim_start_matches('#').trim().to_lowercase())
        .map(|line| {
            let kept = line.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
            kept.collect::<String>().replace(' ', "-")
        })
        .collect()
}

#[test]
fn every_link_leads_somewhere() {
    for page in pages() {
        let here = text(&page);
        for link in links(&here) {
            if link.starts_with("http") {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let folder = PathBuf::from(&page).parent().expect("a folder").to_owned();
            let target = match file {
                "" => page.clone(),
                _ => folder.join(file).to_string_lossy().into_owned(),
            };
            assert!(
                root().join(&target).exists(),
                "{page} points at {link}, which is not there"
            );
            let found = anchor.is_empty() || anchors(&text(&target)).iter().any(|known| known == anchor);
            assert!(found, "{page} points at {link}, and there is no such heading");
        }
    }
}

/// The lines of fenced blocks for a shell, continued lines joined.
fn shell_lines(page: &str) -> Vec<String> {
    let (mut lines, mut inside) = (Vec::new(), false);
    for line in page.replace("\\\n", " ").lines() {
        match line.trim().strip_prefix("```") {
            Some(kind) => inside = !inside && (kind == "sh" || kind.starts_with("sh ")),
            None if inside => lines.push(line.trim().to_owned()),
            None => {}
        }
    }
    lines
}

#[test]
fn every_command_that_is_shown_exists() {
    let makefile = text("Makefile");
    let program = command();
    let mut seen = 0;
    for page in pages() {
        for line in shell_lines(&text(&page)) {
            let words: Vec<&str> = line.split_whitespace().collect();
            if words.first() == Some(&"make") {
                for target in &words[1..] {
                    assert!(
                        makefile.contains(&format!("\n{target}:")),
                        "{page}: make {target}"
                    );
                    seen += 1;
                }
            }
            let is_run = |at: &usize| {
                let program = words[*at] == "frontdesk" || words[*at].ends_with("/frontdesk");
                program && (*at == 0 || ["sudo", "frontdesk"].contains(&words[*at - 1]))
            };
            let Some(sub) = (0..words.len()).find(is_run).and_then(|at| words.get(at + 1)) else {
                continue;
            };
            if sub.starts_with(|c: char| c.is_ascii_lowercase()) {
                assert_options(&program, sub, &words, &page);
                seen += 1;
            }
        }
    }
    assert!(seen > 10, "only {seen} commands were found");
}

fn assert_options(program: &clap::Command, sub: &str, words: &[&str], page: &str) {
    let command = program.find_subcommand(sub);
    let command = command.unwrap_or_else(|| panic!("{page}: there is no `frontdesk {sub}`"));
    let under = words.iter().find_map(|word| command.find_subcommand(word));
    let command = under.unwrap_or(command);
    for long in words.iter().filter_map(|word| word.strip_prefix("--")) {
        let long = long.split('=').next().unwrap_or(long);
        let known = command
            .get_arguments()
            .any(|argument| argument.get_long() == Some(long));
        assert!(known, "{page}: frontdesk {sub} has no --{long}");
    }
}

/// `mod+shift+f` and `g i` as the manual writes them.
fn key_names(keys: &str) -> String {
    let name = |word: &str| match word {
        "mod" => "Ctrl".to_owned(),
        word if word.len() == 1 => word.to_uppercase(),
        word => word[..1].to_uppercase() + &word[1..],
    };
    let chords = keys
        .split(' ')
        .map(|chord| chord.split('+').map(name).collect::<Vec<_>>().join("+"));
    chords
        .map(|chord| format!("`{chord}`"))
        .collect::<Vec<_>>()
        .join(" ")
}

/// What stands between quotes in the first list of each line that declares a shortcut.
fn declared_keys(source: &str) -> Vec<String> {
    let lists = source.lines().filter_map(|line| {
        let declares = line.contains("keys: ['") || line.contains("key('");
        let from = line.find("['").filter(|_| declares)?;
        line[from + 1..].split_once(']').map(|(list, _)| list)
    });
    lists
        .flat_map(|list| list.split(", "))
        .map(|key| key.trim_matches('\'').to_owned())
        .collect()
}

#[test]
fn the_agents_guide_has_every_shortcut() {
    let mut sources = vec![text("ui/src/app/shell/shortcuts.ts")];
    for entry in std::fs::read_dir(root().join("ui/src/features")).expect("the areas are there") {
        let routes = entry.expect("readable").path().join("routes.ts");
        sources.extend(std::fs::read_to_string(routes));
    }
    let keys: Vec<String> = sources.iter().flat_map(|source| declared_keys(source)).collect();
    assert!(keys.len() > 20, "only {keys:?} were found");
    let guide = text("docs/agents.md");
    let rows: String = guide.lines().filter(|line| line.starts_with("| `")).collect();
    let missing: Vec<&String> = keys
        .iter()
        .filter(|keys| !rows.contains(&key_names(keys)))
        .collect();
    assert!(missing.is_empty(), "docs/agents.md lacks {missing:?}");
}

#[test]
fn every_dependency_has_its_reason() {
    let manifest = text("Cargo.toml");
    let from = manifest.find("[dependencies]").expect("there are dependencies");
    let names = manifest[from..]
        .lines()
        .skip(1)
        .take_while(|line| !line.starts_with('['));
    let names = names.filter_map(|line| line.split_once(" = ").map(|(name, _)| name));
    let page = text("docs/architecture.md");
    let from = page
        .find("## Why each dependency")
        .expect("the page has the table");
    let cells = page[from..]
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split_once(" |"));
    let listed: Vec<&str> = cells.flat_map(|(cell, _)| cell.split(", ")).collect();
    let missing: Vec<&str> = names.filter(|name| !listed.contains(name)).collect();
    assert!(
        missing.is_empty(),
        "docs/architecture.md gives no reason for {missing:?}"
    );
}
