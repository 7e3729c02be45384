//! In which time zone a customer reads: what the ticket says, else what their number tells.

use super::{Party, Ticket};
use crate::message::AddressKind;

/// Custom field of a ticket with the customer's IANA time zone.
pub const FIELD: &str = "time_zone";

/// Country codes of telephone numbers with the zone that their mainland keeps. Countries of several zones (`+1`,
/// `+7`, `+52`, `+55`, `+61` …) are left out: nothing is better than wrong by hours.
const COUNTRIES: [(&str, &str); 48] = [
    ("20", "Africa/Cairo"),
    ("212", "Africa/Casablanca"),
    ("213", "Africa/Algiers"),
    ("216", "Africa/Tunis"),
    ("27", "Africa/Johannesburg"),
    ("30", "Europe/Athens"),
    ("31", "Europe/Amsterdam"),
    ("32", "Europe/Brussels"),
    ("33", "Europe/Paris"),
    ("34", "Europe/Madrid"),
    ("351", "Europe/Lisbon"),
    ("352", "Europe/Luxembourg"),
    ("353", "Europe/Dublin"),
    ("358", "Europe/Helsinki"),
    ("36", "Europe/Budapest"),
    ("370", "Europe/Vilnius"),
    ("371", "Europe/Riga"),
    ("372", "Europe/Tallinn"),
    ("374", "Asia/Yerevan"),
    ("375", "Europe/Minsk"),
    ("376", "Europe/Andorra"),
    ("380", "Europe/Kyiv"),
    ("39", "Europe/Rome"),
    ("40", "Europe/Bucharest"),
    ("41", "Europe/Zurich"),
    ("420", "Europe/Prague"),
    ("43", "Europe/Vienna"),
    ("44", "Europe/London"),
    ("45", "Europe/Copenhagen"),
    ("46", "Europe/Stockholm"),
    ("47", "Europe/Oslo"),
    ("48", "Europe/Warsaw"),
    ("49", "Europe/Berlin"),
    ("502", "America/Guatemala"),
    ("503", "America/El_Salvador"),
    ("504", "America/Tegucigalpa"),
    ("505", "America/Managua"),
    ("506", "America/Costa_Rica"),
    ("507", "America/Panama"),
    ("51", "America/Lima"),
    ("54", "America/Argentina/Buenos_Aires"),
    ("57", "America/Bogota"),
    ("58", "America/Caracas"),
    ("591", "America/La_Paz"),
    ("595", "America/Asuncion"),
    ("598", "America/Montevideo"),
    ("972", "Asia/Jerusalem"),
    ("995", "Asia/Tbilisi"),
];

/// The customer's time zone, if anything tells. Whether there is such a zone is checked by whoever uses it.
pub fn time_zone(party: Option<&Party>, ticket: Option<&Ticket>) -> Option<String> {
    let said = ticket.and_then(|ticket| ticket.fields.0.get(FIELD)?.as_str());
    said.or_else(|| zone_of_number(party?)).map(str::to_owned)
}

fn zone_of_number(party: &Party) -> Option<&'static str> {
    let number = Some(&party.address).filter(|address| address.kind == AddressKind::Phone)?.value.0.as_str();
    let digits = number.trim_start_matches('+');
    // With its country a number has at least ten digits; a shorter one is a national one, whose start means nothing.
    let whole = digits.len() >= 10 && digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
    COUNTRIES.iter().find(|(code, _)| whole && digits.starts_with(code)).map(|(_, zone)| *zone)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Address;

    fn party(kind: AddressKind, value: &str) -> Party {
        Party {
            channel: "whatsapp".to_owned(),
            account: "main".to_owned(),
            contact: "ctc_a".to_owned(),
            address: Address { kind, value: value.into() },
            name: None,
            locale: "es".to_owned(),
        }
    }

    #[test]
    fn a_number_tells_where_its_country_has_one_time() {
        for (number, zone) in [
            ("34600111222", Some("Europe/Madrid")),
            ("+33612345678", Some("Europe/Paris")),
            ("351912345678", Some("Europe/Lisbon")),
            ("5491122334455", Some("America/Argentina/Buenos_Aires")),
            ("50688887777", Some("America/Costa_Rica")),
            ("15550001111", None),
            ("79161234567", None),
            ("5215512345678", None),
            ("600111222", None),
            ("0034600111222", None),
            ("34 600 111 222", None),
            ("", None),
        ] {
            assert_eq!(
                time_zone(Some(&party(AddressKind::Phone, number)), None).as_deref(),
                zone,
                "{number}"
            );
        }
        assert_eq!(time_zone(Some(&party(AddressKind::User, "34600111222")), None), None);
        assert_eq!(time_zone(None, None), None);
    }

    #[test]
    fn codes_are_sorted_and_none_begins_another() {
        for pair in COUNTRIES.windows(2) {
            assert!(pair[0].0 < pair[1].0, "{pair:?}");
        }
        for (one, _) in COUNTRIES {
            assert!(COUNTRIES.iter().all(|(other, _)| *other == one || !other.starts_with(one)), "{one}");
        }
    }
}
