//! What is found by what, over languages and scripts.

use rstest::rstest;

use super::*;

#[rstest]
#[case::case_is_ignored("Your ORDER is ready", "order ")]
#[case::portuguese("A encomenda está à espera, são três pães", "sao tres paes ")]
#[case::portuguese_accents_typed("sao tres paes", "são três pães ")]
#[case::spanish("¿Cuándo llegará el envío mañana?", "llegara envio manana ")]
#[case::turkish_dotted("İSTANBUL'DA ışık şöyle", "istanbul isik soyle ")]
#[case::turkish_capital_without_dot("ISPARTA", "ısparta ")]
#[case::swahili("Ninataka mkate wa ng'ombe", "ng'ombe ")]
#[case::german("Die Straße ist groß", "strasse gross ")]
#[case::french_ligature("Le cœur de l'œuvre", "coeur oeuvre ")]
#[case::polish("Łódź żółw", "lodz zolw ")]
#[case::vietnamese("Đặt hàng bánh mì", "dat hang banh mi ")]
#[case::greek_sigma("ο λόγος", "ΛΟΓΟΣ ")]
#[case::russian("Ещё один заказ", "еще заказ ")]
#[case::decomposed_accents("cafe\u{301}", "café ")]
#[case::full_width("ＡＢＣ１２３", "abc123 ")]
#[case::hindi("मुझे रोटी चाहिए", "रोटी ")]
#[case::hebrew_points("שָׁלוֹם", "שלום ")]
#[case::arabic_alef("أريد إرسال آخر طلب", "اريد ارسال اخر ")]
#[case::arabic_alef_typed("اريد ارسال", "أريد إرسال ")]
#[case::arabic_teh_marbuta("فاتورة", "فاتوره ")]
#[case::arabic_alef_maksura("مستشفى", "مستشفي ")]
#[case::arabic_tatweel("شكـــرا", "شكرا ")]
#[case::arabic_diacritics("مُحَمَّد", "محمد ")]
#[case::arabic_article_stripped("وصل الطلب اليوم", "طلب ")]
#[case::arabic_article_typed("وصل طلب", "الطلب ")]
#[case::arabic_and_article("والفاتورة وصلت", "فاتورة ")]
#[case::arabic_for_article("للطلبات", "طلبات ")]
#[case::arabic_article_while_typing("وصل الطلب", "الط")]
#[case::arabic_short_word_with_article("احب البن", "بن ")]
#[case::persian_letters("کتاب علی", "كتاب علي ")]
#[case::persian_joiner("می\u{200c}خواهم", "میخواهم ")]
#[case::arabic_digits("رقم ١٠٤٢", "1042 ")]
#[case::persian_digits("شماره ۱۰۴۲", "1042 ")]
#[case::ascii_digits_by_arabic_ones("order 1042", "١٠٤٢ ")]
#[case::chinese("我想订购生日蛋糕", "生日蛋糕 ")]
#[case::chinese_one_character("我想订购生日蛋糕", "糕 ")]
#[case::chinese_one_character_within("我想订购生日蛋糕", "订 ")]
#[case::japanese("誕生日ケーキを注文したい", "ケーキ ")]
#[case::half_width_katakana("ｹｰｷを注文", "ケーキ ")]
#[case::thai("ฉันต้องการสั่งเค้กวันเกิด", "เค้ก ")]
#[case::korean_with_an_ending("케이크를 주문했어요", "케이크 ")]
#[case::mixed_scripts("iPhone15ケース", "iphone15 ケース ")]
#[case::emoji_ignored("thanks 🙏🏽❤️ so much", "thanks 🙏🏽 ")]
#[case::order_number("about order #A-1042 please", "#A-1042 ")]
#[case::order_number_without_sign("about order #A-1042 please", "a-1042 ")]
#[case::order_number_while_typing("about order #A-1042 please", "#A-10")]
#[case::email("write to amina.w@example.com", "amina.w@example.com ")]
#[case::part_of_an_email("write to amina.w@example.com", "example ")]
#[case::link("see https://shop.example/cake?id=7", "shop.example ")]
#[case::time_is_no_filter("come at 10:30", "10:30 ")]
#[case::phrase("the cake is ready today", "\"cake is ready\"")]
#[case::phrase_in_typographic_quotes("the cake is ready today", "“is ready”")]
#[case::phrase_across_accents("o pão está pronto", "\"pao esta\"")]
#[case::phrase_in_chinese("我想订购生日蛋糕", "\"订购生日\"")]
#[case::phrase_over_article("وصل الطلب اليوم", "\"وصل طلب\"")]
#[case::prefix_while_typing("the delivery is late", "deliv")]
#[case::one_letter("the delivery is late", "d")]
#[case::words_in_any_order("the delivery is late", "late delivery ")]
fn is_found(#[case] text: &str, #[case] query: &str) {
    let bench = Bench::with(&[text, "something else entirely"]);
    assert_eq!(bench.find_exactly(query), [1], "{query} in {text}");
}

