//! How fast the store commits, beside what the disk allows: raw appends with `fdatasync` in the same run.
//!
//! `cargo bench --bench commit [-- <messages>]` also writes that many messages (default 100,000) and says what they take on
//! disk. `-- open <directory>` opens a data directory and says how long that takes.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use frontdesk::domain::{ConversationId, EventKind, MessageId, Timestamp, TraceId, WorkspaceId};
use frontdesk::storage::{Batch, Key, MasterKey, Record, Seal, StorageError, Store, StoreOptions, Table};

const CALLERS: u32 = 64;
const RUN: Duration = Duration::from_secs(4);
const WORKSPACE: WorkspaceId = WorkspaceId([1; 16]);

struct Bytes(Vec<u8>);

impl Record for Bytes {
    const KIND: u16 = 901;
    const VERSION: u16 = 1;
    fn encode(&self) -> Vec<u8> {
        self.0.clone()
    }
    fn decode(_version: u16, bytes: &[u8]) -> Result<Self, StorageError> {
        Ok(Self(bytes.to_vec()))
    }
}

/// A message's row or, with another table, an index row of like length.
#[derive(Clone)]
struct Row<const TABLE: u8> {
    conversation: u32,
    n: u32,
}

impl<const T: u8> Key for Row<T> {
    type Value = Bytes;
    const TABLE: Table = match T {
        0 => Table::Message,
        1 => Table::MessageByProviderId,
        _ => Table::ConversationList,
    };
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&WORKSPACE.0);
        out.extend_from_slice(&conversation(self.conversation).0);
        if T == 1 {
            // Look-ups go by a hash: their keys are spread over the whole table.
            let spread =
                (u64::from(self.conversation) << 32 | u64::from(self.n)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            out.extend_from_slice(&spread.to_be_bytes());
        }
        out.extend_from_slice(&self.n.to_be_bytes());
    }
    fn read(_: &[u8]) -> Option<Self> {
        None
    }
}

fn conversation(n: u32) -> ConversationId {
    let mut id = [0; 16];
    id[..4].copy_from_slice(&n.wrapping_mul(0x9e37_79b9).to_be_bytes());
    id[12..].copy_from_slice(&n.to_be_bytes());
    ConversationId(id)
}

/// 600 bytes as a message has them: ids, words, some of them rare.
fn message(salt: u64) -> Vec<u8> {
    const WORDS: [&str; 24] = [
        "hello",
        "order",
        "cake",
        "tomorrow",
        "please",
        "thanks",
        "delivery",
        "address",
        "birthday",
        "chocolate",
        "when",
        "open",
        "saturday",
        "price",
        "two",
        "kilos",
        "of",
        "the",
        "with",
        "and",
        "could",
        "you",
        "bread",
        "is",
    ];
    let mut state = salt.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let mut out: Vec<u8> = (0..12).flat_map(|_| next().to_be_bytes()).collect();
    while out.len() < 600 {
        out.extend_from_slice(WORDS[(next() % 24) as usize].as_bytes());
        out.push(b' ');
    }
    out.truncate(600);
    out
}

fn batch(caller: u32, n: u32, seal: &Seal) -> Batch {
    let mut batch = Batch::new();
    let body = Bytes(message(u64::from(caller) << 32 | u64::from(n)));
    let row = Row::<0> {
        conversation: caller,
        n,
    };
    let index = Row::<1> {
        conversation: caller,
        n,
    };
    let list = Row::<2> {
        conversation: caller,
        n: 0,
    };
    batch
        .require_absent(&row)
        .put(&row, &body, seal)
        .put(&index, &Bytes(vec![0; 20]), &Seal::Open)
        .put(&list, &Bytes(vec![]), &Seal::Open);
    let id = MessageId {
        conversation: conversation(caller),
        n,
    };
    batch.event(
        WORKSPACE,
        Timestamp(0),
        TraceId([2; 16]),
        EventKind::MessageCreated(id),
    );
    batch
}

fn open(dir: &Path) -> Store {
    let master_key = MasterKey::load(dir).expect("a key");
    Store::open(StoreOptions {
        dir: dir.to_owned(),
        master_key,
    })
    .expect("a fresh store opens")
}

fn quantile(sorted: &[Duration], q: f64) -> Duration {
    sorted[((sorted.len() - 1) as f64 * q) as usize]
}

/// Appends and syncs per second, of a frame as large as a group of 64 small batches.
fn raw_appends(dir: &Path, bytes: usize) -> f64 {
    let mut file = File::create(dir.join("raw")).expect("a file");
    let frame = vec![7; bytes];
    let (begun, mut count) = (Instant::now(), 0);
    while begun.elapsed() < RUN / 2 {
        file.write_all(&frame)
            .and_then(|()| file.sync_data())
            .expect("an append");
        count += 1;
    }
    f64::from(count) / begun.elapsed().as_secs_f64()
}

