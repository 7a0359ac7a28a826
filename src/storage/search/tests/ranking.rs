//! The order of hits, and pages.

use super::*;

#[test]
fn better_matches_come_first_and_newer_ones_among_equals() {
    let bench = Bench::with(&[
        "cake",
        "a long message in which cake is only one of many words",
        "cake",
    ]);
    assert_eq!(numbers(&bench.page("cake ", 10, None)), [3, 1, 2]);
}

#[test]
fn the_exact_word_comes_before_its_completions_while_typing() {
    let bench = Bench::with(&["order", "orders", "ordering"]);
    assert_eq!(numbers(&bench.page("order", 10, None)), [1, 3, 2]);
}

#[test]
fn recency_outweighs_a_slightly_better_match_but_not_a_much_better_one() {
    let bench = Bench::new();
    let year = -24 * 365;
    let aged = |n, text: &str, hours: i64| SearchDocument {
        at: NOW.plus(hours * crate::domain::time::HOUR),
        ..message(n, text)
    };
    bench.put(&aged(1, "the cake is ready", year));
    bench.put(&aged(2, "the cake is ready now", -1));
    bench.put(&aged(
        3,
        "we have a very long story to tell you here about one single cake of yours",
        -1,
    ));
    bench.commit();
    assert_eq!(numbers(&bench.page("cake ", 10, None)), [2, 1, 3]);
}

#[test]
fn queries_without_words_are_newest_first_over_all_segments() {
    let bench = Bench::new();
    for n in [4, 2, 9, 1, 7, 3] {
        bench.put(&message(n, "cake"));
        bench.commit();
    }
    assert_eq!(numbers(&bench.page("is:inbound", 4, None)), [9, 7, 4, 3]);
    assert_eq!(numbers(&bench.page("-lemon", 2, None)), [9, 7]);
}

/// All pages one after another.
fn all(bench: &Bench, query: &str, limit: usize) -> Vec<u32> {
    let (mut found, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let page = bench.page(query, limit, cursor.as_deref());
        assert!(page.hits.len() <= limit);
        found.extend(numbers(&page));
        match page.next_cursor {
            Some(next) => cursor = Some(next),
            None => return found,
        }
    }
}

#[test]
fn pages_follow_one_another_without_gap_or_repetition() {
    let bench = Bench::new();
    for n in 1..=60 {
        // Many equal scores and, by threes, equal times.
        let text = if n % 2 == 0 { "cake" } else { "a cake with sugar" };
        let mut doc = message(n, text);
        doc.at = NOW.plus(i64::from(n / 3));
        bench.put(&doc);
        if n % 17 == 0 {
            bench.commit();
        }
    }
    bench.commit();
    for query in ["cake ", "cak", "is:inbound", "cakee "] {
        let whole = numbers(&bench.page(query, 100, None));
        assert_eq!(whole.len(), 60, "{query}");
        for limit in [1, 7, 59, 60] {
            assert_eq!(all(&bench, query, limit), whole, "{query} by {limit}");
        }
    }
}

#[test]
fn a_cursor_serves_only_its_own_query_and_no_junk() {
    let bench = Bench::with(&["cake", "cake", "cake"]);
    let cursor = bench.page("cake", 1, None).next_cursor.expect("there is more");
    let search = |workspace, query: &str, cursor: &str| {
        let request = SearchRequest {
            query: &parse(query),
            names: &bench.names,
            kinds: &[],
            conversation: None,
            limit: 1,
            cursor: Some(cursor),
            now: NOW,
            accept: &|_| true,
        };
        bench.index.search(workspace, &request).map(|page| numbers(&page))
    };
    assert_eq!(search(HOME, "cake", &cursor).expect("its own"), [2]);
    let flipped = cursor.replace(['0', '1'], "é");
    for (workspace, query, cursor) in [
        (HOME, "cakes", cursor.as_str()),
        (OTHER, "cake", cursor.as_str()),
        (HOME, "cake", ""),
        (HOME, "cake", "zz"),
        (HOME, "cake", flipped.as_str()),
        (HOME, "cake", &cursor[2..]),
        (HOME, "cake", &"f".repeat(cursor.len())),
    ] {
        let answer = search(workspace, query, cursor);
        assert!(matches!(answer, Err(SearchError::BadCursor)), "{query} {cursor}");
    }
}

#[test]
fn the_callers_check_is_made_in_order_of_rank_and_pages_stay_whole() {
    let texts = vec!["cake"; 300];
    let bench = Bench::with(&texts);
    let query = parse("cake");
    let even = |hit: &Hit| matches!(hit.id, DocumentId::Message(id) if id.n % 50 == 0);
    let (mut found, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let request = SearchRequest {
            query: &query,
            names: &bench.names,
            kinds: &[],
            conversation: None,
            limit: 2,
            cursor: cursor.as_deref(),
            now: NOW,
            accept: &even,
        };
        let page = bench.index.search(HOME, &request).expect("a search succeeds");
        found.extend(numbers(&page));
        assert!(!page.fuzzy);
        match page.next_cursor {
            Some(next) => cursor = Some(next),
            None => break,
        }
    }
    assert_eq!(found, [300, 250, 200, 150, 100, 50]);
}

#[test]
fn hits_that_the_caller_refuses_do_not_count_as_a_miss() {
    let bench = Bench::with(&["cake", "cape"]);
    let query = parse("cake ");
    let request = SearchRequest {
        query: &query,
        names: &bench.names,
        kinds: &[],
        conversation: None,
        limit: 2,
        cursor: None,
        now: NOW,
        accept: &|_| false,
    };
    let page = bench.index.search(HOME, &request).expect("a search succeeds");
    assert!(page.hits.is_empty() && !page.fuzzy && page.next_cursor.is_none());
}

#[test]
fn a_word_that_stands_in_everything_is_ranked_among_the_newest_and_its_pages_end() {
    let bench = Bench::new();
    let total = u32::try_from(super::super::rank::MAX_RANKED).expect("it fits") + 500;
    let rebuild = bench.index.rebuild().expect("a rebuild begins");
    for n in 1..=total {
        let mut doc = message(n, if n == 1 { "cake rarity" } else { "cake" });
        doc.at = Timestamp(NOW.0 - i64::from(total - n));
        rebuild.add(&doc).expect("a document can be added");
    }
    rebuild.finish(1).expect("it replaces the old");
    let page = bench.page("cake ", 3, None);
    assert_eq!(numbers(&page), [total, total - 1, total - 2]);
    assert_eq!(bench.find("rarity "), [1], "a rare word is found however old");
    assert_eq!(bench.find("cake rarity "), [1], "and in company too");
}
