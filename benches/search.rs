//! Search at a million messages: how fast it indexes, how much disk it takes, and how long each kind of query takes,
//! beside a plain scan over the same texts in the same run.
//!
//! `FRONTDESK_BENCH_MESSAGES` sets the number of messages (1,000,000 unless told).

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use frontdesk::domain::time::{HOUR, SECOND};
use frontdesk::domain::{ChannelId, ContactId, ConversationId, Direction, MessageId, Timestamp, WorkspaceId};
use frontdesk::storage::search::{
    DocumentId, DocumentKind, Names, Query, SearchDocument, SearchIndex, SearchRequest, snippet,
};
use hdrhistogram::Histogram;
use jiff::tz::TimeZone;

const HOME: WorkspaceId = WorkspaceId([1; 16]);
const NEIGHBOUR: WorkspaceId = WorkspaceId([2; 16]);
/// 2026-03-01T00:00:00Z.
const NOW: Timestamp = Timestamp(1_772_323_200_000_000);
const BAR_P95: Duration = Duration::from_millis(10);
/// Documents between two commits, as the indexer commits them.
const PER_COMMIT: usize = 1_000;
const QUERIES: usize = 300;

/// Numbers that look random and are the same in every run (splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.roll() % n as u64) as usize
    }

    fn unit(&mut self) -> f64 {
        (self.roll() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A rank from 0 on; the chance of each is about one over it (Zipf).
    fn zipf(&mut self, n: usize) -> usize {
        let rank = (n as f64).powf(self.unit());
        (rank as usize).clamp(1, n) - 1
    }
}

/// The words of a language, the commonest first.
struct Language {
    words: Vec<String>,
    blank: &'static str,
}

const COMMON: [&[&str]; 5] = [
    &[
        "the", "to", "you", "is", "and", "order", "cake", "please", "can", "thanks", "delivery", "ready",
        "when", "hello",
    ],
    &[
        "de", "que", "o", "não", "um", "pedido", "bolo", "obrigada", "quando", "está", "entrega", "você",
        "amanhã",
    ],
    &[
        "من",
        "في",
        "الطلب",
        "على",
        "شكرا",
        "متى",
        "كعكة",
        "اليوم",
        "غدا",
        "التوصيل",
        "هل",
        "إلى",
    ],
    &[
        "ya",
        "na",
        "kwa",
        "mkate",
        "asante",
        "leo",
        "kesho",
        "ninataka",
        "oda",
        "tafadhali",
        "lini",
        "habari",
    ],
    &[
        "蛋糕", "订单", "谢谢", "什么", "时候", "明天", "可以", "我们", "生日", "送货", "今天", "请问",
    ],
];

const SYLLABLES: [&[&str]; 5] = [
    &[
        "ba", "con", "der", "fi", "gra", "hu", "ing", "jo", "ka", "lin", "mo", "ner", "pra", "qui", "ros",
        "ster", "tu", "vel",
    ],
    &[
        "ção", "ba", "ca", "dor", "es", "fá", "gui", "lha", "me", "nha", "pó", "que", "ri", "são", "ta",
        "vér",
    ],
    &[
        "با", "تر", "جم", "حو", "خي", "در", "سا", "شم", "صو", "عل", "فر", "قد", "كم", "لا", "مه", "نو",
    ],
    &[
        "ba", "che", "dha", "fu", "gi", "ha", "ji", "ka", "li", "mwa", "nye", "pa", "shi", "tu", "vu", "zi",
    ],
    &[
        "上", "下", "天", "地", "人", "大", "小", "中", "国", "家", "学", "生", "水", "火", "山", "川", "新",
        "旧", "高", "低",
    ],
];

fn languages(dice: &mut Dice) -> Vec<Language> {
    let language = |(common, syllables): (&&[&str], &&[&str])| {
        let mut words: Vec<String> = common.iter().map(|&word| word.to_owned()).collect();
        let is_chinese = syllables[0] == "上";
        for _ in 0..if is_chinese { 4_000 } else { 60_000 } {
            let length = 2 + dice.below(if is_chinese { 2 } else { 4 });
            words.push(
                (0..length)
                    .map(|_| syllables[dice.below(syllables.len())])
                    .collect(),
            );
        }
        let blank = if is_chinese { "" } else { " " };
        Language { words, blank }
    };
    COMMON.iter().zip(&SYLLABLES).map(language).collect()
}

/// Most customers of a business speak one language; here six of ten.
fn spoken(dice: &mut Dice) -> usize {
    dice.below(10).saturating_sub(5).min(COMMON.len() - 1)
}

/// Between 60 and 120 bytes of one language, now and then with an order or telephone number.
fn text(languages: &[Language], dice: &mut Dice) -> String {
    let language = &languages[spoken(dice)];
    let length = 60 + dice.below(50);
    let mut text = String::with_capacity(130);
    while text.len() < length {
        text.push_str(&language.words[dice.zipf(language.words.len())]);
        text.push_str(language.blank);
    }
    match dice.below(20) {
        0 => write!(text, " #A-{}", 1000 + dice.below(900_000)),
        1 => write!(text, " +2547{:08}", dice.below(100_000_000)),
        _ => Ok(()),
    }
    .expect("writing to a string succeeds");
    text
}

fn document(n: usize, total: usize, text: String, dice: &mut Dice) -> SearchDocument {
    // Conversations of ten messages on average, a few of them very long.
    let owner = dice.zipf((total / 10).max(1)) as u64;
    let mut id = [7; 16];
    id[8..].copy_from_slice(&Dice(owner).roll().to_be_bytes());
    let spacing = 2 * 365 * 24 * HOUR / total as i64;
    SearchDocument {
        kind: DocumentKind::Message,
        id: DocumentId::Message(MessageId {
            conversation: ConversationId(id),
            n: n as u32,
        }),
        // Not quite alone on the machine, so that the workspace must be looked at in every document.
        workspace: if n % 10 == 3 { NEIGHBOUR } else { HOME },
        contact: ContactId(id),
        channel: Some(ChannelId([3; 16])),
        direction: Some(if n.is_multiple_of(2) {
            Direction::Inbound
        } else {
            Direction::Outbound
        }),
        author: None,
        text,
        at: NOW.plus((n as i64 - total as i64) * spacing),
    }
}

fn size(dir: &Path) -> u64 {
    let entries = std::fs::read_dir(dir).expect("the index is there").flatten();
    entries
        .map(|entry| match entry.file_type() {
            Ok(kind) if kind.is_dir() => size(&entry.path()),
            _ => entry.metadata().map_or(0, |data| data.len()),
        })
        .sum()
}

fn main() {
    let total = std::env::var("FRONTDESK_BENCH_MESSAGES")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(1_000_000);
    let dir = tempfile::tempdir().expect("a directory");
    let mut dice = Dice(42);
    let languages = languages(&mut dice);
    let texts: Vec<String> = (0..total).map(|_| text(&languages, &mut dice)).collect();
    let bytes: usize = texts.iter().map(String::len).sum();
    println!(
        "search: {total} messages, {} bytes each on average",
        bytes / total.max(1)
    );

    let index = SearchIndex::open(dir.path()).expect("an empty index");
    build(&index, &texts, &mut dice);
    println!(
        "  on disk: {} bytes a message",
        size(dir.path()) / total.max(1) as u64
    );
    drop(index);
    let start = Instant::now();
    let index = SearchIndex::open(dir.path()).expect("the index opens again");
    println!("  open, every checksum compared: {:?}", start.elapsed());

    let scan = scan(&texts, "delivery");
    println!("  plain scan for a word over all texts: {scan:?}");
    println!(
        "  {:<34} {:>9} {:>9} {:>9} {:>10}",
        "query", "p50 ms", "p95 ms", "p99 ms", "scan/p95"
    );
    let mut is_slow = false;
    for (name, queries) in classes(&languages, &texts, &mut dice) {
        is_slow |= measure(&index, &texts, name, &queries, scan);
    }
    found_after_a_second(&index, total, &mut dice);
    println!(
        "  bar: p95 at most {BAR_P95:?}: {}",
        if is_slow { "MISSED" } else { "held" }
    );
}

fn build(index: &SearchIndex, texts: &[String], dice: &mut Dice) {
    // A tenth the way the indexer feeds it, the rest as a rebuild does.
    let rebuild = index.rebuild().expect("a rebuild begins");
    let first = texts.len() - texts.len() / 10;
    let start = Instant::now();
    for (n, text) in texts[..first].iter().enumerate() {
        rebuild
            .add(&document(n, texts.len(), text.clone(), dice))
            .expect("a document can be added");
    }
    rebuild.finish(1).expect("the rebuild finishes");
    let rate = first as f64 / start.elapsed().as_secs_f64();
    println!("  rebuild: {rate:.0} documents/s");
    let start = Instant::now();
    let mut commits = Histogram::<u64>::new_with_bounds(1, 60_000_000, 3).expect("a histogram");
    for (n, text) in texts.iter().enumerate().skip(first) {
        index
            .upsert(&document(n, texts.len(), text.clone(), dice))
            .expect("a document can be added");
        if n % PER_COMMIT == PER_COMMIT - 1 {
            let start = Instant::now();
            index.commit(n as u64).expect("a commit succeeds");
            commits.saturating_record(start.elapsed().as_micros() as u64);
        }
    }
    index.commit(texts.len() as u64).expect("a commit succeeds");
    let rate = (texts.len() - first) as f64 / start.elapsed().as_secs_f64();
    let commit = commits.value_at_quantile(0.95) as f64 / 1000.0;
    println!("  live feed: {rate:.0} documents/s with a commit each {PER_COMMIT} (p95 {commit:.1} ms)");
}

fn scan(texts: &[String], word: &str) -> Duration {
    let start = Instant::now();
    let found = texts
        .iter()
        .filter(|text| text.to_lowercase().contains(word))
        .take(usize::MAX)
        .count();
    assert!(found > 0 || texts.len() < 1000, "the scan finds the word");
    start.elapsed()
}

/// The kinds of queries, each with a few that differ.
fn classes(languages: &[Language], texts: &[String], dice: &mut Dice) -> Vec<(&'static str, Vec<String>)> {
    let mut pick = |from: usize, to: usize| {
        let language = &languages[spoken(dice).min(3)];
        language.words[from + dice.below(to - from)].clone()
    };
    let make = |f: &mut dyn FnMut() -> String| -> Vec<String> { (0..40).map(|_| f()).collect() };
    let start = |word: String, letters: usize| word.chars().take(letters).collect::<String>();
    vec![
        ("the commonest word", make(&mut || pick(0, 1) + " ")),
        ("common word", make(&mut || pick(1, 12) + " ")),
        ("middling word", make(&mut || pick(200, 2_000) + " ")),
        ("rare word", make(&mut || pick(20_000, 60_000) + " ")),
        (
            "two common words",
            make(&mut || pick(0, 12) + " " + &pick(0, 12) + " "),
        ),
        (
            "common and rare word",
            make(&mut || pick(0, 12) + " " + &pick(5_000, 60_000) + " "),
        ),
        ("prefix of one letter", make(&mut || start(pick(0, 2_000), 1))),
        ("prefix of two letters", make(&mut || start(pick(0, 2_000), 2))),
        ("prefix of four letters", make(&mut || start(pick(0, 20_000), 4))),
        (
            "word and prefix",
            make(&mut || pick(0, 12) + " " + &start(pick(0, 2_000), 3)),
        ),
        (
            "phrase of common words",
            make(&mut || format!("\"{} {}\"", pick(0, 12), pick(0, 12))),
        ),
        (
            "Chinese word",
            vec![
                "蛋糕 ".into(),
                "生日 ".into(),
                "请问什么时候 ".into(),
                "送".into(),
            ],
        ),
        (
            "order number",
            make(&mut || format!("#A-{}", 1000 + pick(0, 5_000).len() * 977)),
        ),
        ("part of a telephone number", numbers(texts)),
        ("misspelt word", make(&mut || format!("x{} ", pick(500, 5_000)))),
        ("no words: inbound, newest first", vec!["is:inbound".into()]),
        (
            "common word within a month",
            vec![
                "the after:2025-06 before:2025-07 ".into(),
                "order before:2024-06 ".into(),
            ],
        ),
        (
            "excluded word",
            make(&mut || format!("{} -{} ", pick(0, 5), pick(0, 12))),
        ),
        (
            "worst: sixteen common words",
            make(&mut || (0..16).map(|_| pick(0, 12) + " ").collect()),
        ),
        (
            "worst: sixteen misspelt words",
            make(&mut || (0..16).map(|_| format!("qx{} ", pick(500, 5_000))).collect()),
        ),
        (
            "worst: sixteen exclusions",
            make(&mut || (0..16).map(|_| format!("-{} ", pick(0, 2_000))).collect()),
        ),
    ]
}

fn numbers(texts: &[String]) -> Vec<String> {
    let with_number = texts
        .iter()
        .filter_map(|text| Some(text.split_once("+2547")?.1.to_owned()));
    with_number
        .take(40)
        .map(|number| number[2..].to_owned())
        .collect()
}

/// Runs the queries, with snippets as the API cuts them; true if the bar is missed.
fn measure(index: &SearchIndex, texts: &[String], name: &str, queries: &[String], scan: Duration) -> bool {
    let mut times = Histogram::<u64>::new_with_bounds(1, 60_000_000, 3).expect("a histogram");
    let names = Names::default();
    let mut hits = 0;
    for i in 0..QUERIES {
        let Some(text) = queries.get(i % queries.len().max(1)) else {
            continue;
        };
        let start = Instant::now();
        let query = Query::parse(text, &TimeZone::UTC, NOW);
        let request = SearchRequest {
            query: &query,
            names: &names,
            kinds: &[],
            conversation: None,
            limit: 20,
            cursor: None,
            now: NOW,
            accept: &|_| true,
        };
        let page = index.search(HOME, &request).expect("a search succeeds");
        for hit in &page.hits {
            if let DocumentId::Message(id) = hit.id {
                std::hint::black_box(snippet(&texts[id.n as usize], &query));
            }
        }
        hits += page.hits.len();
        times.saturating_record(start.elapsed().as_micros() as u64);
    }
    let ms = |q: f64| times.value_at_quantile(q) as f64 / 1000.0;
    let (p50, p95, p99) = (ms(0.5), ms(0.95), ms(0.99));
    let ratio = scan.as_secs_f64() * 1000.0 / p95.max(0.001);
    let per_query = hits / QUERIES;
    println!("  {name:<34} {p50:>9.2} {p95:>9.2} {p99:>9.2} {ratio:>9.0}x  {per_query} hits");
    p95 > BAR_P95.as_secs_f64() * 1000.0 && !name.starts_with("worst")
}

fn found_after_a_second(index: &SearchIndex, total: usize, dice: &mut Dice) {
    let start = Instant::now();
    let mut doc = document(total, total, "a newcomer says xylophone".into(), dice);
    doc.workspace = HOME;
    doc.at = NOW.plus(SECOND);
    index.upsert(&doc).expect("a document can be added");
    index.commit(total as u64 + 1).expect("a commit succeeds");
    let query = Query::parse("xylophone", &TimeZone::UTC, NOW);
    let request = SearchRequest {
        query: &query,
        names: &Names::default(),
        kinds: &[],
        conversation: None,
        limit: 1,
        cursor: None,
        now: NOW,
        accept: &|_| true,
    };
    let page = index.search(HOME, &request).expect("a search succeeds");
    assert_eq!(page.hits.len(), 1, "a new message is found");
    println!("  new message, fed, committed and found: {:?}", start.elapsed());
}
