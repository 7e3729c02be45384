//! An invitation or the answer to one (RFC 5545, 5546), in words: what is written in it, in no language of its own.

use std::collections::BTreeMap;

/// Properties that are shown, in this order.
const SHOWN: [&str; 5] = ["SUMMARY", "DTSTART", "LOCATION", "DESCRIPTION", "COMMENT"];

/// Most that is read: a calendar may have a thousand events.
const MAX_BYTES: usize = 64 * 1024;

/// The first event of a calendar: what it is, when and where, who has answered what (`ACCEPTED`) and with what words.
/// None if there is nothing to read in it.
pub(super) fn text(calendar: &str) -> Option<String> {
    let calendar = calendar.get(..calendar.floor_char_boundary(MAX_BYTES))?;
    let calendar = calendar.replace("\r\n", "\n").replace("\n ", "").replace("\n\t", "");
    let event = calendar.lines().skip_while(|line| !is(line, "BEGIN:VEVENT"));
    let mut found: BTreeMap<&str, String> = BTreeMap::new();
    let mut answers = Vec::new();
    for line in event.skip(1).take_while(|line| !is(line, "END:VEVENT") && !is(line, "BEGIN:VALARM")) {
        let Some((name, parameters, value)) = property(line) else { continue };
        let parameter = |wanted: &str| {
            let mut all = parameters.split(';').filter_map(|parameter| parameter.split_once('='));
            all.find_map(|(key, value)| key.eq_ignore_ascii_case(wanted).then(|| value.trim_matches('"')))
        };
        let value = unescaped(value);
        if name.eq_ignore_ascii_case("ATTENDEE") {
            // In an invitation everybody is yet to answer.
            let answer = parameter("PARTSTAT").filter(|state| !state.eq_ignore_ascii_case("NEEDS-ACTION"));
            let address = value.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case("mailto:"));
            let address = address.and_then(|_| value.get(7..)).unwrap_or(&value);
            answers.extend(answer.map(|answer| format!("{}: {answer}", parameter("CN").unwrap_or(address))));
        } else if let Some(name) = SHOWN.iter().find(|shown| name.eq_ignore_ascii_case(shown)) {
            let value = match *name {
                "DTSTART" => when(&value, parameter("TZID")),
                _ => value.trim().to_owned(),
            };
            found.entry(name).or_insert(value);
        }
    }
    let mut lines: Vec<String> = SHOWN.iter().filter_map(|name| found.remove(name)).collect();
    lines.extend(answers);
    lines.retain(|line| !line.is_empty());
    (!lines.is_empty()).then(|| lines.join("\n"))
}

fn is(line: &str, wanted: &str) -> bool {
    line.trim_end().eq_ignore_ascii_case(wanted)
}

/// Name, parameters and value; a colon between quotes ends nothing.
fn property(line: &str) -> Option<(&str, &str, &str)> {
    let mut quoted = false;
    let colon = line.char_indices().find_map(|(at, c)| {
        quoted ^= c == '"';
        (c == ':' && !quoted).then_some(at)
    })?;
    let (head, value) = (line.get(..colon)?, line.get(colon + 1..)?);
    let (name, parameters) = head.split_once(';').unwrap_or((head, ""));
    Some((name, parameters, value))
}

fn unescaped(value: &str) -> String {
    let mut out = String::new();
    let mut rest = value.chars();
    while let Some(c) = rest.next() {
        match if c == '\\' { rest.next() } else { Some(c) } {
            Some('n' | 'N') if c == '\\' => out.push('\n'),
            Some(c) => out.push(c),
            None => {}
        }
    }
    out
}

/// `20260302T100000` with its zone as `2026-03-02 10:00 Europe/Madrid`; what is not so stays.
fn when(value: &str, zone: Option<&str>) -> String {
    let (plain, zone) = match value.strip_suffix('Z') {
        Some(plain) => (plain, Some("UTC")),
        None => (value, zone),
    };
    let day = |digits: &str| chrono::NaiveDate::parse_from_str(digits, "%Y%m%d").ok();
    let time = chrono::NaiveDateTime::parse_from_str(plain, "%Y%m%dT%H%M%S");
    match (time, day(plain)) {
        (Ok(time), _) => {
            let zone = zone.map(|zone| format!(" {zone}")).unwrap_or_default();
            format!("{}{zone}", time.format("%Y-%m-%d %H:%M"))
        }
        (_, Some(day)) => day.format("%Y-%m-%d").to_string(),
        _ => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn an_answer_says_who_answered_what() {
        let calendar = "BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\nBEGIN:VEVENT\r\n\
            ATTENDEE;CN=\"Ana: Ruiz\";PARTSTAT=ACCEPTED:mailto:ana@example.org\r\n\
            ATTENDEE;PARTSTAT=DECLINED:MAILTO:luis@example.org\r\n\
            SUMMARY:Peritaje\\, patinete\r\n  77\r\nDTSTART;TZID=Europe/Madrid:20260302T100000\r\n\
            COMMENT:Llego tarde\\nPerdón\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nSUMMARY:Otro\r\nEND:VEVENT\r\n";
        let expected = "Peritaje, patinete 77\n2026-03-02 10:00 Europe/Madrid\nLlego tarde\nPerdón\n\
            Ana: Ruiz: ACCEPTED\nluis@example.org: DECLINED";
        assert_eq!(text(calendar).as_deref(), Some(expected));
    }

    #[test]
    fn an_invitation_says_what_and_when() {
        let calendar = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:Cita\nDTSTART:20260302T090000Z\nLOCATION:Taller\n\
            ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:x@example.org\nBEGIN:VALARM\nDESCRIPTION:Aviso\nEND:VALARM\n";
        assert_eq!(text(calendar).as_deref(), Some("Cita\n2026-03-02 09:00 UTC\nTaller"));
        let day = "BEGIN:VEVENT\nDTSTART;VALUE=DATE:20260302\nSUMMARY:Fiesta\\";
        assert_eq!(text(day).as_deref(), Some("Fiesta\n2026-03-02"));
    }

    #[test]
    fn what_is_no_event_says_nothing() {
        for calendar in
            ["", "BEGIN:VCALENDAR\nEND:VCALENDAR", "SUMMARY:x", "BEGIN:VEVENT\nSUMMARY\nCOMMENT:\n"]
        {
            assert_eq!(text(calendar), None, "{calendar}");
        }
    }
}
