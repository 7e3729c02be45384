//! Client companies that share a desk and nothing else.

use super::{Pack, Person, Role};
use serde::{Deserialize, Serialize};

/// One of several companies that a desk works for, kept apart from the others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Partition {
    /// What people call it.
    pub name: String,
    /// The teams that work for it; their people see nothing of other partitions.
    pub teams: Vec<String>,
}

impl Pack {
    /// The partition that a team works for.
    pub fn partition_of_team(&self, team: &str) -> Option<&str> {
        let found = self.partitions.iter().find(|(_, partition)| partition.teams.iter().any(|t| t == team));
        found.map(|(id, _)| id.as_str())
    }

    /// The partition that a ticket belongs to: that of its queue's team, else of its own.
    pub fn partition_of_ticket(&self, queue: &str, team: Option<&str>) -> Option<&str> {
        let of_queue = self.queues.get(queue).and_then(|queue| queue.team.as_deref());
        [of_queue, team].into_iter().flatten().find_map(|team| self.partition_of_team(team))
    }

    /// Whether somebody may see what belongs to a partition: managers and above see all, others that of their teams.
    /// What belongs to none is everybody's.
    pub fn sees(&self, person: &str, role: Role, partition: Option<&str>) -> bool {
        let of = |person: &Person| person.teams.iter().any(|team| self.partition_of_team(team) == partition);
        partition.is_none() || role >= Role::Manager || self.people.get(person).is_some_and(of)
    }

    /// Whether somebody who works at the desk may see, and so work on, what belongs to a partition.
    pub fn works_for(&self, person: &str, partition: Option<&str>) -> bool {
        self.people.get(person).is_some_and(|one| self.sees(person, one.role, partition))
    }

    /// Whether two people may work on something in common; who works for no partition does with everybody.
    pub fn work_together(&self, person: &str, other: &str) -> bool {
        let mut own = self.partitions.keys().filter(|one| self.works_for(person, Some(one))).peekable();
        own.peek().is_none() || own.any(|one| self.works_for(other, Some(one)))
    }

    /// The partition that somebody below a manager works for, if it is one and nothing else.
    pub fn only_partition(&self, person: &str, role: Role) -> Option<&str> {
        let teams = &self.people.get(person).filter(|_| role < Role::Manager)?.teams;
        let mut all = teams.iter().map(|team| self.partition_of_team(team));
        let first = all.next()??;
        all.all(|other| other == Some(first)).then_some(first)
    }
}

/// Everything that is wrong with the partitions and playbooks of a pack: JSON pointer into it, and what to do.
pub(super) fn check(pack: &Pack) -> Vec<(String, String)> {
    let mut problems = Vec::new();
    for (id, partition) in &pack.partitions {
        let at = format!("/partitions/{}", super::escape(id));
        for (n, team) in partition.teams.iter().enumerate() {
            if !pack.teams.contains_key(team) {
                problems.push((format!("{at}/teams/{n}"), format!("no team {team:?}; add it to /teams")));
            } else if pack.partition_of_team(team) != Some(id) {
                let what = format!("the team {team:?} works for another partition already");
                problems.push((format!("{at}/teams/{n}"), what));
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use crate::pack::{Role, parse};
    use serde_json::{Value, json};

    fn document() -> Value {
        json!({
            "format": "relevo-pack/1", "name": "Test", "locale": {"default": "es"},
            "queues": {"a": {"name": "A", "team": "a1"}, "b": {"name": "B", "team": "b1"}, "c": {"name": "C"}},
            "teams": {"a1": {"name": "A1"}, "a2": {"name": "A2"}, "b1": {"name": "B1"}, "all": {"name": "All"}},
            "people": {
                "ana": {"name": "Ana", "role": "agent", "teams": ["a1"]},
                "ben": {"name": "Ben", "role": "lead", "teams": ["b1"]},
                "eva": {"name": "Eva", "role": "manager", "teams": ["all"]},
                "tom": {"name": "Tom", "role": "agent", "teams": ["all"]}
            },
            "partitions": {"a": {"name": "A", "teams": ["a1", "a2"]}, "b": {"name": "B", "teams": ["b1"]}}
        })
    }

    #[test]
    fn people_see_the_partition_of_their_teams_and_managers_see_all() {
        let pack = parse(document()).unwrap();
        let seen = |person: &str, role| {
            ["a", "b"].into_iter().filter(|p| pack.sees(person, role, Some(p))).collect::<Vec<_>>()
        };
        assert_eq!(seen("ana", Role::Agent), ["a"]);
        assert_eq!(seen("ben", Role::Lead), ["b"]);
        assert_eq!(seen("eva", Role::Manager), ["a", "b"]);
        // A token with less than its person's role carries less.
        assert_eq!(seen("eva", Role::Agent), [""; 0]);
        assert_eq!(seen("tom", Role::Agent), [""; 0]);
        assert_eq!(seen("nobody", Role::Service), [""; 0]);
        assert_eq!(seen("operator", Role::Admin), ["a", "b"]);
        assert!(pack.sees("tom", Role::Agent, None));
    }

    #[test]
    fn who_works_for_one_partition_alone_is_known() {
        let mut document = document();
        document["people"]["leo"] = json!({"name": "Leo", "role": "agent", "teams": ["a1", "a2"]});
        document["people"]["mia"] = json!({"name": "Mia", "role": "agent", "teams": ["a1", "b1"]});
        document["people"]["zoe"] = json!({"name": "Zoe", "role": "agent", "teams": ["a1", "all"]});
        let pack = parse(document).unwrap();
        for (person, role, expected) in [
            ("ana", Role::Agent, Some("a")),
            ("ben", Role::Lead, Some("b")),
            ("leo", Role::Agent, Some("a")),
            ("mia", Role::Agent, None),
            ("zoe", Role::Agent, None),
            ("tom", Role::Agent, None),
            ("ben", Role::Manager, None),
            ("nobody", Role::Agent, None),
        ] {
            assert_eq!(pack.only_partition(person, role), expected, "{person}");
        }
    }

    #[test]
    fn a_ticket_is_of_the_partition_of_its_queue_wherever_it_was_handed_to() {
        let pack = parse(document()).unwrap();
        assert_eq!(pack.partition_of_ticket("a", Some("b1")), Some("a"));
        assert_eq!(pack.partition_of_ticket("c", Some("b1")), Some("b"));
        assert_eq!(pack.partition_of_ticket("c", None), None);
        assert_eq!(pack.partition_of_ticket("gone", Some("all")), None);
    }

    #[test]
    fn a_team_works_for_one_partition_that_there_is() {
        let mut wrong = document();
        wrong["partitions"]["b"]["teams"] = json!(["a2", "nobody"]);
        let places: Vec<_> = parse(wrong).unwrap_err().into_iter().map(|p| p.pointer).collect();
        assert_eq!(places, ["/partitions/b/teams/0", "/partitions/b/teams/1"]);
    }
}
