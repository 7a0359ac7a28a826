//! Every shape of the provider contract is walked: where its folder stands beside the checkout, each of its files is looked
//! at by a test, or stands here with the reason why not. A file that is new in the contract makes this fail.
//!
//! The walks themselves stand with the tests of each provider and of the simulator. Some read a whole folder, so that a new
//! file of it is theirs at once; others name each file that they read.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A folder that a test reads whole, and the words in the test that do it.
struct Whole {
    folder: &'static str,
    /// Only files whose names begin so.
    prefix: &'static str,
    test: &'static str,
    words: &'static str,
}

const fn whole(folder: &'static str, prefix: &'static str, test: &'static str, words: &'static str) -> Whole {
    Whole {
        folder,
        prefix,
        test,
        words,
    }
}

const WHOLE: [Whole; 14] = [
    whole(
        "dialog360",
        "",
        "tests/sandbox/dialog360.rs",
        "read_dir(&contract)",
    ),
    whole(
        "dialog360",
        "",
        "tests/whatsapp/dialog360.rs",
        "every_example_of_the_contract",
    ),
    whole(
        "instagram/responses",
        "error-",
        "tests/instagram/contract.rs",
        r#"folder.join("responses")"#,
    ),
    whole(
        "instagram/webhooks",
        "",
        "tests/instagram/contract.rs",
        r#"folder.join("webhooks")"#,
    ),
    whole(
        "twilio/content",
        "create-",
        "tests/twilio/contents.rs",
        r#"folder.join("content")"#,
    ),
    whole(
        "twilio/content",
        "approval-fetch-",
        "tests/twilio/contents.rs",
        r#"folder.join("content")"#,
    ),
    whole(
        "twilio/responses",
        "",
        "tests/twilio/contents.rs",
        r#"folder.join("responses")"#,
    ),
    whole(
        "twilio/send",
        "",
        "tests/twilio/contract.rs",
        r#"folder.join("send")"#,
    ),
    whole(
        "twilio/webhooks",
        "",
        "tests/twilio/contract.rs",
        r#"folder.join("webhooks")"#,
    ),
    whole(
        "whatsapp-cloud/management",
        "",
        "tests/whatsapp/management.rs",
        r#"folder.join("management")"#,
    ),
    whole(
        "whatsapp-cloud/responses",
        "error-",
        "tests/whatsapp/contract.rs",
        r#"folder.join("responses")"#,
    ),
    whole(
        "whatsapp-cloud/send",
        "",
        "tests/whatsapp/contract.rs",
        r#"folder.join("send")"#,
    ),
    whole(
        "whatsapp-cloud/templates",
        "",
        "tests/whatsapp/templates.rs",
        "every_template_of_the_contract",
    ),
    whole(
        "whatsapp-cloud/webhooks",
        "",
        "tests/whatsapp/contract.rs",
        r#"folder.join("webhooks")"#,
    ),
];

/// The tests that name what they read, by the part of the contract that they read from.
const BY_NAME: [(&str, &[&str]); 3] = [
    ("whatsapp-cloud", &["tests/whatsapp", "tests/sandbox"]),
    ("instagram", &["tests/instagram", "tests/sandbox/instagram.rs"]),
    ("twilio", &["tests/twilio"]),
];

/// What no walk looks at, and why: a file, or a folder with everything in it.
const NOT_WALKED: [(&str, &str); 7] = [
    (
        "commerce/",
        "shops, payments and parcels are no part of this version: nothing asks for them or reads them",
    ),
    ("llm/", "language models are no part of this version"),
    (
        "outgoing-webhooks-vectors.json",
        "webhooks to others' programs are no part of this version",
    ),
    (
        "instagram/responses/conversations.json",
        "read only where missed messages are looked for",
    ),
    ("instagram/responses/conversation-messages.json", "see above"),
    (
        "instagram/send/public-comment-reply.json",
        "made only where comments are answered in public",
    ),
    (
        "instagram/send/attachment-upload.json",
        "files go to Instagram by address; the simulator takes the upload (tests/sandbox/instagram.rs)",
    ),
];