async fn group_commits(store: &Store) -> (f64, Vec<Duration>) {
    let begun = Instant::now();
    let callers = (0..CALLERS).map(|caller| {
        let store = store.clone();
        tokio::spawn(async move {
            let seal = store.system_seal();
            let mut times = vec![];
            for n in 0.. {
                let asked = Instant::now();
                store.commit(batch(caller, n, &seal)).await.expect("a commit");
                times.push(asked.elapsed());
                if begun.elapsed() > RUN {
                    break;
                }
            }
            times
        })
    });
    let mut times: Vec<Duration> = vec![];
    for caller in callers.collect::<Vec<_>>() {
        times.extend(caller.await.expect("a caller"));
    }
    let rate = times.len() as f64 / begun.elapsed().as_secs_f64();
    times.sort();
    (rate, times)
}

async fn fill(store: &Store, messages: u32) -> Duration {
    let begun = Instant::now();
    let tasks = (0..CALLERS).map(|caller| {
        let store = store.clone();
        tokio::spawn(async move {
            let seal = store.system_seal();
            for n in 0..messages / CALLERS {
                let row = batch(1000 + caller * 100 + n % 100, n / 100, &seal);
                store.commit(row).await.expect("a commit");
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.expect("a caller");
    }
    begun.elapsed()
}

/// All rows, page by page.
fn pages(store: &Store) -> impl Iterator<Item = Result<(Vec<u8>, Vec<u8>), StorageError>> {
    let (mut after, mut page) = (None::<Vec<u8>>, Vec::new().into_iter());
    std::iter::from_fn(move || {
        if page.len() == 0 {
            page = match store.raw_rows(after.as_deref(), 1000) {
                Ok(rows) => rows.into_iter(),
                Err(error) => return Some(Err(error)),
            };
        }
        let row = page.next()?;
        after = Some(row.0.clone());
        Some(Ok(row))
    })
}

fn tree_mb(dir: &Path) -> u64 {
    fn bytes(dir: &Path) -> u64 {
        let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
        let sizes = entries.map(|entry| match entry.metadata() {
            Ok(meta) if meta.is_dir() => bytes(&entry.path()),
            Ok(meta) => meta.len(),
            Err(_) => 0,
        });
        sizes.sum()
    }
    bytes(dir) >> 20
}

fn resident_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok())
        .unwrap_or(0)
        / 1024
}

/// Opens a store that was kept, in a fresh process.
fn reopen(dir: &Path) {
    let begun = Instant::now();
    let store = open(dir);
    println!("opened in {:.1?}, resident {} MB", begun.elapsed(), resident_mb());
    let begun = Instant::now();
    let rows = pages(&store).count();
    println!(
        "{rows} rows read in {:.1?}, resident {} MB",
        begun.elapsed(),
        resident_mb()
    );
}

#[tokio::main]
async fn main() {
    let args: Vec<String> = std::env::args().collect();
    if let Some(at) = args.iter().position(|arg| arg == "open") {
        return reopen(Path::new(&args[at + 1]));
    }
    let messages = std::env::args()
        .skip(1)
        .find_map(|arg| arg.parse().ok())
        .unwrap_or(100_000);
    let dir = tempfile::tempdir().expect("a directory");
    let store = open(dir.path());
    let (rate, times) = group_commits(&store).await;
    let status = store.status().expect("a status");
    let frame = (status.journal_bytes / status.groups) as usize;
    let raw = raw_appends(dir.path(), frame);
    let per_group = status.batches as f64 / status.groups as f64;
    println!(
        "commits/s, {CALLERS} callers      {rate:>10.0}   p50 {:?} p99 {:?}",
        quantile(&times, 0.5),
        quantile(&times, 0.99)
    );
    println!(
        "batches in a group       {per_group:>10.1}   mean group {} us, slowest {} us",
        status.mean_commit_us, status.slowest_commit_us
    );
    println!(
        "raw appends/s of {frame} B {raw:>10.0}   ratio of groups/s to raw appends/s: {:.2}",
        rate / per_group / raw
    );
    drop(store);
    let dir = tempfile::tempdir().expect("a directory");
    let store = open(dir.path());
    let took = fill(&store, messages).await;
    let status = store.status().expect("a status");
    println!(
        "{messages} messages in {took:.1?}: journal {} MB, state {} MB, resident {} MB, slowest group {} us",
        status.journal_bytes >> 20,
        status.state_bytes >> 20,
        resident_mb(),
        status.slowest_commit_us
    );
    let begun = Instant::now();
    let compacted = store.compact().expect("a compaction");
    println!(
        "compacted in {:.1?}: {} MB from {} MB",
        begun.elapsed(),
        compacted.after >> 20,
        compacted.before >> 20
    );
    let begun = Instant::now();
    store.close();
    drop(store);
    println!(
        "closed in {:.1?}: state {} MB",
        begun.elapsed(),
        tree_mb(&dir.path().join("store"))
    );
    let begun = Instant::now();
    let store = open(dir.path());
    println!("opened in {:.1?}, resident {} MB", begun.elapsed(), resident_mb());
    drop(store);
    if args.iter().any(|arg| arg == "keep") {
        println!("kept in {}", dir.keep().display());
        return;
    }
    println!("after that: state {} MB", tree_mb(&dir.path().join("store")));
}
