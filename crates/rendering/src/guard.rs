//! Refuses sources whose shape alone would cost too much, before they are parsed.
//!
//! The engine parses and compiles by recursion; a component's stack is small and an overflow takes the whole
//! instance down. So nesting is measured on the flat list of tokens.

use crate::limits::{self, Limit};
use minijinja::machinery::{Token, tokenize};
use minijinja::syntax::SyntaxConfig;

/// Checks the size and nesting of a source; an error has the byte offset. A source that is no valid template passes:
/// the parser says where it is wrong.
pub fn guard(source: &str) -> Result<(), (Limit, usize)> {
    if source.len() > limits::SOURCE_BYTES {
        return Err((Limit::Source, limits::SOURCE_BYTES));
    }
    let mut blocks: Vec<usize> = Vec::new();
    let mut brackets = 0usize;
    let mut tag = Tag::default();
    for token in tokenize(source, false, syntax()) {
        let Ok((token, span)) = token else { return Ok(()) };
        let offset = usize::try_from(span.start_offset).unwrap_or(usize::MAX);
        match token {
            Token::TemplateData(_) => {}
            Token::VariableStart => tag = Tag::default(),
            Token::BlockStart => tag = Tag { is_block: true, ..Tag::default() },
            Token::BlockEnd => tag.close(&mut blocks),
            Token::ParenOpen | Token::BracketOpen | Token::BraceOpen => brackets = brackets.saturating_add(1),
            Token::ParenClose | Token::BracketClose | Token::BraceClose => {
                brackets = brackets.saturating_sub(1)
            }
            Token::Ident(name) if tag.is_block && tag.tokens == 0 => tag.name = Some(name),
            // The other branch of a conditional expression is parsed inside it.
            Token::Ident("else") => tag.branches = tag.branches.saturating_add(1),
            Token::Assign => tag.assigns = true,
            _ => {}
        }
        // So is the operand of a sign.
        let is_sign = matches!(token, Token::Minus | Token::Ident("not"));
        tag.signs = if is_sign { tag.signs.saturating_add(1) } else { 0 };
        if !matches!(token, Token::TemplateData(_) | Token::VariableStart | Token::BlockStart) {
            tag.tokens = tag.tokens.saturating_add(1);
        }
        let depth = blocks.iter().fold(0usize, |sum, n| sum.saturating_add(*n));
        let deepest = depth.max(brackets).max(tag.signs).max(tag.branches);
        if tag.tokens > limits::TAG_TOKENS || deepest > limits::NESTING {
            return Err((Limit::Nesting, offset));
        }
    }
    Ok(())
}

/// The syntax of all templates: as in Jinja, and every character of a text is kept.
pub fn syntax() -> SyntaxConfig {
    let mut builder = SyntaxConfig::builder();
    builder.keep_trailing_newline(true);
    builder.build().unwrap_or_default()
}

#[derive(Default)]
struct Tag<'a> {
    is_block: bool,
    name: Option<&'a str>,
    tokens: usize,
    signs: usize,
    branches: usize,
    assigns: bool,
}

impl Tag<'_> {
    /// Counts the blocks that are open after this tag: an `elif` is one more inside its `if`.
    fn close(&self, blocks: &mut Vec<usize>) {
        match self.name {
            Some("elif") => {
                if let Some(last) = blocks.last_mut() {
                    *last = last.saturating_add(1);
                }
            }
            Some("set") if self.assigns => {}
            Some("if" | "for" | "block" | "macro" | "call" | "filter" | "with" | "set" | "autoescape") => {
                blocks.push(1);
            }
            Some(name) if name.starts_with("end") => {
                blocks.pop();
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nesting_is_measured_and_located() {
        for (open, close) in [
            ("{{ (", ") }}"),
            ("{{ -", "1 }}"),
            ("{{ not ", "1 }}"),
            ("{{ x if y else ", "z }}"),
            ("{% if x %}", "{% endif %}"),
            ("{% elif x %}", ""),
            ("{% set x %}", "{% endset %}"),
            ("{% with a = 1 %}", "{% endwith %}"),
        ] {
            let nested = |n: usize| match open {
                "{{ -" | "{{ not " | "{{ x if y else " => {
                    format!("{{{{{}{close}", open.trim_start_matches("{{").repeat(n))
                }
                "{{ (" => format!("{{{{ {}1{} }}}}", "(".repeat(n), ")".repeat(n)),
                "{% elif x %}" => format!("{{% if x %}}{}{{% endif %}}", open.repeat(n.saturating_sub(1))),
                _ => format!("{}{}", open.repeat(n), close.repeat(n)),
            };
            assert_eq!(guard(&nested(limits::NESTING)), Ok(()), "{open}");
            let refused = guard(&nested(limits::NESTING + 1));
            assert!(matches!(refused, Err((Limit::Nesting, at)) if at > 0), "{open}: {refused:?}");
        }
    }

    #[test]
    fn blocks_beside_one_another_do_not_nest() {
        let many = "{% if x %}a{% elif y %}b{% endif %}{% set z = 1 %}{{ (x) }}".repeat(500);
        assert_eq!(guard(&many), Ok(()));
    }

    #[test]
    fn long_tags_and_sources() {
        assert!(matches!(guard(&format!("{{{{ 1{} }}}}", "+1".repeat(300))), Err((Limit::Nesting, _))));
        assert!(matches!(guard(&format!("{{{{ x{} }}}}", "|upper".repeat(300))), Err((Limit::Nesting, _))));
        assert!(matches!(guard(&"a".repeat(limits::SOURCE_BYTES + 1)), Err((Limit::Source, _))));
        assert_eq!(guard(&"a".repeat(limits::SOURCE_BYTES)), Ok(()));
    }
}
