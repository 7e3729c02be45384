//! English.

use super::Conventions;

/// United States. The short year is written in full (CLDR: two digits).
pub const US: Conventions = Conventions {
    tag: "en-US",
    decimal: '.',
    group: ',',
    min_grouping: 1,
    money: "¤0",
    symbols: &[("BRL", "R$"), ("EUR", "€"), ("GBP", "£"), ("JPY", "¥"), ("MXN", "MX$"), ("USD", "$")],
    months: [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
    short_months: ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
    weekdays: ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
    first_of_month: None,
    dates: ["M/d/y", "MMM d, y", "MMMM d, y", "EEEE, MMMM d, y"],
    joiners: [", ", ", ", " at ", " at "],
    time: "h:mm\u{202f}a",
};

/// United Kingdom, and English elsewhere.
pub const GB: Conventions = Conventions {
    tag: "en-GB",
    symbols: &[("BRL", "R$"), ("EUR", "€"), ("GBP", "£"), ("MXN", "MX$"), ("USD", "US$")],
    short_months: ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sept", "Oct", "Nov", "Dec"],
    dates: ["dd/MM/y", "d MMM y", "d MMMM y", "EEEE d MMMM y"],
    time: "HH:mm",
    ..US
};
