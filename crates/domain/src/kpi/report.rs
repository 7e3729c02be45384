//! Which figures go together.

use super::{Cohort, FIGURES, Figure, Kpi};

/// The report that has all figures but those of audits.
const OVERVIEW: &str = "overview";

/// The reports, by name.
pub const REPORTS: [&str; 7] =
    ["audits", "csat", "first_response", OVERVIEW, "resolution", "response_rate", "sla"];

/// A report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report(&'static str);

impl Report {
    /// The report of a name.
    pub fn parse(name: &str) -> Option<Self> {
        REPORTS.into_iter().find(|known| *known == name).map(Self)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.0
    }

    /// Its figures, by name.
    pub fn figures(self) -> impl Iterator<Item = &'static Figure> {
        FIGURES.iter().filter(move |figure| match self.0 {
            // Days of answers are many, and asked about by those who audit.
            OVERVIEW => !figure.is_about_answers(),
            name => figure.report == name,
        })
    }

    /// Does it need surveys?
    pub fn needs_surveys(self) -> bool {
        self.figures().any(Figure::is_about_surveys)
    }

    /// Does it need tickets?
    pub fn needs_tickets(self) -> bool {
        self.figures().any(|figure| !figure.is_about_surveys() && !figure.is_about_answers())
    }

    /// Does it need answers?
    pub fn needs_answers(self) -> bool {
        self.figures().any(Figure::is_about_answers)
    }

    /// Its figures over a cohort.
    pub fn of(self, cohort: &Cohort<'_>) -> Vec<Kpi> {
        self.figures().map(|figure| figure.of(cohort)).collect()
    }
}
