//! Tables: Markdown's have one line of headings and cells of one line.

use super::{Page, Place};
use crate::confluence::tree::Element;

impl Page<'_> {
    pub(super) fn table(&mut self, table: &Element, place: Place, html: &mut String) {
        let mut rows = Vec::new();
        gather(table, &mut rows);
        if place.cell {
            self.note("a table within a table is one line of its cell".to_owned());
            for row in rows {
                for cell in cells(row) {
                    self.nodes(&cell.children, place, html);
                    html.push(' ');
                }
            }
            return;
        }
        let spans = |cell: &Element| {
            ["colspan", "rowspan"].iter().any(|name| cell.attribute(name).is_some_and(|count| count != "1"))
        };
        if rows.iter().any(|row| cells(row).any(spans)) {
            self.note("cells of a table that were joined are apart".to_owned());
        }
        let width = rows.iter().map(|row| cells(row).map(columns).sum()).max().unwrap_or(0_usize);
        if width == 0 {
            return;
        }
        let headed = rows.first().is_some_and(|row| cells(row).all(|cell| cell.name == "th"));
        html.push_str("<table><thead><tr>");
        let mut rest = rows.as_slice();
        if let (true, Some((first, others))) = (headed, rows.split_first()) {
            self.row(first, "th", html);
            rest = others;
        } else {
            html.push_str(&"<th>&nbsp;</th>".repeat(width));
        }
        html.push_str("</tr></thead><tbody>");
        for row in rest {
            html.push_str("<tr>");
            self.row(row, "td", html);
            html.push_str("</tr>");
        }
        html.push_str("</tbody></table>");
    }

    fn row(&mut self, row: &Element, name: &str, html: &mut String) {
        for cell in cells(row) {
            let mut said = String::new();
            self.nodes(&cell.children, Place { cell: true }, &mut said);
            let said = if said.trim().is_empty() { "&nbsp;".to_owned() } else { said };
            html.push_str(&format!("<{name}>{said}</{name}>"));
            // What stood over several columns stands over the first.
            html.push_str(&format!("<{name}>&nbsp;</{name}>").repeat(columns(cell).saturating_sub(1)));
        }
    }
}

/// Most columns that a cell is taken to have.
const MOST_COLUMNS: usize = 50;

fn columns(cell: &Element) -> usize {
    let said = cell.attribute("colspan").and_then(|count| count.parse::<usize>().ok());
    said.unwrap_or(1).clamp(1, MOST_COLUMNS)
}

fn cells(row: &Element) -> impl Iterator<Item = &Element> {
    row.elements().filter(|cell| cell.name == "td" || cell.name == "th")
}

fn gather<'a>(within: &'a Element, rows: &mut Vec<&'a Element>) {
    for element in within.elements() {
        match element.name.as_str() {
            "tr" => rows.push(element),
            "thead" | "tbody" | "tfoot" => gather(element, rows),
            _ => {}
        }
    }
}
