//! Snippets.

use rstest::rstest;

use super::*;

/// With hits in brackets.
fn marked(text: &str, query: &str) -> String {
    let fragments = snippet(text, &parse(query));
    let mark = |f: &Fragment| {
        if f.hit {
            format!("[{}]", f.text)
        } else {
            f.text.clone()
        }
    };
    fragments.iter().map(mark).collect()
}

#[rstest]
#[case("The Cake is ready", "cake ", "The [Cake] is ready")]
#[case("The Cake is ready", "rea", "The Cake is [ready]")]
#[case("O pão está pronto", "pao ", "O [pão] está pronto")]
#[case("cafe\u{301} open", "café ", "[cafe\u{301}] open")]
#[case("وصل الطلب اليوم", "طلب ", "وصل [الطلب] اليوم")]
#[case("وصل طلب اليوم", "الطلب ", "وصل [طلب] اليوم")]
#[case("شكـــرا لك", "شكرا ", "[شكـــرا] لك")]
#[case("my birthday cake", "birtday ", "my [birthday] cake")]
#[case("my birthday cake", "brithd", "my [birthday] cake")]
#[case("我想订购生日蛋糕", "生日蛋糕", "我想订购[生日蛋糕]")]
#[case("我想订购生日蛋糕", "订", "我想[订]购生日蛋糕")]
#[case("call +254 711 000 234 now", "711000", "call +254 [711 000] 234 now")]
#[case("call +254 711 000 234 now", "0711 000 234", "call +254 [711 000 234] now")]
#[case("رقم ١٠٤٢", "1042 ", "رقم [١٠٤٢]")]
#[case("ready cake, cake ready", "\"cake ready\"", "ready cake, [cake] [ready]")]
#[case("the cake", "-cake", "the cake")]
#[case("the cake", "from:amina", "the cake")]
#[case("", "cake", "")]
fn hits_are_marked(#[case] text: &str, #[case] query: &str, #[case] expected: &str) {
    assert_eq!(marked(text, query), expected);
}

#[test]
fn a_long_text_is_cut_around_the_best_place() {
    let filler = "some words that nobody looks for ".repeat(20);
    let text = format!("cake {filler} the lemon cake is ready {filler}");
    let marked = marked(&text, "lemon cake ");
    assert!(marked.contains("the [lemon] [cake] is ready"), "{marked}");
    assert!(marked.starts_with('…') && marked.ends_with('…'), "{marked}");
    let whole: String = snippet(&text, &parse("lemon cake "))
        .into_iter()
        .map(|f| f.text)
        .collect();
    assert!(whole.chars().count() <= 160);
}

#[test]
fn what_a_reader_sees_as_one_character_is_never_cut() {
    let family = "👨\u{200d}👩\u{200d}👧\u{200d}👦";
    let text = format!("{}cake{}", family.repeat(60), family.repeat(60));
    let fragments = snippet(&text, &parse("cake "));
    for fragment in fragments {
        let rest = fragment
            .text
            .replace(family, "")
            .replace("cake", "")
            .replace('…', "");
        assert_eq!(rest, "");
    }
}
