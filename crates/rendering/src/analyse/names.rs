//! Names in scope and what is known of their values.

use crate::guard::syntax;
use crate::schema::{Field, FieldType, Schema};
use minijinja::machinery::ast::{Expr, Stmt};
use minijinja::machinery::parse;
use std::collections::{BTreeMap, BTreeSet};

/// What is known of a value.
#[derive(Clone, Debug)]
pub enum Shape<'d> {
    /// Nothing.
    Any,
    /// It is declared.
    Field(&'d Field),
    /// An imported partial and what it defines, if that is known.
    Module(Option<BTreeSet<&'d str>>),
}

impl<'d> Shape<'d> {
    /// The items of a list.
    pub fn item(&self) -> Self {
        match self {
            Self::Field(field) => field.items.as_deref().map_or(Self::Any, Self::Field),
            _ => Self::Any,
        }
    }

    /// A member by name; none if there is certainly no such member.
    pub fn member(&self, name: &str) -> Option<Self> {
        match self {
            Self::Any => Some(Self::Any),
            Self::Module(exported) => {
                exported.as_ref().is_none_or(|known| known.contains(name)).then_some(Self::Any)
            }
            Self::Field(field) => match field.kind {
                FieldType::Any => Some(Self::Any),
                FieldType::Object => field.fields.get(name).map(Self::Field),
                FieldType::Money => matches!(name, "minor" | "currency").then_some(Self::Any),
                _ => None,
            },
        }
    }

    /// Names of all members, if they are known.
    pub fn member_names(&self) -> Option<Vec<&'d str>> {
        match self {
            Self::Any | Self::Module(None) => None,
            Self::Module(Some(known)) => Some(known.iter().copied().collect()),
            Self::Field(field) => match field.kind {
                FieldType::Any => None,
                FieldType::Object => Some(field.fields.keys().map(String::as_str).collect()),
                FieldType::Money => Some(vec!["minor", "currency"]),
                _ => Some(Vec::new()),
            },
        }
    }
}

/// Scopes, innermost last, over the declared data.
pub struct Names<'d> {
    schema: &'d Schema,
    scopes: Vec<BTreeMap<&'d str, Shape<'d>>>,
}

impl<'d> Names<'d> {
    /// Only the declared data.
    pub fn new(schema: &'d Schema) -> Self {
        Self { schema, scopes: vec![BTreeMap::new()] }
    }

    /// Begins a scope.
    pub fn push(&mut self) {
        self.scopes.push(BTreeMap::new());
    }

    /// Ends a scope; its names are forgotten.
    pub fn pop(&mut self) {
        self.scopes.pop();
    }

    /// Ends a scope; its names go to the one around it.
    pub fn merge(&mut self) {
        if let (Some(inner), Some(outer)) = (self.scopes.pop(), self.scopes.last_mut()) {
            outer.extend(inner);
        }
    }

    /// Assigns a name in the innermost scope.
    pub fn assign(&mut self, name: &'d str, shape: Shape<'d>) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.insert(name, shape);
        }
    }

    /// Assigns the target of a loop or a `set`; several names at once are of unknown shape.
    pub fn assign_target(&mut self, target: &Expr<'d>, shape: Shape<'d>) {
        match target {
            Expr::Var(var) => self.assign(var.id, shape),
            Expr::List(list) => list.items.iter().for_each(|item| self.assign_target(item, Shape::Any)),
            Expr::Tuple(tuple) => tuple.items.iter().for_each(|item| self.assign_target(item, Shape::Any)),
            _ => {}
        }
    }

    /// What an assigned name is.
    pub fn find_assigned(&self, name: &str) -> Option<Shape<'d>> {
        self.scopes.iter().rev().find_map(|scope| scope.get(name)).cloned()
    }

    /// What an assigned or declared name is.
    pub fn find(&self, name: &str) -> Option<Shape<'d>> {
        self.find_assigned(name).or_else(|| self.schema.get(name).map(Shape::Field))
    }

    /// All assigned names.
    pub fn assigned(&self) -> impl Iterator<Item = &'d str> {
        self.scopes.iter().flat_map(|scope| scope.keys().copied())
    }
}

/// What the top level of a partial defines; none if it cannot be parsed or builds on other partials.
pub fn exports(source: &str) -> Option<BTreeSet<&str>> {
    let Ok(Stmt::Template(template)) = parse(source, "source", syntax()) else { return None };
    let mut out = BTreeSet::new();
    for statement in &template.children {
        match statement {
            Stmt::Macro(stmt) => drop(out.insert(stmt.name)),
            Stmt::Set(stmt) => out.extend(target(&stmt.target)),
            Stmt::SetBlock(stmt) => out.extend(target(&stmt.target)),
            Stmt::EmitRaw(_) => {}
            _ => return None,
        }
    }
    Some(out)
}

fn target<'a>(expr: &Expr<'a>) -> Option<&'a str> {
    match expr {
        Expr::Var(var) => Some(var.id),
        _ => None,
    }
}
