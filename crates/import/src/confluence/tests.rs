use super::tree::{parse_html, parse_storage};
use super::*;

/// What one page becomes.
fn said(content: Element) -> (String, Vec<String>) {
    let page = |id: &str, title: &str, content: Element| Page {
        id: id.to_owned(),
        title: title.to_owned(),
        labels: Vec::new(),
        content,
    };
    let pages = vec![page("1", "Keys", content), page("2", "Lost keys", Element::default())];
    let origin = Some("https://c.example".to_owned());
    let space = Space { key: "SCH".to_owned(), origin, pages, broken: Vec::new(), notes: Vec::new() };
    let options = Options { name: "confluence".to_owned(), locale: None, owner: None, partition: None };
    let known = [("confluence/SCH/2.md".to_owned(), "art_2".to_owned())].into();
    let (files, notes) = articles(&space, &options, &known);
    let text = files.iter().find(|file| file.path == "confluence/SCH/1.md").map(|file| file.markdown.clone());
    let text = text.unwrap_or_default().replace("---\ntitle: \"Keys\"\n---\n\n", "");
    (
        text.trim().to_owned(),
        notes.into_iter().filter(|note| note.page == "Keys").map(|note| note.why).collect(),
    )
}

fn stored(xml: &str) -> (String, Vec<String>) {
    said(parse_storage(xml).expect("XML"))
}

fn shown(html: &str) -> (String, Vec<String>) {
    said(parse_html(html).expect("HTML").find(&|one| one.name == "body").expect("a body").clone())
}

#[test]
fn each_element_of_the_storage_format_becomes_markdown_or_a_note() {
    let link = |inner: &str| format!("<p><ac:link>{inner}</ac:link></p>");
    let body = "<ac:rich-text-body><p>b</p></ac:rich-text-body>";
    let with = |name: &str, inner: &str| {
        format!("<ac:structured-macro ac:name=\"{name}\">{inner}</ac:structured-macro>")
    };
    for (xml, markdown, note) in [
        ("<h1>A</h1><p>b<br/>c</p><hr/>".to_owned(), "# A\n\nb  \nc\n\n* * *", ""),
        (
            "<p>a <del>b</del> <u>c</u> <sup>d</sup></p><p></p><p>*e*</p>".to_owned(),
            "a ~~b~~ c d\n\n\\*e\\*",
            "",
        ),
        ("<ul><li>a<ol><li>b</li></ol></li></ul>".to_owned(), "- a\n  1. b", ""),
        (with("info", body), "> **ℹ️**\n> \n> b", ""),
        (
            with(
                "panel",
                "<ac:parameter ac:name=\"title\">T</ac:parameter><ac:rich-text-body><p>b</p></ac:rich-text-body>",
            ),
            "> **T**\n> \n> b",
            "",
        ),
        (
            with("noformat", "<ac:plain-text-body><![CDATA[<a>\n``` ]]></ac:plain-text-body>"),
            "````\n<a>\n``` \n````",
            "",
        ),
        (
            with("code", "<ac:plain-text-body><![CDATA[```sh\n~~~ *a* &amp; \\n]]></ac:plain-text-body>"),
            "````\n```sh\n~~~ *a* &amp; \\n\n````",
            "",
        ),
        (with("status", "<ac:parameter ac:name=\"title\">DONE</ac:parameter>"), "**DONE**", ""),
        (with("jira", "<ac:parameter ac:name=\"key\">SUP-7</ac:parameter>"), "SUP-7", ""),
        (with("gallery", ""), "", "the macro \"gallery\" is left out"),
        (with("roadmap", body), "b", "the macro \"roadmap\" is not known; its text is kept"),
        (link("<ri:page ri:content-title=\"Lost keys\" />"), "[Lost keys](art_2)", ""),
        (
            link("<ri:page ri:content-title=\"Lost keys\" ri:space-key=\"OPS\" />"),
            "Lost keys",
            "a link to the page \"Lost keys\" of the space OPS, which is not imported; its text is kept",
        ),
        (
            "<p><a href=\"https://c.example/wiki/spaces/SCH/pages/2/x\" data-card-appearance=\"inline\">\
             https://c.example/wiki/spaces/SCH/pages/2/x</a></p>"
                .to_owned(),
            "[Lost keys](art_2)",
            "",
        ),
        (
            "<p><a href=\"https://c.example/wiki/spaces/SCH/pages/3/x\">x</a></p>".to_owned(),
            "[x](https://c.example/wiki/spaces/SCH/pages/3/x)",
            "",
        ),
        ("<p><a href=\"https://c.example/wiki/spaces/SCH/pages/2/x\">x</a></p>".to_owned(), "[x](art_2)", ""),
        (link("<ri:attachment ri:filename=\"a.pdf\" />"), "a.pdf", "the file \"a.pdf\" is not taken over"),
        (link("<ri:user ri:account-id=\"5b10\" />"), "", "a mention of a person is left out"),
        (
            "<ac:image><ri:url ri:value=\"https://c.example/a.png\" /></ac:image>".to_owned(),
            "![](https://c.example/a.png)",
            "",
        ),
        ("<ac:new-thing>a</ac:new-thing>".to_owned(), "a", "<ac:new-thing> is not known; its text is kept"),
        (
            "<p><a href=\"javascript:alert(1)\">a</a></p>".to_owned(),
            "a",
            "a link to javascript:alert(1) leads nowhere; its text is kept",
        ),
        (
            "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p><script>alert(2)</script>".to_owned(),
            "\\<script>alert(1)\\</script>",
            "",
        ),
    ] {
        let (text, notes) = stored(&xml);
        assert_eq!(text, markdown, "{xml}");
        assert!(
            if note.is_empty() { notes.is_empty() } else { notes.iter().any(|one| one == note) },
            "{xml}: {notes:?}"
        );
    }
}

