//! Tells what a person wrote in a mail from what they quoted and from their signature. Nothing is lost: the three
//! parts one after the other are the text.

/// A text, taken apart. The parts are slices of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parts<'a> {
    pub text: &'a str,
    pub signature: Option<&'a str>,
    pub quoted: Option<&'a str>,
}

/// Words that end the line before a quotation: `On … wrote:` in the languages of our desks and their neighbours.
const WROTE: [&str; 12] = [
    "wrote:",
    "escribió:",
    "escribio:",
    "a écrit :",
    "a écrit:",
    "schrieb:",
    "написал:",
    "написала:",
    "написал(а):",
    "пишет:",
    "ha scritto:",
    "escreveu:",
];
/// Lines, cleared of dashes and underscores, that begin a quotation in Outlook's manner.
const ORIGINAL: [&str; 8] = [
    "original message",
    "mensaje original",
    "message d'origine",
    "message original",
    "ursprüngliche nachricht",
    "исходное сообщение",
    "messaggio originale",
    "mensagem original",
];
/// First fields of a header block in front of a quotation, with what follows them.
const FROM: [&str; 6] = ["From:", "De:", "De :", "Von:", "От:", "Da:"];
const SENT: [&str; 10] = [
    "Sent:",
    "Date:",
    "Enviado:",
    "Enviado el:",
    "Fecha:",
    "Envoyé :",
    "Gesendet:",
    "Отправлено:",
    "Дата:",
    "Inviato:",
];
/// What telephones put below a mail.
const SENT_FROM: [&str; 8] = [
    "sent from my ",
    "enviado desde mi ",
    "envoyé de mon ",
    "envoyé depuis mon ",
    "отправлено с ",
    "get outlook for ",
    "obtener outlook para ",
    "gesendet von meinem ",
];

/// Splits a text. Where people answer between the quoted lines, it is left whole.
pub(super) fn split(text: &str) -> Parts<'_> {
    let lines = lines(text);
    let cut = quotation(&lines).map(|line| offset(&lines, line, text.len())).unwrap_or(text.len());
    let (body, quoted) = text.split_at(cut);
    let own: Vec<_> = lines.iter().take_while(|(at, _)| *at < cut).copied().collect();
    let sign = signature(&own).map(|line| offset(&own, line, cut)).unwrap_or(cut);
    let (text, signature) = body.split_at(sign);
    Parts {
        text,
        signature: (!signature.is_empty()).then_some(signature),
        quoted: (!quoted.is_empty()).then_some(quoted),
    }
}

/// The lines with the place where each begins.
fn lines(text: &str) -> Vec<(usize, &str)> {
    let mut at = 0;
    let place = |line: &'_ str| {
        let start = at;
        at += line.len();
        start
    };
    let starts: Vec<usize> = text.split_inclusive('\n').map(place).collect();
    starts.into_iter().zip(text.lines()).collect()
}

fn offset(lines: &[(usize, &str)], line: usize, end: usize) -> usize {
    lines.get(line).map_or(end, |(at, _)| *at)
}

/// The first line of the quotation that the mail ends with.
fn quotation(lines: &[(usize, &str)]) -> Option<usize> {
    let line = |i: usize| lines.get(i).map_or("", |(_, line)| line.trim());
    for i in 0..lines.len() {
        let cleared = line(i).trim_matches(|c: char| c == '-' || c == '_' || c.is_whitespace());
        if cleared.len() < line(i).len() && ORIGINAL.contains(&cleared.to_lowercase().as_str()) {
            return Some(i);
        }
        if is_header_block(i, &line) {
            // The rule that Outlook draws above belongs to it.
            let ruled =
                i > 0 && line(i - 1).len() >= 10 && line(i - 1).bytes().all(|b| b == b'_' || b == b'-');
            return Some(if ruled { i - 1 } else { i });
        }
        let attributed = attribution(i, &line);
        if attributed.is_some() || line(i).starts_with('>') {
            let first = attributed.unwrap_or(i);
            // Wholly quoted to the end, or else there are answers in between.
            let rest = (first..lines.len()).map(line);
            if rest.clone().all(|line| line.is_empty() || line.starts_with('>')) {
                return Some(i);
            }
            // `On … wrote:` without marks: some programs indent instead. All of the rest is the quotation.
            if attributed.is_some() && rest.clone().all(|line| !line.starts_with('>')) {
                return Some(i);
            }
            return None;
        }
    }
    None
}

/// The line after `On … wrote:`, which may go over three lines.
fn attribution<'a>(i: usize, line: &impl Fn(usize) -> &'a str) -> Option<usize> {
    if line(i).is_empty() || line(i).starts_with('>') {
        return None;
    }
    let opens = ["On ", "El ", "Le ", "Am ", "Il ", "Em ", "В ", "Пн", "Вт", "Ср", "Чт", "Пт", "Сб", "Вс"];
    let dated = |text: &str| text.bytes().any(|b| b.is_ascii_digit());
    (i..i.saturating_add(3)).take_while(|j| !line(*j).is_empty()).find_map(|j| {
        let ends = WROTE.iter().any(|word| line(j).ends_with(word));
        let begins = opens.iter().any(|word| line(i).starts_with(word))
            || line(i).starts_with(|c: char| c.is_ascii_digit());
        (ends && begins && dated(line(i))).then_some(j + 1)
    })
}

