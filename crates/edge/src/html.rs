//! Text in pages.

/// A text as a piece of HTML: it stays text between tags and in quoted attributes.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn what_people_wrote_stays_text() {
        assert_eq!(escape("<script a='1'>\"&amp;"), "&lt;script a=&#39;1&#39;&gt;&quot;&amp;amp;");
        assert_eq!(escape("¿Cómo? Ура"), "¿Cómo? Ура");
    }
}
