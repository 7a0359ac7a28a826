//! How a command on this machine reaches the running program: a socket in the data directory, in a folder that only the
//! owner of the data can enter. One request a connection, one line of JSON each way.
//!
//! Owns the socket and the care that can be asked for while the store is open. Whoever may enter the folder may read the
//! master key beside it, so there is nothing to log in to.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;

use crate::clock::Clock;
use crate::storage::{Store, backup, verify};

const FOLDER: &str = "control";
const SOCKET: &str = "socket";
/// No request is longer, in bytes.
const MAX_REQUEST: u64 = 64 << 10;
/// No answer is longer, in bytes.
const MAX_ANSWER: u64 = 4 << 20;
/// How long a caller may take to say what it wants.
const PATIENCE: Duration = Duration::from_secs(5);

/// What can be asked for.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// Walk every table.
    Verify {
        /// Mend look-up rows.
        repair: bool,
    },
    /// Make a backup.
    Backup {
        /// The file to make.
        to: PathBuf,
        /// Only what happened since this backup.
        since: Option<PathBuf>,
    },
    /// Exchange the master key for a fresh one.
    RotateKey,
}

/// What came of it.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// It was done, and all is well.
    pub ok: bool,
    /// For people.
    pub text: String,
}

impl Answer {
    fn failed(error: &anyhow::Error) -> Self {
        Self {
            ok: false,
            text: format!("{error:#}"),
        }
    }
}

/// Carries a request out. Blocks for as long as it takes.
///
/// # Errors
/// Says what went wrong and what to do.
pub fn carry_out(store: &Store, request: &Request, clock: Clock) -> anyhow::Result<Answer> {
    match request {
        Request::Verify { repair } => {
            let report = verify::verify(store, verify::Options { repair: *repair })?;
            Ok(Answer {
                ok: report.is_sound(),
                text: report.to_string(),
            })
        }
        Request::Backup { to, since } => {
            let made = match since {
                None => backup::export(store, to, clock.now())?,
                Some(since) => {
                    let previous = backup::verify_backup(since)
                        .with_context(|| format!("{} cannot be gone on from", since.display()))?;
                    backup::export_since(store, &previous, to, clock.now())?
                }
            };
            backup::note_verified(store, &made.verified)?;
            let text = format!("{}\n{}", made.path.display(), made.verified);
            Ok(Answer { ok: true, text })
        }
        Request::RotateKey => {
            let old = store.rotate_key(clock.now())?;
            let text = format!(
                "the master key is a new one: copy it to where you keep its copy\nthe old one is {}: backups made so far \
                 need it; keep it with them, not here\nmake a backup now: only one that is made from now on can be \
                 restored with the new key",
                old.display()
            );
            Ok(Answer { ok: true, text })
        }
    }
}

fn path(data: &Path) -> PathBuf {
    data.join(FOLDER).join(SOCKET)
}

/// Listens until it is dropped. A request under way is not waited for.
pub struct Control {
    path: PathBuf,
}

impl Control {
    /// Begins to listen in a data directory whose store this process has open.
    ///
    /// # Errors
    /// The socket cannot be made, for example because its path is too long for the system.
    pub fn start(store: Store, data: &Path, clock: Clock) -> anyhow::Result<Self> {
        let folder = data.join(FOLDER);
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder)?;
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700))?;
        let path = path(data);
        // The store's lock is ours, so a socket that lies there is from a process that is gone.
        if path.exists() {
            std::fs::remove_file(&path)?;
        }
        let listener = UnixListener::bind(&path).with_context(|| format!("socket {}", path.display()))?;
        std::thread::Builder::new()
            .name("control".into())
            .spawn(move || serve(&listener, &store, clock))?;
        Ok(Self { path })
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        // The thread ends at its next connection: one that says nothing.
        let woken = UnixStream::connect(&self.path).and_then(|mut stream| stream.write_all(b"\n"));
        let removed = std::fs::remove_file(&self.path);
        if let Err(error) = woken.and(removed) {
            tracing::warn!(%error, "the control socket was not put away");
        }
    }
}

fn serve(listener: &UnixListener, store: &Store, clock: Clock) {
    for stream in listener.incoming() {
        let told = stream.map_err(anyhow::Error::from).and_then(|stream| {
            let Some(request) = read(&stream)? else {
                return Ok(false);
            };
            let answer = request
                .and_then(|request| carry_out(store, &request, clock))
                .unwrap_or_else(|error| Answer::failed(&error));
            write(&stream, &answer)?;
            Ok(true)
        });
        match told {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => tracing::warn!(%error, "a command on the control socket was broken off"),
        }
    }
}

/// `None` for the empty line that ends the service.
fn read(stream: &UnixStream) -> anyhow::Result<Option<anyhow::Result<Request>>> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut line = String::new();
    BufReader::new(stream.take(MAX_REQUEST)).read_line(&mut line)?;
    Ok(match line.trim() {
        "" if line.ends_with('\n') => None,
        text => Some(serde_json::from_str(text).context("this is not a command")),
    })
}

fn write(mut stream: &UnixStream, answer: &Answer) -> anyhow::Result<()> {
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut line = serde_json::to_string(answer)?;
    line.push('\n');
    stream.write_all(line.as_bytes())?;
    Ok(())
}

/// Asks the program that runs on a data directory. `None` if none listens there.
///
/// # Errors
/// It went away before it answered.
pub fn ask(data: &Path, request: &Request) -> anyhow::Result<Option<Answer>> {
    let mut stream = match UnixStream::connect(path(data)) {
        Ok(stream) => stream,
        Err(error)
            if matches!(
                error.kind(),
                std::io::ErrorKind::NotFound | std::io::ErrorKind::ConnectionRefused
            ) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(error).context("the running program cannot be reached"),
    };
    let mut line = serde_json::to_string(request)?;
    line.push('\n');
    stream.write_all(line.as_bytes())?;
    let mut answer = String::new();
    stream.take(MAX_ANSWER).read_to_string(&mut answer)?;
    let answer = serde_json::from_str(&answer).context("the running program stopped before it answered")?;
    Ok(Some(answer))
}
