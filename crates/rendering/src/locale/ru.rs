//! Russian.

use super::Conventions;

/// Russia.
pub const RU: Conventions = Conventions {
    tag: "ru-RU",
    decimal: ',',
    group: '\u{a0}',
    min_grouping: 1,
    money: "0\u{a0}¤",
    symbols: &[("EUR", "€"), ("GBP", "£"), ("RUB", "₽"), ("USD", "$")],
    months: [
        "января",
        "февраля",
        "марта",
        "апреля",
        "мая",
        "июня",
        "июля",
        "августа",
        "сентября",
        "октября",
        "ноября",
        "декабря",
    ],
    short_months: [
        "янв.",
        "февр.",
        "мар.",
        "апр.",
        "мая",
        "июн.",
        "июл.",
        "авг.",
        "сент.",
        "окт.",
        "нояб.",
        "дек.",
    ],
    weekdays: ["понедельник", "вторник", "среда", "четверг", "пятница", "суббота", "воскресенье"],
    first_of_month: None,
    dates: ["dd.MM.y", "d MMM y\u{a0}'г'.", "d MMMM y\u{a0}'г'.", "EEEE, d MMMM y\u{a0}'г'."],
    joiners: [", ", ", ", " в ", " в "],
    time: "HH:mm",
};
