//! What a template and its data may use. Each limit is well above what a message needs and low enough that a
//! hostile one costs milliseconds and a few megabytes, on the small stack of a component.

use serde::Serialize;

/// Bytes of one source (a part of a template, a partial).
pub const SOURCE_BYTES: usize = 128 * 1024;
/// Brackets, and blocks (`if`, `for` …, each `elif`), inside one another.
pub const NESTING: usize = 16;
/// Elements of MJML inside one another.
pub const MARKUP_NESTING: usize = 20;
/// Tokens between `{{` and `}}` or `{%` and `%}`.
pub const TAG_TOKENS: usize = 256;
/// The engine's steps of one part; about one per instruction and per 64 bytes handled.
pub const FUEL: u64 = 100_000;
/// The engine's measure of includes and calls inside one another: an include costs 10, a macro 4.
pub const RECURSION: usize = 100;
/// Bytes of what one part renders to.
pub const OUTPUT_BYTES: usize = 512 * 1024;
/// Bytes of one text in the data.
pub const STRING_BYTES: usize = 64 * 1024;
/// Items of one list in the data.
pub const LIST_ITEMS: usize = 1_000;
/// Bytes of all data as JSON.
pub const DATA_BYTES: usize = 512 * 1024;
/// Sources that a template and what it includes come to, each counted as often as it is included.
pub const INCLUDED: usize = 1_000;
/// Bytes of the text of a template that WhatsApp has approved; it allows a quarter.
pub const APPROVED_BYTES: usize = 4 * 1024;
/// Problems that are reported at once.
pub const PROBLEMS: usize = 200;
/// UTF-16 units of a subject; longer ones are cut by those who show them.
pub const SUBJECT_UNITS: usize = 255;

/// A limit that was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// [`FUEL`]: an endless or very long loop.
    Fuel,
    /// [`RECURSION`]: includes or macros that call themselves.
    Depth,
    /// [`INCLUDED`].
    Includes,
    /// [`OUTPUT_BYTES`].
    Output,
    /// [`SOURCE_BYTES`].
    Source,
    /// [`NESTING`] or [`TAG_TOKENS`].
    Nesting,
    /// [`DATA_BYTES`].
    Data,
    /// What the channel takes in one message.
    Channel,
    /// [`SUBJECT_UNITS`].
    Subject,
}

impl Limit {
    /// As in messages and codes.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fuel => "fuel",
            Self::Depth => "depth",
            Self::Includes => "includes",
            Self::Output => "output",
            Self::Source => "source",
            Self::Nesting => "nesting",
            Self::Data => "data",
            Self::Channel => "channel",
            Self::Subject => "subject",
        }
    }

    /// What to do about it.
    pub fn advice(self) -> String {
        match self {
            Self::Fuel => format!("rendering took more than {FUEL} steps: shorten the loops"),
            Self::Depth => "includes or macros call each other too deeply".to_owned(),
            Self::Includes => {
                format!("a template includes at most {INCLUDED} partials, repeated ones counted again")
            }
            Self::Output => format!("a part renders to more than {OUTPUT_BYTES} bytes: shorten it"),
            Self::Source => format!("a source has at most {SOURCE_BYTES} bytes: split it into partials"),
            Self::Nesting => {
                format!(
                    "at most {NESTING} brackets or blocks inside one another and {TAG_TOKENS} words in a tag"
                )
            }
            Self::Data => format!("data have at most {DATA_BYTES} bytes"),
            Self::Channel => "the text is longer than the channel takes in one message".to_owned(),
            Self::Subject => format!("a subject has at most {SUBJECT_UNITS} characters"),
        }
    }
}
