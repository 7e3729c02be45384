//! A Confluence space becomes articles, as it was exported and as it is: found by what they say, linked with each other, and
//! the same the next time.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use relevo_e2e::confluence::{Confluence, LOGIN};
use relevo_e2e::{App, Caller, Store};
use relevo_import::confluence::{Options, Space, export, rest};
use relevo_import::post::{Way, gone, post, post_space};
use relevo_import::{Note, markdown};
use serde_json::{Value, json};
use std::path::Path;

const WRITE: Way = Way { publish: true, dry_run: false };

fn options(owner: Option<&str>) -> Options {
    let (name, owner) = ("confluence".to_owned(), owner.map(str::to_owned));
    Options { name, locale: Some("es".to_owned()), owner, partition: None }
}

fn import(who: &Caller, space: &Space, options: &Options, way: Way) -> (Vec<Value>, Vec<Note>) {
    let mut call = |body: &Value| Ok(who.post("articles/import", body).is(200).json());
    let (mut items, notes) = post_space(space, options, way, &mut call).unwrap();
    items.sort_by_key(|item| item["path"].as_str().unwrap_or_default().to_owned());
    (items, notes)
}

fn results(items: &[Value]) -> Vec<&str> {
    items.iter().map(|item| item["result"].as_str().unwrap_or_default()).collect()
}

fn found(who: &Caller, query: &str) -> Vec<String> {
    let page = who.get(&format!("articles?{query}")).is(200).json();
    page["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_space_is_taken_over_both_ways_and_is_the_same_articles() {
    let (app, desk) = App::school(Store::Sqlite);
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/confluence");
    let exported = export::read(&fixtures.join("export.zip")).unwrap();
    let (items, _) = import(&desk.lead, &exported, &options(None), Way { dry_run: true, ..WRITE });
    assert_eq!(results(&items), ["created", "created", "created"]);
    assert_eq!(found(&desk.agent, ""), Vec::<String>::new(), "nothing was written");
    let (items, _) = import(&desk.lead, &exported, &options(Some("nobody")), WRITE);
    assert_eq!(results(&items), ["refused", "refused", "refused"]);
    assert_eq!(items[0]["errors"][0]["pointer"], "/owner");

    let (items, notes) = import(&desk.lead, &exported, &options(None), WRITE);
    assert_eq!(results(&items), ["created", "created", "created"]);
    assert!(notes.iter().any(|note| note.page == "Claves de acceso" && note.why.contains("ajustes.png")));
    let id = |n: usize| items[n]["article"].as_str().unwrap().to_owned();
    let (keys, lapsed) = (id(1), id(2));
    assert_eq!(found(&desk.agent, "q=secretaria"), std::slice::from_ref(&keys));
    let article = desk.agent.get(&format!("articles/{keys}")).is(200).json();
    let html = article["locales"]["es"]["published"]["html"].as_str().unwrap();
    // Articles lie beside each other: the address leads from one to the other.
    assert!(html.contains(&format!("<a href=\"{lapsed}\">si caduca</a>")), "{html}");
    assert!(html.contains("<code class=\"language-bash\">") && html.contains("<th>Perfil</th>"), "{html}");
    assert_eq!((&article["source"], &article["tags"]), (&json!("confluence/SCH/98417"), &json!([])));
    assert_eq!(results(&import(&desk.lead, &exported, &options(None), WRITE).0), ["unchanged"; 3]);

    // The live space has labels, and what the export could not show.
    let server = Confluence::start();
    let live = || rest::Confluence::new(&server.base_url(), LOGIN, |_| ()).unwrap().read("SCH").unwrap();
    let (again, notes) = import(&desk.lead, &live(), &options(None), WRITE);
    assert_eq!(results(&again), ["updated", "updated", "updated"]);
    assert_eq!(again[1]["article"], json!(keys), "the page is known by its number");
    assert!(notes.iter().any(|note| note.page == "Rota"));
    assert_eq!(results(&import(&desk.lead, &live(), &options(None), WRITE).0), ["unchanged"; 3]);
    let mut tagged = found(&desk.agent, "tag=acceso");
    tagged.sort();
    let mut both = vec![keys, lapsed];
    both.sort();
    assert_eq!(tagged, both);
    assert_eq!(found(&desk.agent, "q=%22otra+clave+caducada%22").len(), 1);

    // A page that is deleted is told; its article stays.
    let lost = |space: &Space| {
        let mut list = |query: &str| {
            // Lists in parts, too.
            let query = query.replace("limit=100", "limit=1");
            Ok(desk.agent.get(&format!("articles?{query}")).is(200).json())
        };
        gone(space, &options(None), &mut list).unwrap()
    };
    assert_eq!(lost(&live()), []);
    server.delete("98500");
    let told = lost(&live());
    assert_eq!((told.len(), told[0].page.as_str()), (1, "¿Y si caduca?"));
    assert!(told[0].why.contains(&both[0]) || told[0].why.contains(&both[1]));
    desk.lead.post(&format!("articles/{}/archive", id(2)), &json!({"archived": true})).is(200);
    assert_eq!(lost(&live()), []);
    assert_eq!(desk.agent.get("articles?cursor=x&source=c").problem(400), "bad_cursor");
    assert_eq!(desk.agent.get(&format!("articles?cursor={}", both[0])).problem(400), "bad_cursor");
    app.verify();
}

#[test]
fn an_archive_of_markdown_is_taken_over_like_its_folder() {
    let (app, desk) = App::school(Store::Sqlite);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/markdown");
    let mut call = |body: &Value| Ok(desk.lead.post("articles/import", body).is(200).json());
    let archive = markdown::read(&root.join("folder.zip")).unwrap();
    let items = post(&archive, WRITE, &mut call).unwrap();
    assert_eq!(results(&items), ["created", "updated"], "two languages of one");
    let items = post(&markdown::read(&root.join("folder")).unwrap(), WRITE, &mut call).unwrap();
    assert_eq!(results(&items), ["unchanged", "unchanged"]);
    assert_eq!(found(&desk.agent, "q=actas").len(), 1);
    app.verify();
}
