//! `cargo xtask new-channel NAME`: the file, the line in the registry and the fixtures of a new channel. Its tests
//! fail until it is written.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use lexopt::ValueExt as _;

use crate::project;

const HELP: &str = "\
cargo xtask new-channel NAME

Makes crates/channels/src/NAME.rs, its line in the registry and tests/fixtures/NAME; says what is left to do.
`cargo test -p relevo-channels` fails until that is done.";

const CHANNEL: &str = include_str!("new_channel/channel.rs.txt");

/// The cases that every channel has at least, with what they must give.
const CASES: &str = include_str!("new_channel/cases.json");

/// One of them.
#[derive(serde::Deserialize)]
struct Case {
    case: String,
    body: String,
    expected: serde_json::Value,
}

/// Runs the command.
///
/// # Errors
/// When the name cannot be a channel's, or there is one of that name.
pub fn command(mut args: lexopt::Parser) -> Result<()> {
    let mut name = None;
    while let Some(arg) = args.next()? {
        match arg {
            lexopt::Arg::Long("help") => {
                println!("{HELP}");
                return Ok(());
            }
            lexopt::Arg::Value(value) if name.is_none() => name = Some(value.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    let Some(name) = name else { bail!("which name?\n\n{HELP}") };
    for path in make(&project::root(), &name)? {
        println!("made    {}", path.display());
    }
    println!("{}", left(&name));
    Ok(())
}

/// What only a person can do.
fn left(name: &str) -> String {
    format!(
        "\
left to do, in this order:
  1. the raw requests of the provider's own documentation into tests/fixtures/{name}/message, and more cases
  2. crates/channels/src/{file}.rs, until `cargo test -p relevo-channels` passes;
     `UPDATE_EXPECT=1 cargo test -p relevo-channels --test fixtures` writes expected.json for you to read
  3. what its signature covers, in crates/channels/tests/support/tamper.rs
  4. its row in crates/channels/README.md; `format` and `outcome` and a line in SENDERS if it sends
  5. an account in a pack: \"channels\": {{\"{name}\": {{\"main\": {{}}}}}}",
        file = module(name)
    )
}

/// Makes everything; what was made.
fn make(root: &Path, name: &str) -> Result<Vec<PathBuf>> {
    let is_slug = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.len() <= 32
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !name.ends_with('-');
    ensure!(is_slug, "{name:?} cannot be a channel's name: a-z, 0-9 and -, at most 32, a letter first");
    let source = root.join("crates/channels/src");
    let file = source.join(module(name)).with_extension("rs");
    let registry = source.join("lib.rs");
    let fixtures = root.join("tests/fixtures").join(name);
    ensure!(!file.exists(), "there is {} already", file.display());
    ensure!(!fixtures.exists(), "there is {} already", fixtures.display());
    let text = fs::read_to_string(&registry).with_context(|| format!("reading {}", registry.display()))?;
    let registered = register(&text, name)?;
    let mut made = vec![file.clone(), registry.clone()];
    write(&file, CHANNEL)?;
    write(&registry, &registered)?;
    let cases: Vec<Case> = serde_json::from_str(CASES).context("reading the cases")?;
    for Case { case, body, expected } in cases {
        let folder = fixtures.join(case);
        fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
        let head = format!("POST /hooks/school/{name}/main\ncontent-type: application/json\n");
        write(&folder.join("head.txt"), &head)?;
        write(&folder.join("body.json"), &body)?;
        write(&folder.join("account.json"), "{\n  \"secrets\": [\"a-test-secret\"]\n}\n")?;
        write(&folder.join("expected.json"), &format!("{expected:#}\n"))?;
        made.push(folder);
    }
    Ok(made)
}

/// The registry with the channel's module, entry and slug, each in its place in the alphabet.
fn register(text: &str, name: &str) -> Result<String> {
    let module = module(name);
    let entry = format!(
        "    Channel {{\n        slug: \"{name}\",\n        handshake: {module}::handshake,\n        verify: \
         {module}::verify,\n        parse: {module}::parse,\n    }},\n"
    );
    let text = insert(text, "mod account;\n", "\n\n", &format!("pub mod {module};\n"), |line| {
        Some(line.trim_start_matches("pub ").strip_prefix("mod ")?.trim_end_matches(';').to_owned())
    })?;
    let text = insert(&text, "pub static CHANNELS: &[Channel] = &[\n", "];", &entry, |line| {
        let rest = &line[line.find("slug: \"")? + "slug: \"".len()..];
        Some(rest[..rest.find('"')?].to_owned())
    })?;
    insert(&text, "pub const SLUGS: &[&str] = &[\n", "];", &format!("    \"{name}\",\n"), |line| {
        Some(line.trim().strip_prefix('"')?.trim_end_matches("\",").to_owned())
    })
}

/// Inserts before the first entry between two marks whose name comes later in the alphabet.
fn insert(
    text: &str,
    from: &str,
    to: &str,
    entry: &str,
    name_of: impl Fn(&str) -> Option<String>,
) -> Result<String> {
    let missing = || format!("the registry has no {from:?}: it was changed; add the channel by hand");
    let start = text.find(from).with_context(missing)?;
    let start = if from.ends_with("[\n") { start + from.len() } else { start };
    let end = start + text[start..].find(to).with_context(missing)?;
    let own = name_of(entry).or_else(|| entry.lines().find_map(&name_of)).with_context(missing)?;
    let (mut place, mut begins, mut at) = (end, start, start);
    for line in text[start..end].split_inclusive('\n') {
        // An entry may begin lines before its name.
        if line.starts_with("    Channel {") || !line.starts_with("        ") {
            begins = at;
        }
        if name_of(line.trim_end()).is_some_and(|known| known > own) {
            place = begins;
            break;
        }
        at += line.len();
    }
    // The list of modules ends without a line break of its own.
    let gap = if text[..place].ends_with('\n') { "" } else { "\n" };
    let entry =
        if gap.is_empty() { entry.to_owned() } else { format!("{gap}{}", entry.trim_end_matches('\n')) };
    Ok(format!("{}{entry}{}", &text[..place], &text[place..]))
}

fn module(name: &str) -> String {
    name.replace('-', "_")
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("writing {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slugs(registry: &str) -> Vec<&str> {
        let start = registry.find("pub const SLUGS").expect("the list");
        let list = &registry[start..start + registry[start..].find("];").expect("its end")];
        list.lines().filter_map(|line| line.trim().strip_prefix('"')?.strip_suffix("\",")).collect()
    }

    #[test]
    fn a_channel_is_registered_in_its_place_wherever_that_is() {
        let registry = include_str!("../../crates/channels/src/lib.rs");
        for name in ["aaa", "line", "viber", "zalo-oa", "kommo-x"] {
            let registered = register(registry, name).expect("registered");
            let list = slugs(&registered);
            assert!(list.is_sorted() && list.contains(&name), "{list:?}");
            assert_eq!(list.len(), slugs(registry).len() + 1);
            let entries: Vec<_> =
                registered.match_indices("slug: \"").map(|(at, _)| &registered[at + 7..]).collect();
            let entries: Vec<_> =
                entries.iter().map(|rest| &rest[..rest.find('"').expect("its end")]).collect();
            assert!(entries[..list.len()].is_sorted() && entries[..list.len()] == list[..], "{entries:?}");
            assert_eq!(registered.matches(&format!("pub mod {};\n", module(name))).count(), 1, "{name}");
        }
    }

    #[test]
    fn a_channel_is_made_once_in_a_copy_of_the_project_and_only_under_a_usable_name() {
        let copy = std::env::temp_dir().join(format!("relevo-new-channel-{}", std::process::id()));
        let source = copy.join("crates/channels/src");
        fs::create_dir_all(&source).expect("a folder");
        fs::create_dir_all(copy.join("tests/fixtures")).expect("a folder");
        fs::write(source.join("lib.rs"), include_str!("../../crates/channels/src/lib.rs")).expect("written");
        let made = make(&copy, "rocket-chat").expect("made");
        let again = make(&copy, "rocket-chat").map(|_| ()).map_err(|error| error.to_string());
        let bad: Vec<_> = ["", "-x", "x-", "Ñ", "a/b", "../x", &"x".repeat(33)]
            .into_iter()
            .map(|name| make(&copy, name).is_err())
            .collect();
        let files: Vec<_> = made.iter().map(|path| path.exists()).collect();
        let case = fs::read_dir(copy.join("tests/fixtures/rocket-chat/message")).expect("a case").count();
        fs::remove_dir_all(&copy).expect("removed");
        assert_eq!((files, case), (vec![true; 5], 4));
        assert!(again.is_err_and(|error| error.contains("already")));
        assert_eq!(bad, [true; 7]);
    }
}
