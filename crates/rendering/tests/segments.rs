//! Segments against a table, and against a counter that was written another way: it cuts the text by hand.
#![allow(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;
use relevo_rendering::segments::{Encoding, Segments, segments};

fn gsm(count: usize, units: usize) -> Segments {
    Segments { encoding: Encoding::Gsm7, count, units }
}

fn ucs(count: usize, units: usize) -> Segments {
    Segments { encoding: Encoding::Ucs2, count, units }
}

#[test]
fn table() {
    let a = |n: usize| "a".repeat(n);
    let ya = |n: usize| "я".repeat(n);
    let cases: Vec<(String, Segments)> = vec![
        (String::new(), gsm(1, 0)),
        (a(1), gsm(1, 1)),
        (a(160), gsm(1, 160)),
        (a(161), gsm(2, 161)),
        (a(306), gsm(2, 306)),
        (a(307), gsm(3, 307)),
        (a(459), gsm(3, 459)),
        (a(460), gsm(4, 460)),
        (a(1530), gsm(10, 1530)),
        (a(1531), gsm(11, 1531)),
        ("€".repeat(80), gsm(1, 160)),
        ("€".repeat(81), gsm(2, 162)),
        // A pair that would be cut at 153 goes to the next part as a whole.
        (a(152) + "€" + &a(8), gsm(2, 162)),
        (a(152) + "€" + &a(151), gsm(2, 305)),
        (a(152) + "€" + &a(152), gsm(3, 306)),
        (a(151) + "€" + &a(153), gsm(2, 306)),
        (a(159) + "€", gsm(2, 161)),
        (a(158) + "€", gsm(1, 160)),
        // Seventy-six pairs and one septet that stays empty, in each part.
        ("[".repeat(152), gsm(2, 304)),
        ("[".repeat(153), gsm(3, 306)),
        (ya(70), ucs(1, 70)),
        (ya(71), ucs(2, 71)),
        (ya(134), ucs(2, 134)),
        (ya(135), ucs(3, 135)),
        (ya(201), ucs(3, 201)),
        (ya(670), ucs(10, 670)),
        (ya(671), ucs(11, 671)),
        ("😀".repeat(35), ucs(1, 70)),
        ("😀".repeat(36), ucs(2, 72)),
        // Two surrogates that would be cut at 67 go to the next part together.
        (ya(66) + "😀" + &ya(3), ucs(2, 71)),
        (ya(66) + "😀" + &ya(65), ucs(2, 133)),
        (ya(66) + "😀" + &ya(66), ucs(3, 134)),
        ("😀".repeat(66), ucs(2, 132)),
        ("😀".repeat(67), ucs(3, 134)),
        (a(69) + "í", ucs(1, 70)),
        (a(70) + "í", ucs(2, 71)),
        ("ñÑ¿¡éèàùìòÇäöüÄÖÜåÅøØæÆß§£¥¤@Δ_ΦΓΛΩΠΨΣΘΞ\r\n".to_owned(), gsm(1, 42)),
        ("^{}\\[~]|€\u{c}".to_owned(), gsm(1, 20)),
        ("ç".to_owned(), ucs(1, 1)),
        ("`".to_owned(), ucs(1, 1)),
        ("\t".to_owned(), ucs(1, 1)),
        ("\u{1b}".to_owned(), ucs(1, 1)),
        ("\u{a0}".to_owned(), ucs(1, 1)),
    ];
    for (text, expected) in cases {
        assert_eq!(
            segments(&text),
            expected,
            "{:?} ({} characters)",
            text.chars().next(),
            text.chars().count()
        );
    }
}

#[test]
fn as_json() {
    let json = serde_json::to_value(segments("я")).unwrap();
    assert_eq!(json, serde_json::json!({ "encoding": "UCS-2", "count": 1, "units": 1 }));
    assert_eq!(serde_json::to_value(segments("a")).unwrap()["encoding"], "GSM-7");
}

