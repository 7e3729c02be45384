//! Makes the text that others wrote inert before it meets a template.
//!
//! A template's data is what customers and other systems wrote. Template syntax in it is never evaluated (values
//! are printed, not parsed) and HTML is escaped by the engine; what is left are characters that act without being
//! seen: controls, marks that turn the direction of the text around them, and characters of no width that hide
//! text or make two names look alike.

/// A value as it may be printed in a text.
///
/// Removed: control characters other than tab, line feed, carriage return and form feed; marks, embeddings,
/// overrides and isolates of direction; characters of no width; tag characters. A joiner stays between characters
/// of scripts and emoji that need it. Line and paragraph separators become line feeds.
pub fn clean(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut rest = value.chars();
    while let Some(c) = rest.next() {
        match c {
            '\u{2028}' | '\u{2029}' => out.push('\n'),
            '\u{200c}' | '\u{200d}' => {
                let joins = out.chars().next_back().is_some_and(needs_joiner)
                    && rest.clone().next().is_some_and(needs_joiner);
                if joins {
                    out.push(c);
                }
            }
            _ if is_hidden(c) => {}
            _ => out.push(c),
        }
    }
    out
}

/// A text as one line of a header: every run of white space and controls is one space, none at the ends.
pub fn one_line(text: &str) -> String {
    let spaced: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn is_hidden(c: char) -> bool {
    match c {
        '\t' | '\n' | '\r' | '\u{c}' => false,
        _ if c.is_control() => true,
        '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{17b4}'
        | '\u{17b5}'
        | '\u{180e}'
        | '\u{200b}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{3164}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}' => true,
        _ => false,
    }
}

/// Scripts that use joiners all lie behind the Armenian block; emoji too.
fn needs_joiner(c: char) -> bool {
    c >= '\u{590}'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_characters_are_removed() {
        for (hostile, inert) in [
            ("Ana\u{202e}txt.exe", "Anatxt.exe"),
            ("pay\u{200b}pal", "paypal"),
            ("a\u{200d}b", "ab"),
            ("\u{feff}x\u{2066}y\u{2069}\u{200f}", "xy"),
            ("\u{1b}[31mred\u{0}\u{7f}\u{85}", "[31mred"),
            ("a\u{e0041}\u{e007f}b", "ab"),
            ("x\u{2028}y", "x\ny"),
        ] {
            assert_eq!(clean(hostile), inert);
        }
    }

    #[test]
    fn what_people_write_stays() {
        for text in [
            "👩\u{200d}👩\u{200d}👧 ❤\u{fe0f}",
            "می\u{200c}خواهم",
            "línea\r\n\tdos",
            "{{ x }} <b>",
            "Ёлка",
            "עברית",
        ] {
            assert_eq!(clean(text), text);
        }
    }

    #[test]
    fn a_header_is_one_line() {
        assert_eq!(one_line(" Hola\r\nBcc: x@y.z\u{b}\u{85}fin \n"), "Hola Bcc: x@y.z fin");
    }
}
