//! What templates may use beside plain variables: a file per helper of our own, and a chosen set of the engine's.
//!
//! Left out on purpose: `safe`, `escape` and `autoescape` (escaping is the channel's business and cannot be switched
//! off), `debug`, `pprint` and `tojson` (they show more than an author means to show).

pub mod date;
pub mod datetime;
pub mod default;
pub mod money;
pub mod number;
pub mod plural;
pub mod time;
pub mod truncate;

use crate::locale::Style;
use minijinja::value::Kwargs;
use minijinja::{Environment, Error, ErrorKind, filters, functions, tests};

/// Names of all filters, alphabetical.
pub const FILTERS: [&str; 33] = [
    "abs",
    "capitalize",
    "date",
    "datetime",
    "default",
    "first",
    "int",
    "join",
    "last",
    "length",
    "list",
    "lower",
    "map",
    "max",
    "min",
    "money",
    "number",
    "plural",
    "reject",
    "rejectattr",
    "replace",
    "reverse",
    "round",
    "select",
    "selectattr",
    "sort",
    "sum",
    "time",
    "trim",
    "truncate",
    "unique",
    "upper",
    "urlencode",
];
/// Names of all tests, alphabetical.
pub const TESTS: [&str; 16] = [
    "defined",
    "divisibleby",
    "endingwith",
    "eq",
    "even",
    "false",
    "ge",
    "gt",
    "in",
    "le",
    "lt",
    "ne",
    "odd",
    "startingwith",
    "true",
    "undefined",
];
/// Names of all functions, alphabetical.
pub const FUNCTIONS: [&str; 3] = ["dict", "namespace", "range"];

/// Adds everything to an empty environment.
pub(crate) fn register(env: &mut Environment<'static>) {
    env.add_filter("abs", filters::abs);
    env.add_filter("capitalize", filters::capitalize);
    env.add_filter("date", date::date);
    env.add_filter("datetime", datetime::datetime);
    env.add_filter("default", default::default);
    env.add_filter("first", filters::first);
    env.add_filter("int", filters::int);
    env.add_filter("join", filters::join);
    env.add_filter("last", filters::last);
    env.add_filter("length", filters::length);
    env.add_filter("list", filters::list);
    env.add_filter("lower", filters::lower);
    env.add_filter("map", filters::map);
    env.add_filter("max", filters::max);
    env.add_filter("min", filters::min);
    env.add_filter("money", money::money);
    env.add_filter("number", number::number);
    env.add_filter("plural", plural::plural);
    env.add_filter("reject", filters::reject);
    env.add_filter("rejectattr", filters::rejectattr);
    env.add_filter("replace", filters::replace);
    env.add_filter("reverse", filters::reverse);
    env.add_filter("round", filters::round);
    env.add_filter("select", filters::select);
    env.add_filter("selectattr", filters::selectattr);
    env.add_filter("sort", filters::sort);
    env.add_filter("sum", filters::sum);
    env.add_filter("time", time::time);
    env.add_filter("trim", filters::trim);
    env.add_filter("truncate", truncate::truncate);
    env.add_filter("unique", filters::unique);
    env.add_filter("upper", filters::upper);
    env.add_filter("urlencode", filters::urlencode);

    env.add_test("defined", tests::is_defined);
    env.add_test("divisibleby", tests::is_divisibleby);
    env.add_test("endingwith", tests::is_endingwith);
    env.add_test("eq", tests::is_eq);
    env.add_test("even", tests::is_even);
    env.add_test("false", tests::is_false);
    env.add_test("ge", tests::is_ge);
    env.add_test("gt", tests::is_gt);
    env.add_test("in", tests::is_in);
    env.add_test("le", tests::is_le);
    env.add_test("lt", tests::is_lt);
    env.add_test("ne", tests::is_ne);
    env.add_test("odd", tests::is_odd);
    env.add_test("startingwith", tests::is_startingwith);
    env.add_test("true", tests::is_true);
    env.add_test("undefined", tests::is_undefined);

    env.add_function("dict", functions::dict);
    env.add_function("namespace", functions::namespace);
    env.add_function("range", functions::range);
}

/// What an author did wrong with a helper.
pub(crate) fn misuse(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, message.into())
}

/// The style given by position or by name; long if none.
fn style_of(positional: Option<&str>, options: &Kwargs) -> Result<Style, Error> {
    let named: Option<String> = options.get("style")?;
    match positional.or(named.as_deref()) {
        None => Ok(Style::Long),
        Some(name) => Style::parse(name).ok_or_else(|| {
            misuse(format!("no style \"{name}\": use \"short\", \"medium\", \"long\" or \"full\""))
        }),
    }
}

#[cfg(test)]
mod test_support {
    use crate::channel::Channel;
    use crate::set::{Preview, TemplateSet};
    use serde_json::{Value, json};

    /// What a source renders to in a locale, as text; or the message of the first problem.
    pub fn rendered(source: &str, locale: &str, data: &Value) -> Result<String, String> {
        on("text", source, locale, data)
    }

    /// The same on a channel.
    pub fn on(channel: &str, source: &str, locale: &str, data: &Value) -> Result<String, String> {
        assert!(Channel::parse(channel).is_some(), "{channel}");
        let preview = Preview { source, channel, data, locale, time_zone: Some("Europe/Madrid") };
        TemplateSet::default()
            .preview(&preview)
            .map(|done| done.text)
            .map_err(|problems| problems.into_iter().next().map(|p| p.message).unwrap_or_default())
    }

    /// Data with one value `x`.
    pub fn x(value: impl Into<Value>) -> Value {
        json!({ "x": value.into() })
    }
}

#[cfg(test)]
mod tests_of_registry {
    use super::*;

    #[test]
    fn lists_are_alphabetical_and_complete() {
        let mut env = Environment::empty();
        register(&mut env);
        assert!(FILTERS.is_sorted() && TESTS.is_sorted() && FUNCTIONS.is_sorted());
        let mut state = env.empty_state();
        for name in FILTERS {
            let error = state.apply_filter(name, &[]).err().map(|e| e.kind());
            assert_ne!(error, Some(ErrorKind::UnknownFilter), "{name}");
        }
        for name in TESTS {
            let error = state.perform_test(name, &[]).err().map(|e| e.kind());
            assert_ne!(error, Some(ErrorKind::UnknownTest), "{name}");
        }
        let functions: Vec<_> = env.globals().map(|(name, _)| name.to_owned()).collect();
        assert_eq!(functions, FUNCTIONS);
    }
}