#[test]
fn tables_keep_every_cell() {
    let xml = "<table><tbody><tr><td colspan=\"2\"><p>a</p><p>b</p></td><td><ul><li>c</li></ul></td></tr>\
               <tr><td></td><th>d</th><td><ac:structured-macro ac:name=\"code\"><ac:plain-text-body><![CDATA[e|f\n]]>\
               </ac:plain-text-body></ac:structured-macro></td></tr></tbody></table>";
    let (text, notes) = stored(xml);
    let cells: Vec<Vec<&str>> = text.lines().map(|line| line.split('|').map(str::trim).collect()).collect();
    assert_eq!(cells.len(), 4, "{text}");
    assert_eq!(cells[2][1..5].join("/").replace('\u{a0}', ""), "a  b//- c/", "{text}");
    assert_eq!(
        cells[3].iter().filter(|cell| cell.contains('d') || cell.contains("e&#124;f")).count(),
        2,
        "{text}"
    );
    assert_eq!(notes, ["cells of a table that were joined are apart"]);
}

#[test]
fn what_a_page_shows_becomes_markdown_or_a_note() {
    for (html, markdown, note) in [
        (
            "<div class='panel'><div class='panelHeader'><b>T</b></div><div class='panelContent'><p>b</p></div></div>",
            "> **T**\n> \n> b",
            "",
        ),
        (
            "<p><a class='confluence-userlink user-mention' href='/wiki/people/5b10'>Nuria</a></p>",
            "Nuria",
            "",
        ),
        ("<p><a href='attachments/1/2.pdf'>a.pdf</a></p>", "a.pdf", "the file \"2.pdf\" is not taken over"),
        ("<p><a href='Lost-keys_2.html'>x</a></p>", "[x](art_2)", ""),
        (
            "<p><a href='3.html'>x</a></p>",
            "x",
            "a link to the page 3, which is not imported; its text is kept",
        ),
        ("<p>a<iframe src='https://x.example'></iframe></p>", "a", "a <iframe> is left out"),
        ("<p><span class='status-macro aui-lozenge'>DONE</span></p>", "**DONE**", ""),
        ("<p><img src='https://x.example/a.png' alt='a'></p>", "![a](https://x.example/a.png)", ""),
    ] {
        let (text, notes) = shown(html);
        assert_eq!(text, markdown, "{html}");
        assert!(if note.is_empty() { notes.is_empty() } else { notes == [note] }, "{html}: {notes:?}");
    }
}

#[test]
fn titles_that_are_too_long_are_cut_and_empty_pages_are_no_articles() {
    let page = Page {
        id: "1".into(),
        title: "a".repeat(255),
        labels: vec!["x".into(), "y\npartition: other,".into()],
        content: parse_storage("<p>b</p>").expect("XML"),
    };
    let space =
        Space { key: "SCH".into(), origin: None, pages: vec![page], broken: Vec::new(), notes: Vec::new() };
    let options =
        Options { name: "c".into(), locale: Some("es".into()), owner: None, partition: Some("nogal".into()) };
    let (files, notes) = articles(&space, &options, &BTreeMap::new());
    let title = format!("{}…", "a".repeat(199));
    assert_eq!(
        files[0].markdown,
        format!(
            "---\ntitle: \"{title}\"\nlocale: es\npartition: nogal\ntags: x, y partition: other\n---\n\nb\n"
        )
    );
    assert_eq!(notes[0].why, "the title is cut to 200 characters");
    assert_eq!(
        stored("<p> </p>"),
        (String::new(), vec!["it has no text of its own: no article is made of it".to_owned()])
    );
}
