//! Pages as trees, whether they were stored (XML) or shown (HTML).

use anyhow::{Result, anyhow, bail};
use markup5ever::data::NAMED_ENTITIES;
use markup5ever_rcdom::{Handle, NodeData};
use roxmltree::{Document, ParsingOptions};
use std::collections::BTreeSet;

/// How deep a page may be nested: who reads it goes down as deep.
const DEEPEST: usize = 200;

/// Most elements and texts of a page.
const MOST_NODES: u32 = 500_000;

/// An element, or text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// Text.
    Text(String),
    /// An element.
    Element(Element),
}

/// An element.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Element {
    /// Its name, such as `p` or `ac:link`.
    pub name: String,
    /// Names and values, in order.
    pub attributes: Vec<(String, String)>,
    /// What is in it.
    pub children: Vec<Node>,
}

impl Element {
    /// The value of an attribute.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// It is of this class.
    pub fn is_of(&self, class: &str) -> bool {
        self.attribute("class").is_some_and(|all| all.split_ascii_whitespace().any(|one| one == class))
    }

    /// The elements that lie in it directly.
    pub fn elements(&self) -> impl Iterator<Item = &Element> {
        self.children.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// The element of this name that lies in it directly.
    pub fn child(&self, name: &str) -> Option<&Element> {
        self.elements().find(|element| element.name == name)
    }

    /// The first element below it that is asked for.
    pub fn find(&self, wanted: &dyn Fn(&Element) -> bool) -> Option<&Element> {
        self.elements().find_map(|element| match wanted(element) {
            true => Some(element),
            false => element.find(wanted),
        })
    }

    /// All that is said in it.
    pub fn text(&self) -> String {
        let mut said = String::new();
        gather(&self.children, &mut said);
        said
    }
}

fn gather(nodes: &[Node], said: &mut String) {
    for node in nodes {
        match node {
            Node::Text(text) => said.push_str(text),
            Node::Element(element) => gather(&element.children, said),
        }
    }
}

/// A page as it is stored.
///
/// # Errors
/// When it is no XML; the error says where.
pub fn parse_storage(xml: &str) -> Result<Element> {
    // Entities of HTML that are used are declared: XML knows five. What is written in CDATA stays as it is.
    let mut declared = String::new();
    for name in entities(xml) {
        let known = NAMED_ENTITIES.get(format!("{name};").as_str()).filter(|known| known.0 != 0);
        if let Some((first, second)) = known {
            let second = if *second == 0 { String::new() } else { format!("&#{second};") };
            declared.push_str(&format!("<!ENTITY {name} \"&#{first};{second}\">"));
        }
    }
    let names = "xmlns:ac=\"ac\" xmlns:ri=\"ri\" xmlns:at=\"at\"";
    let whole = format!("<!DOCTYPE page [{declared}]><page {names}>\n{xml}</page>");
    let options = ParsingOptions { allow_dtd: true, nodes_limit: MOST_NODES, ..ParsingOptions::default() };
    let document = Document::parse_with_options(&whole, options).map_err(|error| {
        // The page begins on the second line.
        let (place, said) = (error.pos(), error.to_string());
        let what = said.strip_suffix(&format!(" at {place}")).unwrap_or(&said);
        anyhow!("{what}, in line {}", place.row.saturating_sub(1))
    })?;
    stored(document.root_element(), 0)
}

/// A page as it is shown.
///
/// # Errors
/// When it is nested too deeply. All else is HTML of some kind.
pub fn parse_html(html: &str) -> Result<Element> {
    let tree = htmd::HtmlToMarkdown::new().html_to_tree(html)?;
    shown(&tree, 0)
}

/// The names of entities that are used and that XML does not know.
fn entities(xml: &str) -> BTreeSet<&str> {
    let names = xml.split('&').skip(1).filter_map(|after| after.split_once(';')).map(|(name, _)| name);
    let own = ["amp", "lt", "gt", "quot", "apos"];
    let plain = |name: &&str| {
        name.len() <= 32
            && name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && !own.contains(name)
    };
    names.filter(plain).collect()
}

fn stored(node: roxmltree::Node<'_, '_>, depth: usize) -> Result<Element> {
    deep(depth)?;
    let named = |space: Option<&str>, name: &str| match space {
        Some(space) => format!("{space}:{name}"),
        None => name.to_owned(),
    };
    let mut element = Element {
        name: named(node.tag_name().namespace(), node.tag_name().name()),
        attributes: node
            .attributes()
            .map(|one| (named(one.namespace(), one.name()), one.value().to_owned()))
            .collect(),
        children: Vec::new(),
    };
    for child in node.children() {
        if child.is_element() {
            element.children.push(Node::Element(stored(child, depth.saturating_add(1))?));
        } else if let Some(text) = child.text().filter(|_| child.is_text()) {
            element.children.push(Node::Text(text.to_owned()));
        }
    }
    Ok(element)
}

fn shown(node: &Handle, depth: usize) -> Result<Element> {
    deep(depth)?;
    let mut element = Element::default();
    if let NodeData::Element { name, attrs, .. } = &node.data {
        element.name = name.local.to_string();
        let attributes = attrs.borrow();
        element.attributes =
            attributes.iter().map(|one| (one.name.local.to_string(), one.value.to_string())).collect();
    }
    for child in node.children.borrow().iter() {
        match &child.data {
            NodeData::Text { contents } => element.children.push(Node::Text(contents.borrow().to_string())),
            NodeData::Element { .. } => {
                element.children.push(Node::Element(shown(child, depth.saturating_add(1))?));
            }
            _ => {}
        }
    }
    Ok(element)
}

fn deep(depth: usize) -> Result<()> {
    if depth > DEEPEST {
        bail!("it is nested more than {DEEPEST} deep");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entities_of_html_are_read_and_what_is_code_stays_as_it_was_written() {
        let page = parse_storage(
            "<p>a&nbsp;&eacute;&amp;&#233;</p><ac:plain-text-body><![CDATA[&nbsp;<b>]]></ac:plain-text-body>",
        )
        .expect("XML");
        assert_eq!(page.child("p").expect("p").text(), "a\u{a0}\u{e9}&\u{e9}");
        assert_eq!(page.child("ac:plain-text-body").expect("code").text(), "&nbsp;<b>");
    }

    #[test]
    fn what_is_no_xml_or_means_no_good_is_refused() {
        let deep = format!("{}{}", "<b>".repeat(DEEPEST + 1), "</b>".repeat(DEEPEST + 1));
        for (wrong, says) in [
            ("<p>a", "expected 'p' tag"),
            ("<p>&nothing;</p>", "nothing"),
            ("</page><page>", ""),
            ("<!DOCTYPE x [<!ENTITY a \"b\">]><p/>", ""),
            (deep.as_str(), "deep"),
        ] {
            let error = format!("{:#}", parse_storage(wrong).expect_err(wrong));
            assert!(error.contains(says), "{wrong}: {error}");
        }
        assert!(parse_html(&deep).is_err());
    }
}
