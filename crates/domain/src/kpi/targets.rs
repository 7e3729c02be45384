//! Shares of tickets that kept their service-level targets, with and without the breaches that a lead excused.

use super::Part;
use crate::category::Category;
use crate::rows::TicketRow;
use crate::sla::Outcomes;

/// Every decided instance of a target was done in time; of all targets if none is named. `excusing`: excused breaches
/// are left out.
pub(super) fn met(target: Option<&str>, excusing: bool, row: &TicketRow) -> Part<'static> {
    if row.category == Category::Spam {
        return Part::Excluded("spam");
    }
    let meant = row.targets.iter().filter(|(name, _)| target.is_none_or(|target| target == *name));
    let sum = meant.fold(Outcomes::default(), |sum, (_, one)| Outcomes {
        met: sum.met.saturating_add(one.met),
        breached: sum.breached.saturating_add(one.breached),
        excused: sum.excused.saturating_add(one.excused),
        cancelled: sum.cancelled.saturating_add(one.cancelled),
        running: sum.running.saturating_add(one.running),
    });
    let missed = if excusing { sum.breached.saturating_sub(sum.excused) } else { sum.breached };
    match sum {
        _ if sum.met > 0 || missed > 0 => Part::Counted(i64::from(missed == 0)),
        Outcomes { breached: 1.., .. } => Part::Excluded("excused"),
        Outcomes { running: 1.., .. } => Part::Excluded("not_yet"),
        Outcomes { cancelled: 1.., .. } => Part::Excluded("cancelled"),
        _ => Part::Excluded("no_target"),
    }
}

/// What the figure means, in words.
pub(super) fn definition(target: Option<&str>, excusing: bool) -> String {
    let what = match target {
        None => "all of their service-level targets".to_owned(),
        Some(target) => format!("their target {target} each time"),
    };
    let (breaches, excused) = if excusing {
        ("breaches that a lead excused do not count", ", excused (nothing but excused breaches)")
    } else {
        ("breaches that a lead excused count like others", "")
    };
    format!(
        "Share of tickets that kept {what}, of those opened in the period of which one was done or missed; {breaches}. \
         Numerator: those that missed none; denominator: those decided. Excluded: spam, not_yet (nothing decided so \
         far), cancelled (it no longer mattered), no_target (no policy promises it){excused}."
    )
}
