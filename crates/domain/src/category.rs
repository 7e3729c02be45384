//! The fixed meanings of a status.

use serde::{Deserialize, Serialize};

/// What a status means to clocks, queues and figures. Packs name statuses inside these.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// Nobody has looked at it.
    #[default]
    New,
    /// Somebody works on it.
    Open,
    /// The customer has to answer.
    WaitingForCustomer,
    /// A neighbouring team or a supplier has to answer.
    WaitingForOthers,
    /// Others say it is done; its agent looks before the customer is told.
    ToBeValidated,
    /// Done; a new message re-opens it.
    Solved,
    /// Over; a new message opens another ticket.
    Closed,
    /// Unwanted.
    Spam,
}

impl Category {
    /// All of them, in order.
    pub const ALL: [Self; 8] = [
        Self::New,
        Self::Open,
        Self::WaitingForCustomer,
        Self::WaitingForOthers,
        Self::ToBeValidated,
        Self::Solved,
        Self::Closed,
        Self::Spam,
    ];

    /// As in the API and in packs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Open => "open",
            Self::WaitingForCustomer => "waiting_for_customer",
            Self::WaitingForOthers => "waiting_for_others",
            Self::ToBeValidated => "to_be_validated",
            Self::Solved => "solved",
            Self::Closed => "closed",
            Self::Spam => "spam",
        }
    }

    /// The reverse of [`Category::as_str`].
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|c| c.as_str() == name)
    }

    /// Nobody has to work on it any more.
    pub fn is_done(self) -> bool {
        matches!(self, Self::Solved | Self::Closed | Self::Spam)
    }
}