/// Septets as the standard's tables number them: the basic table by position, the extension table by position after
/// an escape.
fn gsm_codes(c: char) -> Option<Vec<u8>> {
    const TABLE: [&str; 8] = [
        "@£$¥èéùìòÇ\nØø\rÅå",
        "Δ_ΦΓΛΩΠΨΣΘΞ\u{1b}ÆæßÉ",
        " !\"#¤%&'()*+,-./",
        "0123456789:;<=>?",
        "¡ABCDEFGHIJKLMNO",
        "PQRSTUVWXYZÄÖÑÜ§",
        "¿abcdefghijklmno",
        "pqrstuvwxyzäöñüà",
    ];
    let extension = [
        ('\u{c}', 0x0a),
        ('^', 0x14),
        ('{', 0x28),
        ('}', 0x29),
        ('\\', 0x2f),
        ('[', 0x3c),
        ('~', 0x3d),
        (']', 0x3e),
        ('|', 0x40),
        ('€', 0x65),
    ];
    if c == '\u{1b}' {
        return None;
    }
    let basic = TABLE.iter().enumerate().find_map(|(row, line)| {
        line.chars().position(|x| x == c).map(|column| vec![u8::try_from(row * 16 + column).unwrap()])
    });
    basic.or_else(|| extension.iter().find(|(x, _)| *x == c).map(|(_, code)| vec![0x1b, *code]))
}

#[test]
fn the_alphabet_is_that_of_the_standard() {
    for c in (0..=0x1_ffff).filter_map(char::from_u32) {
        let expected = gsm_codes(c).map(|codes| gsm(1, codes.len())).unwrap_or_else(|| ucs(1, c.len_utf16()));
        assert_eq!(segments(&c.to_string()), expected, "{c:?}");
    }
}

/// Cuts a text into messages of whole characters, as a phone would.
fn split(text: &str) -> (Encoding, Vec<Vec<u16>>) {
    let septets: Option<Vec<Vec<u16>>> =
        text.chars().map(|c| gsm_codes(c).map(|codes| codes.into_iter().map(u16::from).collect())).collect();
    let (encoding, characters, single, part) = match septets {
        Some(characters) => (Encoding::Gsm7, characters, 160, 153),
        None => {
            let units = text.chars().map(|c| c.encode_utf16(&mut [0; 2]).to_vec()).collect();
            (Encoding::Ucs2, units, 70, 67)
        }
    };
    if characters.iter().map(Vec::len).sum::<usize>() <= single {
        return (encoding, vec![characters.concat()]);
    }
    let mut messages: Vec<Vec<u16>> = vec![Vec::new()];
    for character in characters {
        if messages.last().unwrap().len() + character.len() > part {
            messages.push(Vec::new());
        }
        messages.last_mut().unwrap().extend(character);
    }
    (encoding, messages)
}

fn texts() -> impl Strategy<Value = String> {
    let alphabet = prop_oneof![
        8 => proptest::char::range('a', 'z'),
        2 => proptest::sample::select("€[]{}|~^\\\u{c}@ñ¿\n\r".chars().collect::<Vec<_>>()),
        1 => proptest::sample::select("яí😀ç\u{200d}".chars().collect::<Vec<_>>()),
    ];
    let plain = prop_oneof![
        8 => proptest::char::range('a', 'z'),
        3 => proptest::sample::select("€[]{}|~^\\\u{c}@ñ¿".chars().collect::<Vec<_>>()),
    ];
    prop_oneof![
        proptest::collection::vec(plain, 0..700).prop_map(|c| c.into_iter().collect()),
        proptest::collection::vec(alphabet, 0..400).prop_map(|c| c.into_iter().collect()),
        proptest::collection::vec(any::<char>(), 0..300).prop_map(|c| c.into_iter().collect()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_a_counter_that_cuts_the_text(text in texts()) {
        let (encoding, messages) = split(&text);
        let counted = segments(&text);
        prop_assert_eq!(counted.encoding, encoding);
        prop_assert_eq!(counted.count, messages.len());
        prop_assert_eq!(counted.units, messages.iter().map(Vec::len).sum::<usize>());
        let most = match (encoding, counted.count) {
            (Encoding::Gsm7, 1) => 160,
            (Encoding::Gsm7, n) => 153 * n,
            (Encoding::Ucs2, 1) => 70,
            (Encoding::Ucs2, n) => 67 * n,
        };
        prop_assert!(counted.units <= most);
    }

    #[test]
    fn transliteration_never_costs_more_and_keeps_the_alphabet(text in texts()) {
        let plain = relevo_rendering::transliterate::transliterate(&text);
        if segments(&text).encoding == Encoding::Gsm7 {
            prop_assert_eq!(&plain, &text);
        }
    }
}
