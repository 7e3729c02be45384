//! `wasi:keyvalue`: `do`, `key`, `value`, `delta`, `keys` with commas between.

use serde_json::{Value, json};

use self::bindings::wasi::keyvalue::{atomics, batch, store};
use crate::{Query, outcome};

mod bindings {
    wit_bindgen::generate!({
        world: "relevo:store/store",
        path: "../../../../wit",
        runtime_path: "::spin_sdk::wit_bindgen::rt",
        generate_all,
    });
}

/// Runs one call.
pub fn run(query: &Query) -> Value {
    let text = |name: &str| query.get(name).cloned().unwrap_or_default();
    let bucket = match store::open("default") {
        Ok(bucket) => bucket,
        Err(error) => return json!({ "error": format!("{error:?}") }),
    };
    let keys = || text("keys").split(',').map(str::to_owned).collect::<Vec<_>>();
    let shown = |value: Vec<u8>| String::from_utf8_lossy(&value).into_owned();
    match text("do").as_str() {
        "get" => outcome(bucket.get(&text("key")).map(|value| value.map(shown))),
        "set" => outcome(bucket.set(&text("key"), text("value").as_bytes())),
        "delete" => outcome(bucket.delete(&text("key"))),
        "exists" => outcome(bucket.exists(&text("key"))),
        "list-keys" => outcome(bucket.list_keys(None).map(|page| {
            let mut keys = page.keys;
            keys.sort();
            (keys, page.cursor)
        })),
        "increment" => outcome(atomics::increment(&bucket, &text("key"), text("delta").parse().unwrap_or(1))),
        "cas" => outcome(atomics::Cas::new(&bucket, &text("key")).map(drop)),
        "set-many" => {
            let entries: Vec<_> = keys().into_iter().map(|key| (key, text("value").into_bytes())).collect();
            outcome(batch::set_many(&bucket, &entries))
        }
        "get-many" => {
            outcome(batch::get_many(&bucket, &keys()).map(|found| {
                found.into_iter().map(|(key, value)| (key, value.map(shown))).collect::<Vec<_>>()
            }))
        }
        "delete-many" => outcome(batch::delete_many(&bucket, &keys())),
        other => json!({ "error": format!("no such call: {other}") }),
    }
}
