//! How a text becomes SMS segments. Each is charged for, so people see the count while they type.
//!
//! Owns the counting only (3GPP TS 23.038: GSM 7-bit default alphabet and its extension table). The browser app counts by
//! the same rules (`ui/src/lib/segments.ts`), with the same table of tests.

/// Units of one GSM-7 message that stands alone, and of each part of a longer one (its header takes seven).
const GSM7: (usize, usize) = (160, 153);
/// The same in UCS-2, in UTF-16 units.
const UCS2: (usize, usize) = (70, 67);
/// The default alphabet.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
/// Characters that take two units: an escape comes first.
const EXTENDED: &str = "^{}\\[~]|€\u{c}";

/// How a text goes out by SMS.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Segments {
    /// Every character is in the GSM alphabet; otherwise the whole text goes as UCS-2.
    pub gsm7: bool,
    /// Units that it takes: septets, or UTF-16 units.
    pub units: usize,
    /// Parts that are sent and charged; an empty text still takes one.
    pub count: usize,
    /// Units of one part.
    pub per_segment: usize,
}

/// Counts a text's segments. Parts are filled character by character: none is cut in two, so a part may stay a unit short.
pub fn segments(text: &str) -> Segments {
    let gsm7 = text.chars().all(|c| BASIC.contains(c) || EXTENDED.contains(c));
    let width = |c: char| match gsm7 {
        true => 1 + usize::from(EXTENDED.contains(c)),
        false => c.len_utf16(),
    };
    let (alone, part) = if gsm7 { GSM7 } else { UCS2 };
    let units: usize = text.chars().map(width).sum();
    if units <= alone {
        return Segments {
            gsm7,
            units,
            count: 1,
            per_segment: alone,
        };
    }
    let (mut count, mut filled) = (1, 0);
    for width in text.chars().map(width) {
        if filled + width > part {
            count += 1;
            filled = 0;
        }
        filled += width;
    }
    Segments {
        gsm7,
        units,
        count,
        per_segment: part,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_table_of_counts() {
        let table = [
            (String::new(), true, 0, 1),
            ("a".repeat(160), true, 160, 1),
            ("a".repeat(161), true, 161, 2),
            ("a".repeat(306), true, 306, 2),
            ("a".repeat(307), true, 307, 3),
            ("€".repeat(80), true, 160, 1),
            // 153 is odd: each part holds 76 of them and stays one short.
            ("€".repeat(153), true, 306, 3),
            ("é".repeat(160), true, 160, 1),
            ("ç".to_owned(), false, 1, 1),
            ("ж".repeat(70), false, 70, 1),
            ("ж".repeat(71), false, 71, 2),
            ("ж".repeat(134), false, 134, 2),
            ("ж".repeat(135), false, 135, 3),
            ("😀".repeat(35), false, 70, 1),
            // 67 is odd: each part holds 33 pairs.
            ("😀".repeat(67), false, 134, 3),
            (format!("{}😀", "a".repeat(160)), false, 162, 3),
        ];
        for (text, gsm7, units, count) in table {
            let got = segments(&text);
            assert_eq!((got.gsm7, got.units, got.count), (gsm7, units, count), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_unit_has_its_place(text in any::<String>()) {
            let got = segments(&text);
            prop_assert!(got.count >= 1);
            prop_assert!(got.units <= got.count * got.per_segment);
            prop_assert!(got.count == 1 || got.units > (got.count - 1) * (got.per_segment - 1));
        }
    }
}
