//! What each role may see and do, as one table: made from the routes, and kept in this crate's README, which a test holds
//! against it.

use crate::routes::{Access, ROUTES};
use relevo_domain::pack::Role;
use std::fmt::Write as _;

/// All roles, the lowest first; each may do what those before it may.
pub const ROLES: [Role; 5] = [Role::Service, Role::Agent, Role::Lead, Role::Manager, Role::Admin];

/// What depends on the role beside the routes: what, and for whom.
pub const BESIDE_ROUTES: [(&str, &str); 8] = [
    ("custom fields with `seen_by`", "the role that the pack names and those above; a service as an agent"),
    (
        "changing custom fields with `changed_by`",
        "the role that the pack names and those above; a service as an agent",
    ),
    ("changes of status with `role`", "the role that the pack names and those above; a service as an agent"),
    (
        "tickets, contacts, deliveries, surveys and playbooks of another partition",
        "manager and above; others those of their teams",
    ),
    (
        "the directory, merging of contacts, problems and trials of terms at a desk with partitions",
        "manager and above",
    ),
    ("views of all", "changed by lead and above; seen by everybody"),
    ("absences of others", "set and ended by lead and above"),
    ("rights of somebody absent", "whoever is named as their substitute, up to a manager's"),
];

/// The table, in Markdown.
pub fn table() -> String {
    let mut table = String::from("| from this role on | operation | what it does |\n|---|---|---|\n");
    for role in ROLES {
        let of_role = ROUTES.iter().filter(|route| route.access == Access::Role(role));
        for route in of_role {
            let summary = route.summary.replace('|', "\\|");
            let _ = writeln!(table, "| {} | `{}` | {summary} |", role.as_str(), route.name);
        }
    }
    table.push_str("\n| beside that | for whom |\n|---|---|\n");
    for (what, whom) in BESIDE_ROUTES {
        let _ = writeln!(table, "| {what} | {whom} |");
    }
    table
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const README: &str = include_str!("../README.md");
    const BEGIN: &str = "<!-- roles: made by the code, see src/roles.rs -->\n";
    const END: &str = "<!-- end of roles -->";

    #[test]
    fn the_readme_says_what_the_code_does() {
        let (before, rest) = README.split_once(BEGIN).unwrap();
        let (written, after) = rest.split_once(END).unwrap();
        if written != table() {
            let readme = format!("{before}{BEGIN}{}{END}{after}", table());
            let new = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/edge-README.md");
            std::fs::write(new, readme).unwrap();
            panic!(
                "the table of roles is another one now: copy target/edge-README.md to crates/edge/README.md"
            );
        }
    }

    #[test]
    fn every_route_with_a_role_is_in_the_table_once() {
        let table = table();
        for route in ROUTES {
            let times = table.matches(&format!("| `{}` |", route.name)).count();
            let expected = usize::from(matches!(route.access, Access::Role(_)));
            assert_eq!(times, expected, "{}", route.name);
        }
    }
}
