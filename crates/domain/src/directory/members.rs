//! Members of the directory's entries that fill custom fields: who may say them, and what they hold.

use super::ACCOUNT;
use crate::pack::{CustomField, FieldType, Pack, Role};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Whose entry it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// An account's.
    Account,
    /// A person's.
    Person,
}

/// The members of one kind of entry, as a role has to do with them. What fills a field is as the field: whoever does not
/// see it does not see the member, and whoever may not change it neither says it nor takes it away.
#[derive(Clone, Copy, Debug)]
pub struct Members<'a> {
    pack: &'a Pack,
    of: Of,
    role: Role,
}

impl<'a> Members<'a> {
    /// Those of a desk's entries.
    pub fn new(pack: &'a Pack, of: Of, role: Role) -> Self {
        Self { pack, of, role }
    }

    /// Takes out what the role does not see.
    pub fn leave_out(&self, values: &mut Map<String, Value>) {
        values.retain(|name, _| self.fields(name).all(|field| field.is_seen_by(self.role)));
    }

    /// What the role may not say, and what stays as it was when it says the rest.
    pub fn kept(&self) -> BTreeSet<String> {
        let all = self.filling().map(|(member, _)| member.to_owned());
        all.filter(|member| !self.may_say(member)).collect()
    }

    /// Everything that is wrong with what the role says: the member, and what to do; no value is repeated. In a table
    /// (`is_text`) values are written as text.
    pub fn wrong(&self, values: &Map<String, Value>, is_text: bool) -> Vec<(String, String)> {
        let why = |name: &str, value: &Value| {
            if !self.may_say(name) {
                return Some(
                    "this is for somebody with another role to say; what is known of it stays".to_owned(),
                );
            }
            self.fields(name).find_map(|field| {
                let reads = || value.as_str().is_some_and(|text| field.read(text).is_some());
                field.refuses(value).filter(|_| !(is_text && reads()))
            })
        };
        values.iter().filter_map(|(name, value)| Some((name.clone(), why(name, value)?))).collect()
    }

    /// Does none of them fill a field?
    pub fn fill_nothing(&self) -> bool {
        self.filling().next().is_none()
    }

    /// Does a member fill a field?
    pub fn fills(&self, member: &str) -> bool {
        self.fields(member).next().is_some()
    }

    /// The members that fill fields that the role sees.
    pub fn known(&self) -> BTreeSet<&'a str> {
        let role = self.role;
        self.filling().filter(|(_, field)| field.is_seen_by(role)).map(|(member, _)| member).collect()
    }

    /// The money that a text stands for, where a member fills fields of money alone.
    pub fn read_money(&self, member: &str, text: &str) -> Option<Value> {
        let is_money = |field: &CustomField| field.kind == FieldType::Money;
        let field = self.fields(member).next().filter(|_| self.fields(member).all(is_money))?;
        field.read(text)
    }

    fn may_say(&self, member: &str) -> bool {
        // Whose account somebody is of is said by whoever keeps the directory.
        member == ACCOUNT && self.of == Of::Person
            || self.fields(member).all(|field| field.is_changed_by(self.role))
    }

    /// The declared fields that a member fills.
    fn fields(&self, member: &str) -> impl Iterator<Item = &'a CustomField> {
        self.filling().filter(move |(name, _)| *name == member).map(|(_, field)| field)
    }

    fn filling(&self) -> impl Iterator<Item = (&'a str, &'a CustomField)> {
        let (pack, side) = (self.pack, if self.of == Of::Account { "account" } else { "person" });
        pack.enrichment.directory.iter().filter_map(move |(field, member)| {
            let (of, name) = member.split_once('.')?;
            Some((name, pack.fields.get(field)?)).filter(|_| of == side)
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::pack::parse;
    use serde_json::json;

    fn pack() -> Pack {
        let field = |kind: &str| json!({"name": {"es": "Campo"}, "type": kind});
        let with = |kind: &str, name: &str, role: &str| {
            let mut field = field(kind);
            field[name] = json!(role);
            field
        };
        parse(json!({
            "format": "relevo-pack/1", "name": "Test", "locale": {"default": "es"},
            "queues": {"general": {"name": "General"}},
            "fields": {
                "school": field("text"), "pupils": field("integer"),
                "fee": with("integer", "seen_by", "manager"), "csm": with("text", "changed_by", "manager")
            },
            "enrichment": {"directory": {
                "school": "account.name", "pupils": "account.pupils", "fee": "account.fee", "csm": "account.csm"
            }}
        }))
        .unwrap()
    }

    fn values(values: Value) -> Map<String, Value> {
        values.as_object().cloned().unwrap()
    }

    #[test]
    fn what_a_role_may_not_change_it_neither_says_nor_takes_away() {
        let pack = pack();
        let of = |role| Members::new(&pack, Of::Account, role);
        assert_eq!(of(Role::Lead).kept(), ["csm".to_owned(), "fee".to_owned()].into());
        assert_eq!(of(Role::Manager).kept(), BTreeSet::new());
        let said = values(json!({"name": "Sur", "fee": 7, "csm": "Eva", "other": "x"}));
        let named = |role| of(role).wrong(&said, false).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        assert_eq!(named(Role::Lead), ["csm", "fee"]);
        assert_eq!(named(Role::Manager), [""; 0]);
        let mut seen = said.clone();
        of(Role::Lead).leave_out(&mut seen);
        assert_eq!(Value::Object(seen), json!({"name": "Sur", "csm": "Eva", "other": "x"}));
        assert_eq!(Members::new(&pack, Of::Person, Role::Lead).kept(), BTreeSet::new(), "another entry's");
    }

    #[test]
    fn what_fills_a_field_is_what_it_holds_and_in_a_table_as_text() {
        let pack = pack();
        let wrong = |said: Value, is_text| {
            let wrong = Members::new(&pack, Of::Account, Role::Manager).wrong(&values(said), is_text);
            wrong.into_iter().map(|(name, _)| name).collect::<Vec<_>>()
        };
        assert_eq!(wrong(json!({"fee": "7654321", "pupils": 3, "name": 1}), false), ["fee", "name"]);
        assert_eq!(wrong(json!({"fee": "7654321", "pupils": "many"}), true), ["pupils"]);
    }
}
