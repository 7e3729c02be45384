//! A command that the rules do not allow, in words for whoever gave it.

use thiserror::Error;

/// Why a command was refused. The edge maps `kind` to a status code.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{what}")]
pub struct Refusal {
    /// What kind of refusal it is.
    pub kind: RefusalKind,
    /// A stable code for programs.
    pub code: &'static str,
    /// What is wrong and what to do, without personal data.
    pub what: String,
    /// JSON pointer into the command's body, where there is a place to point at.
    pub pointer: Option<&'static str>,
    /// What is wrong at each of several places of the body.
    pub places: Vec<(String, String)>,
}

/// Kinds of refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalKind {
    /// There is no such thing.
    NotFound,
    /// It is understood and cannot be done with the present state.
    Conflict,
    /// Somebody else may do it.
    Forbidden,
    /// The command itself does not make sense.
    Invalid,
}

impl Refusal {
    /// There is no such thing.
    pub fn not_found(code: &'static str, what: impl Into<String>) -> Self {
        Self { kind: RefusalKind::NotFound, code, what: what.into(), pointer: None, places: Vec::new() }
    }

    /// It cannot be done with the present state.
    pub fn conflict(code: &'static str, what: impl Into<String>) -> Self {
        Self { kind: RefusalKind::Conflict, code, what: what.into(), pointer: None, places: Vec::new() }
    }

    /// Whoever asks for it may not.
    pub fn forbidden(code: &'static str, what: impl Into<String>) -> Self {
        Self { kind: RefusalKind::Forbidden, code, what: what.into(), pointer: None, places: Vec::new() }
    }

    /// The command is wrong at a place of its body.
    pub fn invalid(code: &'static str, pointer: &'static str, what: impl Into<String>) -> Self {
        Self {
            kind: RefusalKind::Invalid,
            code,
            what: what.into(),
            pointer: Some(pointer),
            places: Vec::new(),
        }
    }

    /// The command is wrong at places of its body, each with what is wrong there.
    pub fn several(code: &'static str, places: Vec<(String, String)>) -> Self {
        let what = match places.as_slice() {
            [(place, why)] => format!("{place}: {why}"),
            several => format!("the document is wrong at {} places; see errors", several.len()),
        };
        Self { kind: RefusalKind::Invalid, code, what, pointer: None, places }
    }
}
