//! The real program on a fixed port and a folder of its own, that can be killed and started again.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::PASSWORD;
use crate::client::Client;

/// The owner that the environment makes.
pub const OWNER: &str = "owner@alpha.example";
/// Longer than any start or stop may take, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// Longer than anybody else has the port.
const BORROWED: Duration = Duration::from_secs(2);

/// The program and its place.
pub struct Desk {
    /// Its data directory's parent; gone with the test.
    dir: tempfile::TempDir,
    port: u16,
    child: Option<Child>,
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A port below the range from which the system takes those of outgoing connections, so that it is still free when the
/// program starts again.
fn free_port() -> u16 {
    let mut bytes = [0; 2];
    loop {
        getrandom::fill(&mut bytes).expect("random bytes");
        let port = 12_000 + u16::from_le_bytes(bytes) % 18_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// A command of the program, without the environment of whoever runs the tests.
pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_frontdesk"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("FRONTDESK_") || name == "CREDENTIALS_DIRECTORY" {
            command.env_remove(name);
        }
    }
    command
}

/// Runs a command to its end: whether it succeeded, and all that it said.
pub fn run(args: &[&str]) -> (bool, String) {
    let output = program().args(args).output().expect("the program runs");
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    (output.status.success(), text.concat())
}

impl Desk {
    /// Not started yet.
    pub fn new() -> Self {
        Client::install_provider();
        Self {
            dir: tempfile::tempdir().expect("a temporary folder"),
            port: free_port(),
            child: None,
        }
    }

    /// Started on an empty folder.
    pub fn started() -> Self {
        let mut desk = Self::new();
        desk.start();
        desk
    }

    /// Another one, not started, on a copy of a stopped one's data.
    pub fn copy(&self) -> Self {
        let copy = Self::new();
        copy_tree(&self.data(), &copy.data());
        copy
    }

    pub fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn base(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn listen(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    fn log(&self) -> PathBuf {
        self.dir.path().join("log")
    }

    /// What it has logged so far.
    pub fn logged(&self) -> String {
        std::fs::read_to_string(self.log()).unwrap_or_default()
    }

    /// `serve`, ready to be spawned.
    pub fn serve(&self) -> Command {
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.log());
        let mut command = program();
        command
            .args(["serve", "--listen", &self.listen(), "--data"])
            .arg(self.data())
            .env("FRONTDESK_OWNER_EMAIL", OWNER)
            .env("FRONTDESK_OWNER_PASSWORD", PASSWORD)
            .stdout(Stdio::piped())
            .stderr(log.expect("a log file"));
        command
    }

    /// Starts it; says how long that took.
    pub fn start(&mut self) -> Duration {
        let begun = Instant::now();
        loop {
            let command = self.serve();
            match self.spawn(command) {
                Ok(()) => return begun.elapsed(),
                // Another test may try the port just now, in search of a free one.
                Err(log) if log.contains("cannot be listened on") && begun.elapsed() < BORROWED => {
                    std::thread::sleep(Duration::from_millis(50));
                }
                Err(log) => panic!("it did not start:\n{log}"),
            }
        }
    }

    /// Spawns `serve` and waits until it serves, or says why it does not.
    pub fn spawn(&mut self, mut command: Command) -> Result<(), String> {
        let mut child = command.spawn().expect("the program runs");
        let mut said = BufReader::new(child.stdout.take().expect("a pipe"));
        self.child = Some(child);
        let mut line = String::new();
        let read = said.read_line(&mut line).expect("a pipe can be read");
        if read > 0 && line.starts_with("Frontdesk serves on") {
            // Whatever it says later must find a reader.
            std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
            return Ok(());
        }
        self.wait();
        Err(self.logged())
    }

    /// Starts it and kills it after a while, wherever it is then.
    pub fn start_and_kill(&mut self, after: Duration) {
        let child = self.serve().stdout(Stdio::null()).spawn();
        self.child = Some(child.expect("the program runs"));
        std::thread::sleep(after);
        self.kill();
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // Fails if it is dead already, which is as good.
            let _ = child.kill();
            child.wait().expect("it is ours");
        }
    }

    /// Waits until it has died by itself; `false` if it still lives after `patience`.
    pub fn dies_within(&mut self, patience: Duration) -> bool {
        let until = Instant::now() + patience;
        let Some(child) = &mut self.child else { return true };
        while child.try_wait().expect("it is ours").is_none() {
            if Instant::now() > until {
                return false;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        self.child = None;
        true
    }

    fn wait(&mut self) -> ExitStatus {
        let mut child = self.child.take().expect("it was started");
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = child.try_wait().expect("it is ours") {
                return status;
            }
            if Instant::now() > until {
                let _ = child.kill();
                panic!("it did not end:\n{}", self.logged());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Stops it in good order, and says how long that took.
    pub fn stop(&mut self) -> Duration {
        let begun = Instant::now();
        let pid = self.child.as_ref().expect("it runs").id();
        let sent = Command::new("kill").args(["-TERM", &pid.to_string()]).status();
        assert!(sent.expect("kill runs").success());
        let status = self.wait();
        assert!(status.success(), "{status}:\n{}", self.logged());
        begun.elapsed()
    }

    /// Starts it where it must refuse to start; gives the last line of its log, which says why.
    pub fn refuses(&mut self) -> String {
        let command = self.serve();
        match self.spawn(command) {
            Ok(()) => panic!("it started:\n{}", self.logged()),
            Err(log) => log,
        }
    }

    /// The stopped store agrees with itself everywhere.
    pub fn verify(&self) {
        let data = self.data();
        let (ok, text) = run(&["verify", "--data", &data.display().to_string()]);
        assert!(ok && text.contains("0 problems"), "{text}");
    }

    /// The owner, logged in.
    pub async fn owner(&self) -> Client {
        Client::log_in(&self.base(), OWNER).await
    }
}

/// Copies a folder but for what belongs to a running program.
pub fn copy_tree(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("writable");
    for entry in std::fs::read_dir(from).expect("readable") {
        let path = entry.expect("readable").path();
        let to = to.join(path.file_name().expect("a name"));
        let kind = std::fs::symlink_metadata(&path).expect("there").file_type();
        if kind.is_dir() {
            copy_tree(&path, &to);
        } else if kind.is_file() {
            std::fs::copy(&path, &to).expect("copied");
        }
    }
}
