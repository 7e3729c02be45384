use super::*;
use serde_json::json;

/// What is written, and what is kept of it. The numbers are those that schemes and providers publish for tests.
const MASKED: [(&str, &str); 26] = [
    ("4111111111111111", "************1111"),
    ("mi tarjeta es 4111 1111 1111 1111, gracias", "mi tarjeta es **** **** **** 1111, gracias"),
    ("4111-1111-1111-1111", "****-****-****-1111"),
    ("4111.1111.1111.1111", "****.****.****.1111"),
    ("4111\u{a0}1111\u{a0}1111\u{a0}1111", "****\u{a0}****\u{a0}****\u{a0}1111"),
    ("4111 - 1111 - 1111 - 1111", "**** - **** - **** - 1111"),
    ("tarjeta4111111111111111", "tarjeta************1111"),
    ("5555555555554444", "************4444"),
    ("2223003122003222", "************3222"),
    ("3782 822463 10005", "**** ****** *0005"),
    ("30569309025904", "**********5904"),
    ("6011111111111117", "************1117"),
    ("3530111333300000", "************0000"),
    ("6200000000000005", "************0005"),
    ("6759649826438453", "************8453"),
    ("2200000000000004", "************0004"),
    ("4222222222222", "*********2222"),
    // As it is copied, and as it is typed elsewhere.
    ("4111\n1111\n1111\n1111", "****\n****\n****\n1111"),
    ("4111, 1111 / 1111 \u{2014} 1111", "****, **** / **** \u{2014} 1111"),
    ("4111\u{200b}1111\u{200b}1111\u{200b}1111", "****\u{200b}****\u{200b}****\u{200b}1111"),
    ("４１１１ １１１１ １１１１ １１１１", "**** **** **** １１１１"),
    ("٤١١١١١١١١١١١١١١١", "************١١١١"),
    ("tarjeta +378282246310005", "tarjeta +***********0005"),
    // A number beside others: only the card's is hidden.
    ("600123456 4111 1111 1111 1111 12/28", "600123456 **** **** **** 1111 12/28"),
    ("4111111111111111 y 5555555555554444", "************1111 y ************4444"),
    ("4111111111111111\n5555 5555 5555 4444\n", "************1111\n**** **** **** 4444\n"),
];

/// What is none.
const LEFT: [&str; 24] = [
    "",
    "hola",
    // The check digit is wrong.
    "4111 1111 1111 1112",
    "pedido 4000123412341235",
    // No issuer's, though the check digit fits.
    "1234567812345670",
    "0000000000000000",
    "9999999999999995",
    // An issuer's beginning in a length that it does not have.
    "41111111111116",
    "5105105105105",
    // IBANs, together and in groups, whose digits hold what looks like a card's.
    "ES9121000418450200051332",
    "ES91 2100 0418 4502 0005 1332",
    "GB33BUKB20201555555555",
    "DE89 3704 0044 0532 0130 00",
    "FR14 2004 1010 0505 0001 3M02 606",
    "IE29 AIBK 9311 5212 3456 78",
    // Telephones.
    "+34 600 123 456",
    "+49 1512 3456789",
    "+4915123456782",
    "0034 600 12 34 56",
    "+52 1 55 1234 5678",
    // Times, amounts, dates, longer numbers.
    "2026-03-01 09:00:00",
    "1 234 567,89 EUR",
    "guía 41111111111111111111",
    "**** **** **** 1111",
];

#[test]
fn card_numbers_are_masked_but_for_the_last_four_digits() {
    for (written, kept) in MASKED {
        assert_eq!(mask(written).as_deref(), Some(kept), "{written}");
        assert!(is_in(written), "{written}");
        assert_eq!(mask(kept), None, "what is masked is no number any more");
    }
}

#[test]
fn other_numbers_are_left_as_they_are() {
    for written in LEFT {
        assert_eq!(mask(written), None, "{written}");
        assert!(!is_in(written), "{written}");
    }
}

#[test]
fn a_telephone_in_a_form_that_a_card_has_is_one_only_without_its_plus() {
    // Thirteen digits from 4 on with the check digit of a card: old Visa numbers were such.
    assert!(is_in("4222222222222"));
    assert!(!is_in("+4222222222222"));
    assert!(is_in("+4111111111111111"), "no telephone number is as long");
}

#[test]
fn documents_are_masked_and_searched_at_every_depth() {
    let mut document = json!({
        "text": "4111111111111111", "n": 5555555555554444_u64, "ok": 12, "list": [{"a": "x"}, {"a": "4222222222222"}], "no": null
    });
    assert_eq!(place_in(&document).as_deref(), Some("/list/1/a"));
    assert!(mask_value(&mut document));
    assert_eq!(
        document,
        json!({
            "text": "************1111", "n": "************4444", "ok": 12, "list": [{"a": "x"}, {"a": "*********2222"}], "no": null
        })
    );
    assert_eq!(place_in(&document), None);
    assert!(!mask_value(&mut document));
}

#[test]
fn the_place_of_a_number_never_repeats_it() {
    assert_eq!(place_in(&json!({"set": {"4111111111111111": 1}})).as_deref(), Some("/set"));
    assert_eq!(place_in(&json!({"a/b": {"c~": "4111111111111111"}})).as_deref(), Some("/a~1b/c~0"));
    assert_eq!(place_in(&json!("4111111111111111")).as_deref(), Some(""));
}

#[test]
fn a_long_text_of_digits_is_read_in_a_time_that_grows_with_it() {
    let many = "4 ".repeat(50_000);
    assert!(mask(&many).is_none_or(|masked| masked.len() == many.len()));
    let ibans = "ES91 ".repeat(20_000);
    assert_eq!(mask(&ibans), None);
}
