//! Spanish.

use super::Conventions;

/// Spain, and Spanish elsewhere unless listed for Mexico. The short year is written in full (CLDR: two digits).
pub const ES: Conventions = Conventions {
    tag: "es-ES",
    decimal: ',',
    group: '.',
    min_grouping: 2,
    money: "0\u{a0}¤",
    symbols: &[("EUR", "€"), ("GBP", "GBP"), ("USD", "US$")],
    months: [
        "enero",
        "febrero",
        "marzo",
        "abril",
        "mayo",
        "junio",
        "julio",
        "agosto",
        "septiembre",
        "octubre",
        "noviembre",
        "diciembre",
    ],
    short_months: ["ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sept", "oct", "nov", "dic"],
    weekdays: ["lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"],
    first_of_month: None,
    dates: ["d/M/y", "d MMM y", "d 'de' MMMM 'de' y", "EEEE, d 'de' MMMM 'de' y"],
    joiners: [", "; 4],
    time: "H:mm",
};

/// Mexico and the countries that write a decimal point.
pub const MX: Conventions = Conventions {
    tag: "es-MX",
    decimal: '.',
    group: ',',
    min_grouping: 1,
    money: "¤0",
    symbols: &[("MXN", "$")],
    dates: ["dd/MM/y", "d MMM y", "d 'de' MMMM 'de' y", "EEEE, d 'de' MMMM 'de' y"],
    ..ES
};