/// `From: …` and within the next three lines `Sent: …`.
fn is_header_block<'a>(i: usize, line: &impl Fn(usize) -> &'a str) -> bool {
    let plain = |text: &'a str| text.trim_start_matches('*');
    let starts = |j: usize, names: &[&str]| names.iter().any(|name| plain(line(j)).starts_with(name));
    starts(i, &FROM) && (i + 1..i + 4).any(|j| starts(j, &SENT))
}

/// The first line of the signature: `-- ` (RFC 3676), or what a telephone adds as the last line.
fn signature(lines: &[(usize, &str)]) -> Option<usize> {
    let dashes = lines.iter().rposition(|(_, line)| matches!(line.trim_end_matches('\r'), "-- " | "--"));
    if let Some(at) = dashes.filter(|at| lines.len() - at <= 20) {
        return Some(at);
    }
    let last = lines.iter().rposition(|(_, line)| !line.trim().is_empty())?;
    let text = lines.get(last)?.1.trim().to_lowercase();
    SENT_FROM.iter().any(|words| text.starts_with(words)).then_some(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, own: &str, signature: &str, quoted: &str) {
        let parts = split(text);
        assert_eq!(parts.text, own);
        assert_eq!(parts.signature.unwrap_or_default(), signature);
        assert_eq!(parts.quoted.unwrap_or_default(), quoted);
        assert_eq!([own, signature, quoted].concat(), text);
    }

    #[test]
    fn what_is_quoted_at_the_end_is_cut_off() {
        check(
            "Sí.\n\nOn Mon, 2 Mar 2026 at 10:00, Desk <d@example.org> wrote:\n> ¿Es suyo?\n",
            "Sí.\n\n",
            "",
            "On Mon, 2 Mar 2026 at 10:00, Desk <d@example.org> wrote:\n> ¿Es suyo?\n",
        );
        check(
            "Да\r\n\r\n2 марта 2026 г., 10:00, Desk <d@example.org> написал(а):\r\n> Ваш?\r\n",
            "Да\r\n\r\n",
            "",
            "2 марта 2026 г., 10:00, Desk <d@example.org> написал(а):\r\n> Ваш?\r\n",
        );
        check(
            "Oui\n\nLe lun. 2 mars 2026 à 10:00, un nom très long de service\n<d@example.org> a écrit :\n\n> A\n>\n> B",
            "Oui\n\n",
            "",
            "Le lun. 2 mars 2026 à 10:00, un nom très long de service\n<d@example.org> a écrit :\n\n> A\n>\n> B",
        );
        check(
            "Sí\n\nEl 2/3/2026, Desk escribió:\n\n    ¿Es suyo?\n",
            "Sí\n\n",
            "",
            "El 2/3/2026, Desk escribió:\n\n    ¿Es suyo?\n",
        );
        check("ok\n-----Mensaje original-----\nDe: x\n", "ok\n", "", "-----Mensaje original-----\nDe: x\n");
        check(
            "ok\n________________________________\nFrom: Desk\nSent: Monday\nTo: Ana\n\nText",
            "ok\n",
            "",
            "________________________________\nFrom: Desk\nSent: Monday\nTo: Ana\n\nText",
        );
        check("ok\n> quoted", "ok\n", "", "> quoted");
    }

    #[test]
    fn answers_between_quoted_lines_are_left_whole() {
        let text = "On 2 Mar 2026 Desk wrote:\n> One?\nYes.\n> Two?\nNo.\n";
        check(text, text, "", "");
        let text = "> One?\nYes.\n";
        check(text, text, "", "");
    }

    #[test]
    fn what_only_looks_like_a_quotation_is_not() {
        for text in [
            "He wrote: hello\n",
            "I wrote:\nsomething\n",
            "From: the heart\nI thank you\n",
            "---------- Forwarded message ---------\nFrom: x\n",
            "The original message was lost\n",
            "",
            "\n\n",
        ] {
            check(text, text, "", "");
        }
    }

    #[test]
    fn signatures_are_told_apart() {
        check("Hola\n\n-- \nAna\nTel. 1\n", "Hola\n\n", "-- \nAna\nTel. 1\n", "");
        check("Hola\n\nEnviado desde mi iPhone\n", "Hola\n\n", "Enviado desde mi iPhone\n", "");
        check(
            "Hola\n--\nAna\n\nOn 2 Mar 2026 D wrote:\n> x",
            "Hola\n",
            "--\nAna\n\n",
            "On 2 Mar 2026 D wrote:\n> x",
        );
        let table = format!("a\n--\n{}", "row\n".repeat(30));
        check(&table, &table, "", "");
    }
}
