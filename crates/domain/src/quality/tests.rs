use super::*;
use crate::pack::Question;
use relevo_journal::{EventId, Hlt};

fn sheet() -> Audits {
    let question = |id: &str, weight, critical| Question { id: id.into(), text: id.into(), weight, critical };
    Audits { share: 50, scale: 4, questions: vec![question("right", 3, true), question("tone", 1, false)] }
}

fn scores(given: &[(&str, u8)]) -> Scores {
    given.iter().map(|(id, points)| ((*id).to_owned(), Points { points: *points, comment: None })).collect()
}

#[test]
fn a_total_is_the_weighted_share_and_nothing_where_what_matters_failed() {
    let total = |given: &[(&str, u8)]| total(&sheet(), &scores(given));
    assert_eq!(total(&[("right", 4), ("tone", 4)]).expect("whole"), (10_000, false));
    assert_eq!(total(&[("right", 4), ("tone", 0)]).expect("whole"), (7_500, false));
    assert_eq!(total(&[("right", 1), ("tone", 2)]).expect("whole"), (3_125, false));
    assert_eq!(total(&[("right", 0), ("tone", 4)]).expect("whole"), (0, true));
    for wrong in [&[("right", 4)][..], &[("right", 5), ("tone", 1)], &[("right", 1), ("tone", 1), ("x", 1)]] {
        assert_eq!(total(wrong).expect_err("refused").code, "bad_scores");
    }
}

#[test]
fn a_sample_is_about_as_large_as_its_share_and_a_larger_one_holds_a_smaller_one() {
    let hash = |n: u32| {
        format!(
            "{:0>26}",
            format!("{:x}", u128::from(n).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835))
        )
    };
    let hash = |n: u32| hash(n).chars().rev().collect::<String>();
    let sampled = |share: u8| (0..10_000).filter(|n| is_sampled(&hash(*n), share)).count();
    assert_eq!((sampled(0), sampled(100)), (0, 10_000));
    assert!((4_700..5_300).contains(&sampled(50)), "{}", sampled(50));
    assert!((0..10_000).all(|n| !is_sampled(&hash(n), 20) || is_sampled(&hash(n), 50)));
}

#[test]
fn an_audit_is_scored_disputed_and_resolved_once_in_this_order() {
    let mut audit = Audit::default();
    let mut tell = |second: i64, data: AuditEvent| {
        let at = DateTime::from_timestamp(second, 0).expect("an instant");
        let id = EventId::new(format!("e{second}")).expect("an id");
        let hlt = Hlt::next(at.timestamp_millis().unsigned_abs(), Hlt::default());
        audit.apply(&Event { id, hlt, at, by: format!("person:{second}"), tag: 0, data });
        audit.clone()
    };
    let scored = |score| AuditEvent::Scored {
        scores: scores(&[("right", 4)]),
        score,
        critical: false,
        pack: 3,
        coaching: Some("bien".into()),
    };
    let disputed = AuditEvent::Disputed { reason: "no".into() };
    let resolved = AuditEvent::Resolved { scores: None, score: 9_000, critical: false, note: "sí".into() };
    assert_eq!(tell(1, disputed.clone()).state(), None);
    assert_eq!(tell(2, scored(5_000)).outcome().map(|o| (o.score, o.state)), Some((5_000, State::Done)));
    assert_eq!(tell(3, scored(7_000)).score, 5_000, "the first counts");
    assert_eq!(tell(4, resolved.clone()).state(), Some(State::Done), "nobody disagrees");
    assert_eq!(tell(5, disputed).state(), Some(State::Disputed));
    let after = tell(6, resolved.clone());
    assert_eq!(
        (after.state(), after.score, after.scores),
        (Some(State::Resolved), 9_000, scores(&[("right", 4)]))
    );
    assert_eq!(tell(7, resolved).resolved.map(|said| said.by), Some("person:6".to_owned()));
}
