//! How card numbers begin, and how long they are then.

use std::ops::RangeInclusive;

/// A range of beginnings (all of as many digits), and the lengths of numbers that begin so. From ISO/IEC 7812 ranges that
/// the schemes publish.
const RANGES: [(RangeInclusive<u32>, RangeInclusive<usize>); 23] = [
    (4..=4, 13..=13), // Visa
    (4..=4, 16..=16),
    (4..=4, 18..=19),
    (51..=55, 16..=16), // Mastercard
    (2221..=2720, 16..=16),
    (34..=34, 15..=15), // American Express
    (37..=37, 15..=15),
    (300..=305, 14..=19), // Diners Club
    (3095..=3095, 14..=19),
    (36..=36, 14..=19),
    (38..=39, 14..=19),
    (6011..=6011, 16..=19), // Discover
    (644..=659, 16..=19),
    (62..=62, 16..=19),     // UnionPay
    (3528..=3589, 16..=19), // JCB
    (5018..=5018, 13..=19), // Maestro
    (5020..=5020, 13..=19),
    (5038..=5038, 13..=19),
    (5893..=5893, 13..=19),
    (6304..=6304, 13..=19),
    (6759..=6763, 13..=19),
    (506..=509, 16..=16),   // Carnet, Elo, Verve, RuPay
    (2200..=2204, 16..=19), // Mir
];

/// Whether a scheme issues numbers that begin so in this length.
pub(super) fn issues(digits: &[u8]) -> bool {
    RANGES.iter().any(|(begins, lengths)| {
        let width = begins.start().to_string().len();
        let beginning = digits.iter().take(width).fold(0, |sum: u32, digit| sum * 10 + u32::from(*digit));
        lengths.contains(&digits.len()) && begins.contains(&beginning)
    })
}