/// Files that are walked by a test whose product part does not use them; each such test says why it asks for them.
const OTHERS: [(&str, &str); 5] = [
    (
        "whatsapp-cloud/management/embedded-signup-cancel.message-event.json",
        "of Meta's JavaScript; the login goes by redirection",
    ),
    (
        "whatsapp-cloud/management/embedded-signup-error.message-event.json",
        "see above",
    ),
    (
        "whatsapp-cloud/management/embedded-signup-finish.message-event.json",
        "see above",
    ),
    ("twilio/send/sms-scheduled.json", "what is due later waits here"),
    (
        "twilio/content/create-location.request.json",
        "a place goes out without a content",
    ),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn contract() -> Option<PathBuf> {
    ["../shared/contracts", "../../shared/contracts"]
        .iter()
        .map(|place| root().join(place))
        .find(|folder| folder.is_dir())
}

/// Every file of the contract that is a shape, as a path within it.
fn shapes(folder: &Path, within: &str, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if path.is_dir() {
            shapes(&path, &format!("{within}{name}/"), found);
        } else if name.ends_with(".json") || name.ends_with(".sse") {
            found.insert(format!("{within}{name}"));
        }
    }
}

/// The text of a test, or of all tests in a folder.
fn source(place: &str) -> String {
    let path = root().join(place);
    if !path.is_dir() {
        return std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{place}: {error}"));
    }
    let entries = std::fs::read_dir(&path).unwrap_or_else(|error| panic!("{place}: {error}"));
    let files = entries.map(|entry| entry.expect("an entry").path());
    let tests = files.filter(|path| path.extension().is_some_and(|ending| ending == "rs"));
    tests
        .map(|path| std::fs::read_to_string(path).expect("a readable test"))
        .collect()
}

fn is_walked(file: &str) -> bool {
    let (folder, name) = file.rsplit_once('/').unwrap_or(("", file));
    let by_folder = WHOLE
        .iter()
        .any(|walk| walk.folder == folder && name.starts_with(walk.prefix));
    let mut places = BY_NAME
        .iter()
        .filter(|(part, _)| file.starts_with(&format!("{part}/")));
    by_folder
        || places.any(|(_, tests)| {
            // In quotes, or at the end of a path in quotes.
            let ends = [format!("\"{name}\""), format!("/{name}\"")];
            tests.iter().any(|test| {
                let source = source(test);
                ends.iter().any(|end| source.contains(end.as_str()))
            })
        })
}

#[test]
fn every_shape_of_the_contract_is_walked_or_has_a_reason_not_to_be() {
    let Some(folder) = contract() else {
        eprintln!("skipped: no contract folder beside the checkout");
        return;
    };
    let mut files = BTreeSet::new();
    shapes(&folder, "", &mut files);
    assert!(files.len() > 400, "{} files", files.len());
    let has_reason = |file: &str| {
        let fits = |place: &str| file == place || place.ends_with('/') && file.starts_with(place);
        NOT_WALKED.iter().any(|(place, _)| fits(place))
    };
    let left: Vec<&String> = files
        .iter()
        .filter(|file| !has_reason(file) && !is_walked(file))
        .collect();
    assert_eq!(left, Vec::<&String>::new(), "no test looks at these");
    for (place, why) in NOT_WALKED.iter().chain(&OTHERS) {
        let stands = files.iter().any(|file| file == place || file.starts_with(place));
        assert!(
            stands && !why.is_empty(),
            "{place} stands in the contract no longer"
        );
    }
}

#[test]
fn the_walks_are_there() {
    for walk in WHOLE {
        assert!(
            source(walk.test).contains(walk.words),
            "{} reads {} no longer",
            walk.test,
            walk.folder
        );
    }
}

#[test]
fn a_new_file_is_noticed() {
    for new in [
        "instagram/send/hologram.json",
        "whatsapp-cloud/responses/hologram.json",
        "twilio/content/hologram.response.json",
        "hologram/send.json",
    ] {
        assert!(!is_walked(new), "{new}");
    }
    assert!(
        is_walked("whatsapp-cloud/send/hologram.json"),
        "its walk reads the whole folder"
    );
}
