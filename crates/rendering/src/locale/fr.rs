//! French.

use super::Conventions;

/// France. The first of a month is written `1er`, as French orthography has it (CLDR: `1`).
pub const FR: Conventions = Conventions {
    tag: "fr-FR",
    decimal: ',',
    group: '\u{202f}',
    min_grouping: 1,
    money: "0\u{a0}¤",
    symbols: &[("EUR", "€"), ("GBP", "£GB"), ("USD", "$US")],
    months: [
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ],
    short_months: [
        "janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc.",
    ],
    weekdays: ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"],
    first_of_month: Some("1er"),
    dates: ["dd/MM/y", "d MMM y", "d MMMM y", "EEEE d MMMM y"],
    joiners: [" ", ", ", " à ", " à "],
    time: "HH:mm",
};
