//! Quotations of many programs, and what only looks like one.

use super::super::html_text;
use super::*;
use proptest::prelude::*;

#[track_caller]
fn check(text: &str, own: &str, signature: &str, quoted: &str) {
    let parts = split(text, None);
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
        "ok\n________________________________\nFrom: Desk\nSent: Monday, March 2, 2026 10:00\nTo: Ana\nSubject: Fine\n\nText",
        "ok\n",
        "",
        "________________________________\nFrom: Desk\nSent: Monday, March 2, 2026 10:00\nTo: Ana\nSubject: Fine\n\nText",
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

/// How the own text and the quotation are told apart, in the manner of many programs.
#[test]
fn the_manners_of_mail_programs_are_known() {
    for quoted in [
        "Le lun. 2 mars 2026 à 10:00, Desk <d@example.org> a écrit\u{a0}:\n> A\n",
        "Le lun. 2 mars 2026 à 10:00, Desk <\nd@example.org> a écrit\u{202f}:\n\n> A\n",
        "пн, 2 мар. 2026\u{202f}г. в 10:00, Имя <d@example.org>:\n> A\n",
        "пн, 2 мар. 2026 г. в 10:00, Длинное Имя Отдела <\nd@example.org>:\n\n> A\n",
        "02.03.2026, 10:00, \"Имя\" <d@example.org>:\n> A\n",
        "02.03.2026, 10:00, \"Имя\" <d@example.org>:\nБез знаков\n",
        "El lunes, 2 de marzo de 2026, 10:00:00 CET, Desk <d@example.org> escribió:\n\n¿Es suyo?\nGracias\n",
        "De\u{a0}: Desk <d@example.org>\nEnvoyé\u{a0}: lundi 2 mars 2026 10:00\nÀ\u{a0}: Ana\nObjet\u{a0}: Amende\n\nA\n",
        "*De:* Desk\n*Enviado:* lunes, 2 de marzo de 2026 10:00\n*Para:* Ana\n*Asunto:* Multa\n\nA\n",
        "От: Desk <d@example.org>\nДата: 2 марта 2026, 10:00\nКому: Ана\nТема: Штраф\n\nA\n",
        "From: Desk <d@example.org>\nSent: 2 March 2026 10:00\nTo: Ana <ana@example.org>;\n Luis <l@example.org>\n\nA\n",
        "\u{200e}On 2 Mar 2026, at 10:00, Desk <d@example.org> wrote:\n\n> A\n",
    ] {
        check(&format!("Hola\n\n{quoted}"), "Hola\n\n", "", quoted);
    }
}

#[test]
fn what_customers_list_themselves_stays() {
    for text in [
        "De: Madrid\nA: París\nFecha: 2 de marzo de 2026 10:00\nPasajeros: 2\nGracias\n",
        "Hola\n\nDe: Madrid\nFecha: 02/03/2026\nA: París\nAsunto: cambio\n",
        "Здравствуйте\nОт: Москва\nДо: Сочи\nДата: 02.03.2026\nСпасибо\n",
        "Hola\nFrom: Madrid\nTo: Paris\nDate: 2026-03-02\n",
        "Mi correo:\nDe: ana@example.org\nTeléfono: 600\n",
        "пн, вт: <a@example.org>:\nжду\n",
        "2 письма, 10:00, от <a@example.org>:\nне пришли\n",
        "02.03.2026, вчера, <a@example.org>:\nне отвечает\n",
        "El 2 de marzo Juan escribió:\nque no llega el casco\n¿Pueden mirarlo?\n",
        "Сразу 2 раза оператор написал:\nждите\n",
        "message original\nno llegó\n",
    ] {
        check(text, text, "", "");
    }
}

#[test]
fn what_is_passed_on_is_left_whole() {
    for forwarded in [
        "---------- Forwarded message ---------\nDe: Tienda <t@example.org>\nDate: lun, 2 mar 2026 a las 10:00\nSubject: Pedido\nTo: <ana@example.org>\n\nSu pedido\n-- \nTienda\n",
        "Begin forwarded message:\n\n> From: Shop <t@example.org>\n> Date: 2 March 2026\n> To: a@example.org\n>\n> Text\n",
        "> Inicio del mensaje reenviado:\n> \n> De: T <t@example.org>\n",
        "-------- Пересылаемое сообщение --------\n02.03.2026, 10:00, \"Имя\" <d@example.org>:\nТекст\n",
        "-------- Message transféré --------\nDe : T <t@example.org>\nDate : 2 mars 2026\nPour : a@example.org\n",
    ] {
        for own in ["", "Miren esto\n-- \nAna\n\n"] {
            let text = format!("{own}{forwarded}");
            check(&text, &text, "", "");
        }
    }
}

/// Outlook forwards as it answers: only the subject tells them apart, and whether anything was written.
#[test]
fn the_subject_tells_an_answer_from_what_is_passed_on() {
    let block = "De: T <t@example.org>\nEnviado: lunes, 2 de marzo de 2026 10:00\nPara: Ana\nAsunto: Pedido\n\nSu pedido\n";
    let own = |text: &str, subject: Option<&str>| split(text, subject).text.to_owned();
    let written = format!("Miren\n{block}");
    for subject in ["RV: Pedido", "Fwd: Re: Pedido", "FW: Pedido", "TR : Commande", "WG: x"] {
        assert_eq!(own(&written, Some(subject)), written, "{subject}");
    }
    for subject in [Some("RE: Pedido"), Some("Re[2]: FW: Pedido"), Some("Pedido"), Some("Pedido: RV"), None] {
        assert_eq!(own(&written, subject), "Miren\n", "{subject:?}");
    }
    assert_eq!(own(block, Some("RE: Pedido")), "", "an answer with nothing but a file");
    assert_eq!(own(block, Some("Pedido")), block);
    assert_eq!(own(block, None), block);
}

/// What programs make of an answer in HTML, read as text.
#[test]
fn quotations_in_html_are_known() {
    for html in [
        // Gmail
        "<div dir=ltr>Hola</div><br><div class=\"gmail_quote\"><div dir=\"ltr\" class=\"gmail_attr\">El lun, 2 mar 2026 a las \
         10:00, Desk (&lt;<a href=\"mailto:d@example.org\">d@example.org</a>&gt;) escribi&oacute;:<br></div><blockquote \
         class=\"gmail_quote\"><div>&iquest;Es suyo?</div></blockquote></div>",
        "<div>Hola</div><div class=gmail_quote><div class=gmail_attr>пн, 2 мар. 2026&#8239;г. в 10:00, Имя &lt;<a \
         href=\"mailto:d@example.org\">d@example.org</a>&gt;:<br></div><blockquote>Ваш?</blockquote></div>",
        // Outlook
        "<div>Hola</div><hr><div id=\"divRplyFwdMsg\"><font><b>De:</b> Desk<br><b>Enviado:</b> lunes, 2 de marzo de 2026 \
         10:00<br><b>Para:</b> Ana<br><b>Asunto:</b> Multa</font><div>&nbsp;</div></div><div>¿Es suyo?</div>",
        "<p class=MsoNormal>Hola</p><div><p class=MsoNormal><b>De&nbsp;:</b> Desk &lt;d@example.org&gt;<br><b>Envoyé&nbsp;:</b> \
         lundi 2 mars 2026 10:00<br><b>À&nbsp;:</b> Ana<br><b>Objet&nbsp;:</b> Amende</p></div><p class=MsoNormal>Bonjour</p>",
        // Yahoo
        "<div>Hola</div><div class=\"yahoo_quoted\"><div>El lunes, 2 de marzo de 2026, 10:00:00 CET, Desk \
         &lt;d@example.org&gt; escribió:</div><div><br></div><div>¿Es suyo?</div></div>",
        // Apple
        "<div>Hola</div><div><br><blockquote type=\"cite\"><div>El 2 mar 2026, a las 10:00, Desk &lt;d@example.org&gt; \
         escribi&oacute;:</div><br><div>¿Es suyo?</div></blockquote></div>",
        // Thunderbird
        "<p>Hola</p><div class=\"moz-cite-prefix\">El 2/3/26 a las 10:00, Desk escribió:<br></div><blockquote \
         type=\"cite\"><p>¿Es suyo?</p></blockquote>",
    ] {
        assert_eq!(split(&html_text(html), Some("Re: x")).text.trim(), "Hola", "{html}");
    }
    let forwarded = "<div>Miren</div><div class=gmail_quote><div class=gmail_attr>---------- Forwarded message ---------<br>De: T \
        &lt;t@example.org&gt;<br>Date: lun, 2 mar 2026<br>Subject: P<br>To: a@example.org</div><div>Su pedido</div></div>";
    assert!(split(&html_text(forwarded), Some("Fwd: P")).text.ends_with("Su pedido"));
}

proptest! {
    /// Whatever the text, what is kept and what is cut are the whole of it.
    #[test]
    fn nothing_is_lost(pieces in prop::collection::vec(r"De: |A: |Enviado: 2|a@b\.c|<|>|>:|\n|\r\n|-- |----|_{10}|Original Message|Forwarded message|On 2 |wrote:|пн, |02\.03\.2026|10:00|\u{a0}|x|Asunto: y| ", 0..40), subject in "(Re|Fwd|x)?:? ?y") {
        let text = pieces.concat();
        let parts = split(&text, Some(&subject));
        let whole = [parts.text, parts.signature.unwrap_or_default(), parts.quoted.unwrap_or_default()].concat();
        prop_assert_eq!(whole, text);
    }
}
