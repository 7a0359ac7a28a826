//! How text becomes terms: one analysis for indexing, for queries and for snippets, so that the three always agree.
//!
//! Owns folding (case, accents, Arabic letters, digits), the cut into words, the overlapping pairs of the scripts that
//! are written without blanks, and the overlapping fours of digits that find a telephone number by any part of it.
//! Must not know the index.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Longest text that is analysed, in bytes; what lies beyond is not searchable.
pub const MAX_TEXT_BYTES: usize = 64 * 1024;
/// Longest term in bytes; longer words are found by their beginning.
pub const MAX_TERM_BYTES: usize = 64;
/// Digits in one term of a number.
pub const DIGIT_GRAM: usize = 4;
/// Most digits that are taken for one number when blanks and dashes stand between them.
const MAX_JOINED_DIGITS: usize = 20;

/// A stretch of text that is searchable as one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// A word of a script that puts blanks between words, folded.
    Word {
        /// The folded word; never empty.
        text: String,
        /// Where it begins in the original, in bytes.
        start: usize,
        /// Where it ends.
        end: usize,
    },
    /// A stretch of a script without blanks (or, for Korean, with endings that stick): its characters with their places.
    Run(Vec<RunChar>),
}

/// A character of a [`Piece::Run`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunChar {
    /// The character, composed and of normal width.
    pub c: char,
    /// Where it begins in the original, in bytes.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
}

/// A term at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// What is looked up.
    pub text: String,
    /// Its place among the terms of its field; equal for two forms of one word.
    pub position: usize,
}

/// The terms of a text, field by field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Terms {
    /// Words: the folded form, and the form without the Arabic article.
    pub words: Vec<Term>,
    /// Pairs of neighbouring characters, and the last one of a run alone.
    pub pairs: Vec<Term>,
    /// Fours of neighbouring digits.
    pub digits: Vec<Term>,
}

/// All terms under which `text` is to be found.
pub fn terms(text: &str) -> Terms {
    let text = cut(text, MAX_TEXT_BYTES);
    let mut terms = Terms::default();
    let mut pair_position = 0;
    for (position, piece) in pieces(text).into_iter().enumerate() {
        match piece {
            Piece::Word { text, .. } => {
                if let Some(bare) = without_article(&text) {
                    terms.words.push(Term {
                        text: bare.to_owned(),
                        position,
                    });
                }
                terms.words.push(Term { text, position });
            }
            Piece::Run(run) => {
                terms.pairs.extend(pairs(&run, pair_position));
                let last = run.last().map(|last| last.c.to_string());
                terms.pairs.extend(last.map(|text| Term {
                    text,
                    position: pair_position + run.len() - 1,
                }));
                // The gap keeps a phrase from running over the edge of two runs.
                pair_position += run.len() + 1;
            }
        }
    }
    let mut position = 0;
    for number in numbers(text) {
        terms.digits.extend(digit_grams(&number, position));
        position += number.len() + 1;
    }
    terms
}

/// The overlapping pairs of a run, from `position` on; none for a run of one.
pub fn pairs(run: &[RunChar], position: usize) -> impl Iterator<Item = Term> + '_ {
    run.windows(2).enumerate().map(move |(i, pair)| Term {
        text: pair.iter().map(|one| one.c).collect(),
        position: position + i,
    })
}

/// The overlapping fours of a number, from `position` on; none for fewer than four digits.
pub fn digit_grams(digits: &str, position: usize) -> impl Iterator<Item = Term> + '_ {
    let last = (digits.len() + 1).saturating_sub(DIGIT_GRAM);
    (0..last).map(move |i| Term {
        text: digits[i..i + DIGIT_GRAM].to_owned(),
        position: position + i,
    })
}

/// Cuts a text into its searchable pieces, in order.
pub fn pieces(text: &str) -> Vec<Piece> {
    let mut cutter = Cutter::default();
    for (start, c) in text.char_indices() {
        cutter.take(c, start, start + c.len_utf8());
    }
    cutter.finish();
    cutter.pieces
}

#[derive(Default)]
struct Cutter {
    pieces: Vec<Piece>,
    word: String,
    word_start: usize,
    word_end: usize,
    run: Vec<RunChar>,
}

