//! What cannot start says why at once, names the option or file, and what to do.

use std::fs;
use std::net::TcpListener;

use crate::client::Client;
use crate::desk::{Desk, program};

/// Runs `serve` with these arguments; it must refuse.
fn refused(desk: &Desk, args: &[&str]) -> String {
    let output = program()
        .arg("serve")
        .arg("--data")
        .arg(desk.data())
        .args(args)
        .output()
        .expect("the program runs");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        !output.status.success() && !text.contains("panicked"),
        "{args:?}: {text}"
    );
    text
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_process_on_the_same_data_is_refused_and_the_first_goes_on() {
    let desk = Desk::started();
    let owner = desk.owner().await;
    let why = tokio::task::block_in_place(|| refused(&desk, &["--listen", "127.0.0.1:0"]));
    assert!(why.contains("another process uses"), "{why}");
    owner.get("/api/v1/me").await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_port_in_use_is_named() {
    let desk = Desk::new();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address").to_string();
    let why = tokio::task::block_in_place(|| refused(&desk, &["--listen", &address]));
    assert!(why.contains("listen") && why.contains(&address), "{why}");
    assert!(!desk.data().join("store").exists(), "nothing was made");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_configuration_that_cannot_be_used_is_named_with_its_field() {
    let desk = Desk::new();
    let config = desk.path("frontdesk.toml");
    let path = config.display().to_string();
    let directory = desk.path("a folder");
    fs::create_dir(&directory).expect("made");
    let table: [(&[u8], &[&str]); 6] = [
        (b"listen = \"nowhere\"", &["listen", "nowhere"]),
        (b"colour = \"red\"", &["frontdesk.toml", "colour"]),
        (b"listen = ", &["frontdesk.toml"]),
        (b"\xff\xfe\x00", &["frontdesk.toml"]),
        (b"public_url = \"ftp://x\"", &["public_url"]),
        (
            b"metrics_token_file = \"/nonexistent/token\"",
            &["metrics_token_file", "/nonexistent/token"],
        ),
    ];
    for (text, says) in table {
        fs::write(&config, text).expect("written");
        let why = tokio::task::block_in_place(|| refused(&desk, &["--config", &path]));
        assert!(
            says.iter().all(|part| why.contains(part)),
            "{}: {why}",
            String::from_utf8_lossy(text)
        );
    }
    for missing in [desk.path("none.toml"), directory] {
        let path = missing.display().to_string();
        let why = tokio::task::block_in_place(|| refused(&desk, &["--config", &path]));
        assert!(why.contains("config") && why.contains(&path), "{why}");
    }
    assert!(!desk.data().exists(), "nothing was made");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_data_directory_that_cannot_be_made_is_named() {
    let desk = Desk::new();
    fs::write(desk.data(), b"a file").expect("planted");
    let why = tokio::task::block_in_place(|| refused(&desk, &["--listen", "127.0.0.1:0"]));
    assert!(
        why.contains("data") && why.contains(&desk.data().display().to_string()),
        "{why}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_an_owner_in_the_environment_is_refused() {
    let desk = Desk::new();
    let output = program()
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(desk.data())
        .env("FRONTDESK_OWNER_EMAIL", "owner@alpha.example")
        .output();
    let why = String::from_utf8_lossy(&output.expect("the program runs").stderr).into_owned();
    assert!(why.contains("FRONTDESK_OWNER_PASSWORD"), "{why}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_are_kept_out_of_a_desk_without_an_owner() {
    let mut desk = Desk::new();
    let mut command = desk.serve();
    command
        .env_remove("FRONTDESK_OWNER_EMAIL")
        .env_remove("FRONTDESK_OWNER_PASSWORD");
    tokio::task::block_in_place(|| desk.spawn(command)).expect("it starts");
    let stranger = Client::stranger(&desk.base());
    assert_eq!(stranger.get("/api/v1/setup").await.expect(200)["needed"], true);
    assert_eq!(stranger.get("/api/v1/me").await.status, 401);
}
