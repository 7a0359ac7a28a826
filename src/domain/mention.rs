//! Colleagues named in a note: `@Amina`, `@Amina El-Sayed`. Pure text.

use unicode_normalization::UnicodeNormalization;

use super::ids::UserId;

/// Most people that one note mentions.
pub const MAX_MENTIONS: usize = 20;

/// Whom a text mentions, in order, each once: an `@` at the beginning of a word, followed by somebody's whole name, in any
/// case of letters. Of several names that fit the longest counts.
pub fn find(text: &str, people: &[(UserId, String)]) -> Vec<UserId> {
    let text = fold(text);
    let mut names: Vec<(UserId, String)> = people
        .iter()
        .map(|(id, name)| (*id, fold(name.trim())))
        .filter(|(_, name)| !name.is_empty())
        .collect();
    names.sort_by_key(|(_, name)| std::cmp::Reverse(name.len()));
    let mut found = Vec::new();
    for (at, _) in text.match_indices('@') {
        if text[..at].chars().next_back().is_some_and(is_word) {
            continue;
        }
        let rest = &text[at + 1..];
        let whole = |name: &str| {
            rest.strip_prefix(name)
                .is_some_and(|after| !after.chars().next().is_some_and(is_word))
        };
        let named = names.iter().find(|(_, name)| whole(name));
        if let Some((id, _)) = named.filter(|(id, _)| !found.contains(id) && found.len() < MAX_MENTIONS) {
            found.push(*id);
        }
    }
    found
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Small letters in one form.
fn fold(text: &str) -> String {
    text.nfc().collect::<String>().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_names_at_the_beginning_of_a_word_in_any_case() {
        let id = |n: u8| UserId([n; 16]);
        let people = [
            (id(1), "Amina".to_owned()),
            (id(2), "Amina El-Sayed".to_owned()),
            (id(3), "José".to_owned()),
            (id(4), "  ".to_owned()),
            (id(5), "أمينة".to_owned()),
        ];
        let table: [(&str, &[u8]); 13] = [
            ("@Amina please", &[1]),
            ("@amina el-sayed, please", &[2]),
            ("@Amina El please", &[1]),
            ("(@AMINA) and @jose\u{301}!", &[1, 3]),
            ("@Aminas", &[]),
            ("mail@amina", &[]),
            ("@Amina @Amina", &[1]),
            ("@", &[]),
            ("@@Amina", &[1]),
            ("", &[]),
            ("@أمينة", &[5]),
            ("@nobody", &[]),
            ("x @Amina", &[1]),
        ];
        for (text, expected) in table {
            let expected: Vec<_> = expected.iter().map(|n| id(*n)).collect();
            assert_eq!(find(text, &people), expected, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_and_no_name_is_too_strange(text in "\\PC{0,60}", name in "\\PC{0,10}") {
            let people = [(UserId([1; 16]), name.clone())];
            proptest::prop_assert!(find(&text, &people).len() <= 1);
            if !name.trim().is_empty() {
                proptest::prop_assert_eq!(find(&format!("@{}", name.trim()), &people).len(), 1);
            }
        }
    }
}