#[rstest]
#[case::not_a_word("the delivery is late", "deliv ")]
#[case::phrase_out_of_order("the cake is ready", "\"ready cake\"")]
#[case::all_words_are_needed("the cake is ready", "cake lemon ")]
#[case::excluded("the cake is ready", "cake -ready")]
#[case::excluded_phrase("the cake is ready", "cake -\"is ready\"")]
#[case::short_word_with_article_is_another_word("ان شاء", "الان ")]
#[case::chinese_pairs_do_not_cross_runs("生日 蛋糕", "日蛋 ")]
#[case::emoji_alone("thanks 🙏🏽", "🙏🏽")]
#[case::punctuation_alone("thanks!!!", "!!!")]
#[case::nothing("thanks", "")]
#[case::blanks("thanks", "   ")]
#[case::three_digits_are_no_part_of_a_number("call 254711000234", "711 ")]
fn is_not_found(#[case] text: &str, #[case] query: &str) {
    let bench = Bench::with(&[text]);
    assert_eq!(bench.find_exactly(query), Vec::<u32>::new(), "{query} in {text}");
}

#[rstest]
#[case("+254 711 000 234")]
#[case("254711000234")]
#[case("+254711000234 ")]
#[case("00254711000234")]
#[case("0711 000 234")]
#[case("0711000234")]
#[case("000234")]
#[case("07110")]
#[case("+254711")]
#[case("0234")]
#[case("7110")]
#[case("711-000-234")]
#[case("(711) 000 234")]
#[case("٠٧١١٠٠٠٢٣٤")]
fn a_number_is_found_by_any_part(#[case] query: &str) {
    for text in [
        "Amina\n+254711000234",
        "call me at +254 711 000 234 please",
        "call 0711-000-234",
        "٢٥٤٧١١٠٠٠٢٣٤",
        "254(711)000234",
    ] {
        let is_national = text.contains("0711-");
        let asks_country = query.contains("254");
        let bench = Bench::with(&[text, "call 254722999888 instead"]);
        let expected: &[u32] = if is_national && asks_country { &[] } else { &[1] };
        assert_eq!(bench.find_exactly(query), expected, "{query} in {text}");
    }
}

#[test]
fn exclusions_leave_out_exactly_what_has_them() {
    let bench = Bench::with(&[
        "lemon cake",
        "cake is ready",
        "is the cake ready",
        "tea is ready 254711000234",
        "cake",
    ]);
    let table: [(&str, &[u32]); 5] = [
        ("cake -\"is ready\"", &[1, 3, 5]),
        ("-\"is ready\"", &[1, 3, 5]),
        ("-254711000234", &[1, 2, 3, 5]),
        ("-\"lemon cake\" -\"the cake\" cake", &[2, 5]),
        ("-lemon -ready", &[5]),
    ];
    for (query, expected) in table {
        assert_eq!(bench.find_exactly(query), expected, "{query}");
    }
}

#[test]
fn groups_of_digits_that_are_no_number_are_still_words() {
    let bench = Bench::with(&["table 2026 for the order 1042", "2026"]);
    assert_eq!(bench.find_exactly("1042 2026 "), [1]);
}

#[test]
fn a_misspelt_word_finds_near_ones_and_says_so() {
    let bench = Bench::with(&["the delivery is late", "my birthday cake", "what a day"]);
    let table: [(&str, &[u32]); 7] = [
        ("delivary ", &[1]),
        ("dleivery ", &[1]),
        ("birtday cake ", &[2]),
        ("brithdya ", &[2]),
        ("delivar", &[1]),
        ("dax ", &[]),
        ("quinquennial ", &[]),
    ];
    for (query, expected) in table {
        let page = bench.page(query, 10, None);
        assert_eq!(numbers(&page), expected, "{query}");
        assert_eq!(page.fuzzy, !expected.is_empty(), "{query}");
    }
    assert!(
        !bench.page("delivery ", 10, None).fuzzy,
        "a hit as typed is no near miss"
    );
}

#[test]
fn an_edited_document_is_found_by_its_new_words_only() {
    let bench = Bench::with(&["lemon cake"]);
    bench.put(&message(1, "chocolate cake"));
    bench.put(&message(1, "chocolate cake"));
    bench.commit();
    assert_eq!(bench.find_exactly("lemon "), Vec::<u32>::new());
    assert_eq!(bench.find_exactly("chocolate "), [1]);
    assert_eq!(bench.index.documents(), 1, "feeding twice changes nothing");
}

#[test]
fn huge_texts_and_words_are_taken_up_to_their_limit() {
    let long = format!("needle {} beyond", "x".repeat(200_000));
    let bench = Bench::with(&[&long, &"word ".repeat(20_000)]);
    assert_eq!(bench.find_exactly("needle "), [1]);
    assert_eq!(bench.find_exactly("beyond "), Vec::<u32>::new());
    assert_eq!(bench.find_exactly("word "), [2]);
}

#[test]
fn nothing_of_another_workspace_is_ever_found() {
    let bench = Bench::with(&["secret cake 254711000234 蛋糕"]);
    let mut theirs = message(5, "their secret cake 254711999888 蛋糕 ونحن");
    theirs.workspace = OTHER;
    theirs.contact = ContactId([8; 16]);
    bench.put(&theirs);
    bench.commit();
    for query in [
        "secret ",
        "cake",
        "\"secret cake\"",
        "sec",
        "secrat ",
        "蛋糕",
        "2547",
        "is:inbound",
        "-nothing",
        "after:2000",
        "before:2100",
        "secret -lemon",
        "s",
    ] {
        let (ours, others) = (bench.page(query, 10, None), bench.page_in(OTHER, query, 10, None));
        assert_eq!(numbers(&ours), [1], "{query}");
        assert_eq!(numbers(&others), [5], "{query}");
    }
    assert_eq!(bench.find("ونحن "), Vec::<u32>::new());
    let nobody = bench.page_in(WorkspaceId([3; 16]), "secret", 10, None);
    assert!(nobody.hits.is_empty());
}