impl Cutter {
    fn take(&mut self, c: char, start: usize, end: usize) {
        if is_run_char(c) {
            self.end_word();
            let normal = std::iter::once(c).nfkc();
            self.run.extend(normal.map(|c| RunChar { c, start, end }));
        } else if c.is_alphanumeric() {
            self.end_run();
            if self.word.is_empty() {
                self.word_start = start;
            }
            fold_into(c, &mut self.word);
            self.word_end = end;
        } else if is_combining_mark(c) || is_joiner(c) {
            if !self.word.is_empty() {
                fold_into(c, &mut self.word);
                self.word_end = end;
            }
        } else {
            self.finish();
        }
    }

    fn end_word(&mut self) {
        let word = std::mem::take(&mut self.word);
        if !word.is_empty() {
            self.pieces.push(Piece::Word {
                text: cut(&word, MAX_TERM_BYTES).to_owned(),
                start: self.word_start,
                end: self.word_end,
            });
        }
    }

    fn end_run(&mut self) {
        let run = std::mem::take(&mut self.run);
        if !run.is_empty() {
            self.pieces.push(Piece::Run(run));
        }
    }

    fn finish(&mut self) {
        self.end_word();
        self.end_run();
    }
}

/// Zero-width joiner and non-joiner stand inside Persian and Indic words.
const fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}')
}

/// Scripts whose words are not found by blanks: Chinese, Japanese, Korean, Thai, Lao, Khmer, Burmese.
const fn is_run_char(c: char) -> bool {
    matches!(c,
        '\u{3005}'..='\u{3007}' | '\u{3040}'..='\u{30fa}' | '\u{30fc}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}'
        | '\u{ff66}'..='\u{ff9f}' | '\u{1100}'..='\u{11ff}' | '\u{3131}'..='\u{318e}' | '\u{ac00}'..='\u{d7a3}'
        | '\u{0e01}'..='\u{0e3a}' | '\u{0e40}'..='\u{0e4e}' | '\u{0e81}'..='\u{0ecd}' | '\u{1780}'..='\u{17d3}'
        | '\u{1000}'..='\u{103f}')
}

/// Folds a whole text: what [`pieces`] does to words, without cutting.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    text.chars().for_each(|c| fold_into(c, &mut folded));
    folded
}

fn fold_into(c: char, out: &mut String) {
    if c.is_ascii() {
        out.push(c.to_ascii_lowercase());
        return;
    }
    for part in c.to_lowercase().nfkd() {
        match part {
            part if is_dropped(part) => {}
            part if part.is_ascii() => out.push(part.to_ascii_lowercase()),
            part => push_letter(part, out),
        }
    }
}

/// Marks that people leave out when they type: accents, Arabic and Hebrew vowel signs, the tatweel, variation selectors,
/// joiners, and what a compatibility form leaves of blanks.
fn is_dropped(c: char) -> bool {
    matches!(c,
        '\u{0300}'..='\u{036f}' | '\u{0591}'..='\u{05c7}' | '\u{0610}'..='\u{061a}' | '\u{0640}'
        | '\u{064b}'..='\u{065f}' | '\u{0670}' | '\u{06d6}'..='\u{06ed}' | '\u{20d0}'..='\u{20ff}'
        | '\u{fe00}'..='\u{fe0f}')
        || is_joiner(c)
        || !(c.is_alphanumeric() || is_combining_mark(c))
}

/// Letters that do not fall apart into letter and accent, Arabic variants, and the digits of other scripts.
fn push_letter(c: char, out: &mut String) {
    if let Some(digit) = digit(c) {
        out.push(char::from(digit));
        return;
    }
    match c {
        'ß' => out.push_str("ss"),
        'æ' => out.push_str("ae"),
        'œ' => out.push_str("oe"),
        'þ' => out.push_str("th"),
        'ø' => out.push('o'),
        'đ' | 'ð' => out.push('d'),
        'ł' => out.push('l'),
        'ı' => out.push('i'),
        'ħ' => out.push('h'),
        'ŋ' => out.push('n'),
        'ŧ' => out.push('t'),
        'ς' => out.push('σ'),
        'ٱ' => out.push('ا'),
        'ى' | 'ی' | 'ې' => out.push('ي'),
        'ة' | 'ہ' | 'ە' => out.push('ه'),
        'ک' => out.push('ك'),
        other => out.push(other),
    }
}

