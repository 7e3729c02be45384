//! Parameters: what stands for `{…}` in paths, and what follows the `?`.

use relevo_domain::kpi::{GroupBy, REPORTS};
use relevo_domain::worklist::Order;
use serde_json::{Value, json};

/// The parameter that a `{name}` of a route's path stands for. `/s/{token}` and `…/tokens/{token}` differ.
pub fn of_path(path: &str, name: &str) -> Value {
    let (description, schema) = match name {
        "audit" => ("Id of an audit", pattern("^aud_[0-9]{8}_[a-z2-7]{26}$")),
        "message" => ("Message id of the reply", pattern("^msg_[a-z2-7]{26}$")),
        "article" => ("Article id", pattern("^art_[a-z2-7]{26}$")),
        "bulk" => ("Id of a bulk action", pattern("^blk_[a-z2-7]{26}$")),
        "absence" => ("Absence id", pattern("^abs_[a-z2-7]{26}$")),
        "person" => ("Person id", pattern("^[^/?#%]+$")),
        "account" => ("Channel account", pattern("^[a-z0-9-]{1,32}$")),
        "channel" => ("Channel slug", pattern("^[a-z][a-z0-9-]{0,31}$")),
        "contact" => ("Contact id", refers("ContactId")),
        "customer" => ("Id of an account of the directory", pattern("^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$")),
        "desk" => ("Desk", pattern("^[a-z0-9][a-z0-9-]{0,31}$")),
        "entry" => ("Id of a delivery", pattern("^out_[a-z2-7]{26}$")),
        "file" => (
            "What stands in an attachment's `url`",
            pattern(r"^[0-9a-f]{64}\.[0-9a-f]+\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]{22}$"),
        ),
        "playbook" => ("Playbook id", pattern("^[a-z0-9_-]{1,64}$")),
        "problem" => ("Problem id", pattern(r"^problem\.[a-z2-7]{26}$")),
        "report" => ("Name of the report", json!({"type": "string", "enum": REPORTS})),
        "run" => ("Run id", pattern("^run_[a-z2-7]{26}$")),
        "subscriber" => ("Subscriber id", pattern("^sub_[a-z2-7]{26}$")),
        "ticket" => ("Ticket id", refers("TicketId")),
        "token" if path.starts_with("/s/") => (
            "The token of a survey link, as it was sent to the customer",
            pattern(r"^[a-z0-9-]+\.[a-z2-7]{26}\.[0-9a-f]+\.[A-Za-z0-9_-]{22}$"),
        ),
        "token" => ("Token id", refers("TokenId")),
        "survey" => ("Survey id", pattern("^srv_[a-z2-7]{26}$")),
        "view" => ("View id", refers("ViewId")),
        "template" => ("Name of a template", pattern("^[A-Za-z0-9._-]{1,64}$")),
        _ => ("Name", pattern("^[^/?#%]+$")),
    };
    json!({"name": name, "in": "path", "required": true, "description": description, "schema": schema})
}

