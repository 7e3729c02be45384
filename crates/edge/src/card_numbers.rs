//! Full card numbers in what a desk writes: refused where its pack says so.

use crate::http::Incoming;
use crate::problem::Problem;
use http::StatusCode;
use relevo_domain::card_number;
use relevo_domain::pack::Pack;
use serde_json::Value;

/// Where a telephone number may stand alone, which is no card's however it looks.
const ADDRESS: &str = "/contact/address";

/// Refuses a call whose document holds a full card number, if the desk wants that.
///
/// # Errors
/// 422, with the place and without the number.
pub fn refuse(pack: &Pack, request: &Incoming) -> Result<(), Problem> {
    // What is no JSON is refused by whoever reads it.
    let document = || serde_json::from_slice::<Value>(&request.body).ok();
    let place = pack.mask_card_numbers.then(document).flatten().and_then(|document| {
        let mut document = document;
        if let Some(address) = document.pointer_mut(ADDRESS) {
            *address = Value::Null;
        }
        card_number::place_in(&document)
    });
    place.map_or(Ok(()), |place| Err(refused(place)))
}

/// Refuses a part of a call likewise: of many that come at once each has a result of its own.
///
/// # Errors
/// As [`refuse`].
pub fn refuse_in(pack: &Pack, part: &Value) -> Result<(), Problem> {
    let place = pack.mask_card_numbers.then(|| card_number::place_in(part)).flatten();
    place.map_or(Ok(()), |place| Err(refused(place)))
}

/// The refusal of a full card number at a place of the caller's document.
pub fn refused(pointer: String) -> Problem {
    let what = "a full card number is not taken; leave all but its last four digits out";
    let errors = vec![(pointer, what.to_owned()).into()];
    Problem { errors, ..Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "card_number_refused", what) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(masks: bool, body: &Value) -> Option<Problem> {
        let pack = json!({
            "format": "relevo-pack/1", "name": "Test", "locale": {"default": "es"},
            "queues": {"support": {"name": "Support"}}, "mask_card_numbers": masks,
        });
        let pack = relevo_domain::pack::parse(pack).expect("a pack");
        let request = Incoming {
            method: http::Method::POST,
            path: "/api/cards/tickets".into(),
            query: String::new(),
            headers: http::HeaderMap::new(),
            body: body.to_string().into(),
        };
        refuse(&pack, &request).err()
    }

    #[test]
    fn a_number_is_refused_with_its_place_and_not_repeated() {
        let problem = told(true, &json!({"text": "4111 1111 1111 1111"})).expect("refused");
        assert_eq!((problem.status.as_u16(), problem.code), (422, "card_number_refused"));
        assert_eq!(problem.errors[0].pointer, "/text");
        assert!(!format!("{problem:?}").contains("4111"));
        let deep = told(true, &json!({"data": {"list": [1, "5555-5555-5555-4444"]}})).expect("refused");
        assert_eq!(deep.errors[0].pointer, "/data/list/1");
    }

    #[test]
    fn a_part_of_a_call_is_refused_as_the_whole_would_be() {
        let pack = |masks: bool| {
            let pack = json!({
                "format": "relevo-pack/1", "name": "Test", "locale": {"default": "es"},
                "queues": {"support": {"name": "Support"}}, "mask_card_numbers": masks,
            });
            relevo_domain::pack::parse(pack).expect("a pack")
        };
        let part = json!({"path": "a.md", "markdown": "# A\n\n5555 5555 5555 4444"});
        let problem = refuse_in(&pack(true), &part).expect_err("refused");
        assert_eq!((problem.code, problem.errors[0].pointer.as_str()), ("card_number_refused", "/markdown"));
        assert!(refuse_in(&pack(false), &part).is_ok());
        assert!(refuse_in(&pack(true), &json!({"markdown": "4444"})).is_ok());
    }

    #[test]
    fn other_numbers_other_desks_and_addresses_are_not_concerned() {
        assert_eq!(told(true, &json!({"text": "termina en 1111", "n": 1234})), None);
        assert_eq!(told(false, &json!({"text": "4111 1111 1111 1111"})), None);
        assert_eq!(told(true, &json!({"contact": {"address": "4222222222222"}})), None);
        assert!(told(true, &json!({"contact": {"name": "4222222222222"}})).is_some());
    }
}