/// The ASCII digit for a decimal digit of the scripts that our customers type numbers in.
pub fn digit(c: char) -> Option<u8> {
    let zero = match c {
        '0'..='9' => '0',
        '\u{0660}'..='\u{0669}' => '\u{0660}',
        '\u{06f0}'..='\u{06f9}' => '\u{06f0}',
        '\u{0966}'..='\u{096f}' => '\u{0966}',
        '\u{0e50}'..='\u{0e59}' => '\u{0e50}',
        '\u{ff10}'..='\u{ff19}' => '\u{ff10}',
        _ => return None,
    };
    u8::try_from(u32::from(c) - u32::from(zero))
        .ok()
        .map(|n| b'0' + n)
}

/// The word without the Arabic article and what sticks to it (`ال`, `وال`, `بال`, `كال`, `فال`, `لل`), if enough is left
/// to be a word of its own.
fn without_article(word: &str) -> Option<&str> {
    const ARTICLES: [(&str, usize); 6] = [
        ("وال", 3),
        ("بال", 3),
        ("كال", 3),
        ("فال", 3),
        ("ال", 2),
        ("لل", 3),
    ];
    if !word.starts_with(['ا', 'و', 'ب', 'ك', 'ف', 'ل']) {
        return None;
    }
    ARTICLES.iter().find_map(|(article, least)| {
        let rest = word.strip_prefix(article)?;
        (rest.chars().count() >= *least).then_some(rest)
    })
}

/// The form of a word that a query looks up: bare of its article, unless so little is left (`الان`) that it would be
/// another word.
pub fn query_form(word: &str) -> &str {
    match without_article(word) {
        Some(bare) if bare.chars().count() >= 3 => bare,
        _ => word,
    }
}

/// The numbers of a text with at least [`DIGIT_GRAM`] digits, as ASCII. Up to two blanks, dashes, dots or brackets may
/// stand between digits, as people write telephone numbers; a `+` begins a new one.
pub fn numbers(text: &str) -> Vec<String> {
    let mut numbers = Vec::new();
    let (mut joined, mut group, mut gap) = (String::new(), String::new(), 0);
    let mut end_group = |joined: &mut String, group: &mut String, is_end: bool| {
        if joined.len() + group.len() > MAX_JOINED_DIGITS {
            numbers.push(std::mem::take(joined));
        }
        joined.push_str(group);
        group.clear();
        if is_end {
            numbers.push(std::mem::take(joined));
        }
    };
    for c in text.chars() {
        if let Some(digit) = digit(c) {
            group.push(char::from(digit));
            gap = 0;
        } else {
            gap += 1;
            let is_gap = matches!(c, ' ' | '\u{a0}' | '\u{202f}' | '-' | '.' | '(' | ')' | '/');
            end_group(&mut joined, &mut group, !is_gap || gap > 2);
        }
    }
    end_group(&mut joined, &mut group, true);
    numbers.retain(|number| number.len() >= DIGIT_GRAM);
    numbers
}

/// The digits that a part of a query looks up as a number: of a text without letters, at least [`DIGIT_GRAM`]. Leading
/// zeros go where enough is left, as `0` and `00` stand for what a stored number has as its country code.
pub fn number_form(text: &str) -> Option<String> {
    if text.chars().any(char::is_alphabetic) {
        return None;
    }
    let digits: String = text.chars().filter_map(digit).map(char::from).collect();
    let bare = digits.trim_start_matches('0');
    let form = if bare.len() >= DIGIT_GRAM { bare } else { &digits };
    (form.len() >= DIGIT_GRAM).then(|| form.to_owned())
}

/// At most `max` bytes of the text, cut between characters.
pub fn cut(text: &str, max: usize) -> &str {
    match text.len() <= max {
        true => text,
        false => &text[..text.floor_char_boundary(max)],
    }
}