/// A parameter after the `?`.
pub fn of_query(name: &str) -> Value {
    let text = || json!({"type": "string"});
    let bound = || {
        json!({"anyOf": [
            {"type": "string", "format": "date"},
            {"type": "string", "format": "date-time"},
        ]})
    };
    let (description, schema) = match name {
        "address" => ("Only the contact with this address", text()),
        "after" => (
            "`slot` of the last line that the caller has; 0: from the beginning",
            json!({"type": "integer", "minimum": 0, "default": 0}),
        ),
        "article_status" => {
            ("Where it stands", json!({"type": "string", "enum": ["draft", "published", "archived"]}))
        }
        "due_for_review" => {
            ("Only what is to be looked at again by now, or only what is not", json!({"type": "boolean"}))
        }
        "locale" => ("Language tag such as `es`", text()),
        "source" => ("Only what was imported from there: how `source` begins; listed to its end", text()),
        "as_of" => ("What was known at this instant", json!({"type": "string", "format": "date-time"})),
        "breached" => ("Only what is past a target's time, or only what is not", json!({"type": "boolean"})),
        "channel" => ("Channel slug", text()),
        "counts" => ("Also how many live tickets are in each", json!({"type": "boolean", "default": false})),
        "due_within_minutes" => (
            "Only what is due within so many minutes, or was",
            json!({"type": "integer", "minimum": 0, "maximum": 525_600}),
        ),
        "field" => ("Name and value of a custom field, as `plan:pro`", text()),
        "number" => ("The friendly number", json!({"type": "integer", "minimum": 1})),
        "order" => (
            "`due` and `priority` hold what is still to be worked on alone",
            json!({"type": "string", "enum": Order::ALL.map(Order::as_str)}),
        ),
        "subject" => ("Part of the subject, whatever the case of its letters", text()),
        "q" => (
            "What is said in it: words, all of them, whatever their case and accents; `\"a phrase\"`; `#123`; \
             `field.name:value`; or an e-mail address or a telephone number alone",
            json!({"type": "string", "maxLength": 400}),
        ),
        "tag" => ("A tag", text()),
        "view" => ("Id of a saved view, which the other filters narrow further", refers("ViewId")),
        "assignee" => ("Person id; `me`: the caller; `none`: nobody", text()),
        "contact" => ("Contact id or address", text()),
        "at" => ("Another instant than now", json!({"type": "string", "format": "date-time"})),
        "cursor" => ("`next` of the answer before", text()),
        "version" => (
            "An earlier version than the one in force",
            json!({"type": "integer", "minimum": 1, "maximum": u32::MAX}),
        ),
        "days" => (
            "Days that are looked at, up to now",
            json!({"type": "integer", "minimum": 1, "maximum": 92, "default": 30}),
        ),
        "delivery_status" => {
            return json!({
                "name": "status", "in": "query", "description": "Only deliveries that stand so",
                "schema": {"type": "string", "enum": ["queued", "sent", "failed", "held", "cancelled"]},
            });
        }
        "audit_status" => {
            return json!({
                "name": "status", "in": "query", "description": "Only audits that stand so; if not given, of leads to_do and of others done",
                "schema": {"type": "string", "enum": ["to_do", "done", "disputed", "resolved"]},
            });
        }
        "from_day" | "to_day" => {
            return json!({
                "name": spelt_day(name), "in": "query", "required": false,
                "description": "A day in UTC, which is included; the last 30 days if not given, at most 92",
                "schema": {"type": "string", "format": "date"},
            });
        }
        "seen" => ("Only what is marked as seen, or only what is not", json!({"type": "boolean"})),
        "dry_run" => ("Only validate, and show the difference", json!({"type": "boolean", "default": false})),
        "from" => ("A day in the desk's time or an instant; 30 days before the end if not given", bound()),
        "group_by" => {
            let names = GroupBy::ALL.map(GroupBy::as_str);
            ("What the figures are also divided by", json!({"type": "string", "enum": names}))
        }
        "kind" => ("What the rows are", json!({"type": "string", "enum": ["accounts", "people"]})),
        "whose" => {
            return json!({
                "name": "address", "in": "query", "required": true, "schema": text(),
                "description": "A telephone number, an e-mail address or a provider's user id",
            });
        }
        "limit" => ("Most items in the answer", json!({"type": "integer", "minimum": 1, "maximum": 200})),
        "priority" => ("Priority", refers("Priority")),
        "queue" => ("Queue id", text()),
        "shortcut" => ("What an agent typed, with or without the slash", text()),
        "snoozed" => {
            ("Only what is out of sight now; without it only what is not", json!({"type": "boolean"}))
        }
        "status" => ("Status id or category", text()),
        "team" => ("Team id", text()),
        "filename" => ("Its name, for who gets it", json!({"type": "string", "maxLength": 255})),
        "ticket" => ("The ticket that it is for", refers("TicketId")),
        _ => (
            "A day in the desk's time, which is included, or an instant, which is not; the end of today if not given; \
             at most 400 days after from",
            bound(),
        ),
    };
    // The one that nothing can be done without.
    let required = matches!(name, "kind" | "ticket");
    json!({"name": name, "in": "query", "required": required, "description": description, "schema": schema})
}

/// How a parameter of [`of_query`] is spelt in the query: two paths may mean other things by one word.
pub fn spelt(name: &'static str) -> &'static str {
    match name {
        "article_status" | "audit_status" | "delivery_status" => "status",
        "whose" => "address",
        name => spelt_day(name),
    }
}

/// The header by which a change is bound to the version or revision that it was made from.
pub fn if_match() -> Value {
    json!({
        "name": "If-Match", "in": "header",
        "description": "The version or revision that this was made from: if there is another by now, nothing changes",
        "schema": {"type": "string"},
    })
}

fn spelt_day(name: &str) -> &str {
    name.strip_suffix("_day").unwrap_or(name)
}

/// The header by which a repeated call is recognised.
pub fn idempotency_key() -> Value {
    json!({
        "name": "Idempotency-Key",
        "in": "header",
        "description": "The same key with the same body is a repeat and changes nothing; with another body it is \
                        refused with 409. Kept for 7 days.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    })
}

/// A reference to a schema.
pub fn refers(schema: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{schema}")})
}

fn pattern(pattern: &str) -> Value {
    json!({"type": "string", "pattern": pattern})
}
