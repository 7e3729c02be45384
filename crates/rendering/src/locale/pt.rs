//! Portuguese.

use super::Conventions;

/// Brazil.
pub const BR: Conventions = Conventions {
    tag: "pt-BR",
    decimal: ',',
    group: '.',
    min_grouping: 1,
    money: "¤\u{a0}0",
    symbols: &[("BRL", "R$"), ("EUR", "€"), ("GBP", "£"), ("USD", "US$")],
    months: [
        "janeiro",
        "fevereiro",
        "março",
        "abril",
        "maio",
        "junho",
        "julho",
        "agosto",
        "setembro",
        "outubro",
        "novembro",
        "dezembro",
    ],
    short_months: [
        "jan.", "fev.", "mar.", "abr.", "mai.", "jun.", "jul.", "ago.", "set.", "out.", "nov.", "dez.",
    ],
    weekdays: [
        "segunda-feira",
        "terça-feira",
        "quarta-feira",
        "quinta-feira",
        "sexta-feira",
        "sábado",
        "domingo",
    ],
    first_of_month: None,
    dates: ["dd/MM/y", "d 'de' MMM 'de' y", "d 'de' MMMM 'de' y", "EEEE, d 'de' MMMM 'de' y"],
    joiners: [", ", ", ", " às ", " às "],
    time: "HH:mm",
};

/// Portugal and the countries that write as it does.
pub const PT: Conventions = Conventions {
    tag: "pt-PT",
    group: '\u{a0}',
    min_grouping: 2,
    money: "0\u{a0}¤",
    dates: ["dd/MM/y", "d/MM/y", "d 'de' MMMM 'de' y", "EEEE, d 'de' MMMM 'de' y"],
    ..BR
};
