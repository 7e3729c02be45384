//! Finds an author's mistakes in the syntax tree, without rendering: every name is looked up where it is written, in
//! branches that no example reaches too.

mod expression;
mod names;

use crate::document::Documents;
use crate::engine::Key;
use crate::guard::{guard, syntax};
use crate::limits::{self, Limit};
use crate::problem::{Place, Problem, line_and_column, suggestion};
use crate::schema::Schema;
use minijinja::machinery::ast::{Expr, Macro, Stmt};
use minijinja::machinery::{Span, parse};
use names::{Names, Shape, exports};
use std::collections::BTreeSet;

/// An analysis of all sources of one template.
pub struct Analysis<'d> {
    documents: &'d Documents,
    schema: &'d Schema,
    /// What was found.
    pub problems: Vec<Problem>,
    /// Declared variables that were used.
    pub used: BTreeSet<&'d str>,
    walked: usize,
}

/// The source under analysis.
struct Source<'s> {
    text: &'s str,
    place: Place,
    locale: &'s str,
    html: bool,
    /// Partials that led here.
    path: Vec<&'s str>,
}

impl<'d> Analysis<'d> {
    /// Begins an analysis against a schema.
    pub fn new(documents: &'d Documents, schema: &'d Schema) -> Self {
        Self { documents, schema, problems: Vec::new(), used: BTreeSet::new(), walked: 0 }
    }

    /// Analyses a source and everything it includes.
    pub fn source(&mut self, text: &'d str, place: Place, locale: &'d str, html: bool) {
        let source = Source { text, place, locale, html, path: Vec::new() };
        self.walk_source(&source, &mut Names::new(self.schema));
    }

    fn walk_source(&mut self, source: &Source<'d>, names: &mut Names<'d>) {
        self.walked = self.walked.saturating_add(1);
        match tree(source.text, &source.place) {
            Ok(_) if self.walked > limits::INCLUDED => {
                self.problems.push(source.place.problem("limit", Limit::Includes.advice()));
            }
            Ok(tree) => self.statement(source, names, &tree),
            Err(problem) => self.problems.push(*problem),
        }
    }

    fn say(&mut self, source: &Source<'d>, span: Span, code: &'static str, message: impl Into<String>) {
        if self.problems.len() >= limits::PROBLEMS {
            return;
        }
        let at = line_and_column(source.text, usize::try_from(span.start_offset).unwrap_or(usize::MAX));
        self.problems.push(source.place.problem_at(at, code, message));
    }

    fn block(&mut self, source: &Source<'d>, names: &mut Names<'d>, body: &[Stmt<'d>]) {
        body.iter().for_each(|statement| self.statement(source, names, statement));
    }

    /// A body with names of its own.
    fn scoped(&mut self, source: &Source<'d>, names: &mut Names<'d>, own: &[&'d str], body: &[Stmt<'d>]) {
        names.push();
        own.iter().for_each(|name| names.assign(name, Shape::Any));
        self.block(source, names, body);
        names.pop();
    }

    fn statement(&mut self, source: &Source<'d>, names: &mut Names<'d>, statement: &Stmt<'d>) {
        match statement {
            Stmt::Template(template) => {
                names.assign("self", Shape::Any);
                self.block(source, names, &template.children);
            }
            Stmt::EmitRaw(_) => {}
            Stmt::EmitExpr(emit) => drop(self.expression(source, names, &emit.expr)),
            Stmt::ForLoop(stmt) => {
                let iterated = self.expression(source, names, &stmt.iter);
                names.push();
                names.assign("loop", Shape::Any);
                names.assign_target(&stmt.target, iterated.item());
                if let Some(filter) = &stmt.filter_expr {
                    self.expression(source, names, filter);
                }
                self.block(source, names, &stmt.body);
                names.pop();
                self.scoped(source, names, &[], &stmt.else_body);
            }
            Stmt::IfCond(stmt) => {
                self.expression(source, names, &stmt.expr);
                self.block(source, names, &stmt.true_body);
                self.block(source, names, &stmt.false_body);
            }
            Stmt::WithBlock(stmt) => {
                names.push();
                for (target, expr) in &stmt.assignments {
                    let shape = self.expression(source, names, expr);
                    names.assign_target(target, shape);
                }
                self.block(source, names, &stmt.body);
                names.pop();
            }
            Stmt::Set(stmt) => {
                let shape = self.expression(source, names, &stmt.expr);
                names.assign_target(&stmt.target, shape);
            }
            Stmt::SetBlock(stmt) => {
                if let Some(filter) = &stmt.filter {
                    self.expression(source, names, filter);
                }
                self.scoped(source, names, &[], &stmt.body);
                names.assign_target(&stmt.target, Shape::Any);
            }
            Stmt::AutoEscape(stmt) => {
                let message = "escaping follows the channel and cannot be changed: remove `autoescape`";
                self.say(source, stmt.span(), "escaping_fixed", message);
                self.block(source, names, &stmt.body);
            }
            Stmt::FilterBlock(stmt) => {
                self.expression(source, names, &stmt.filter);
                self.scoped(source, names, &[], &stmt.body);
            }
            Stmt::Block(stmt) => self.scoped(source, names, &["super"], &stmt.body),
            Stmt::Import(stmt) => {
                let exported = self.partials(source, names, &stmt.expr, true);
                names.assign_target(&stmt.name, Shape::Module(exported));
            }
            Stmt::FromImport(stmt) => {
                let exported = self.partials(source, names, &stmt.expr, true);
                for (name, alias) in &stmt.names {
                    if let (Expr::Var(var), Some(known)) = (name, &exported)
                        && !known.contains(var.id)
                    {
                        let hint = suggestion(var.id, known.iter().copied());
                        let message = format!("the partial defines no \"{}\"{hint}", var.id);
                        self.say(source, var.span(), "unknown_import", message);
                    }
                    names.assign_target(alias.as_ref().unwrap_or(name), Shape::Any);
                }
            }
            Stmt::Extends(stmt) => drop(self.partials(source, names, &stmt.name, false)),
            Stmt::Include(stmt) => drop(self.partials(source, names, &stmt.name, false)),
            Stmt::Macro(stmt) => {
                names.assign(stmt.name, Shape::Any);
                self.macro_body(source, names, stmt);
            }
            Stmt::CallBlock(stmt) => {
                self.call(source, names, &stmt.call.expr, &stmt.call.args);
                self.macro_body(source, names, &stmt.macro_decl);
            }
            Stmt::Do(stmt) => self.call(source, names, &stmt.call.expr, &stmt.call.args),
        }
    }

    fn macro_body(&mut self, source: &Source<'d>, names: &mut Names<'d>, stmt: &Macro<'d>) {
        names.push();
        names.assign("caller", Shape::Any);
        stmt.args.iter().for_each(|arg| names.assign_target(arg, Shape::Any));
        stmt.defaults.iter().for_each(|expr| drop(self.expression(source, names, expr)));
        self.block(source, names, &stmt.body);
        names.pop();
    }

    /// Follows an include, import or layout; returns what the partial defines if there is exactly one.
    fn partials(
        &mut self,
        source: &Source<'d>,
        names: &mut Names<'d>,
        name: &Expr<'d>,
        isolated: bool,
    ) -> Option<BTreeSet<&'d str>> {
        let constant = name.as_const();
        let choices: Option<Vec<String>> = constant.as_ref().and_then(|value| match value.as_str() {
            Some(one) => Some(vec![one.to_owned()]),
            None => value.try_iter().ok()?.map(|item| item.as_str().map(str::to_owned)).collect(),
        });
        let Some(choices) = choices else {
            let message = "name the partial in quotes: a computed name cannot be checked";
            self.say(source, name.span(), "dynamic_include", message);
            return None;
        };
        let mut exported = None;
        for choice in &choices {
            if self.walked > limits::INCLUDED {
                break;
            }
            let key = self.documents.partials.get_key_value(choice.as_str()).map(|(key, _)| key.as_str());
            let found = key.and_then(|key| {
                self.documents.partial(key, source.locale, source.html).map(|(_, text)| (key, text))
            });
            let Some((key, text)) = found else {
                let known = self.documents.partials.keys().map(String::as_str);
                let message = match key {
                    Some(_) => format!("the partial \"{choice}\" has no text for {} here", source.locale),
                    None => format!("no partial \"{choice}\"{}", suggestion(choice, known)),
                };
                self.say(source, name.span(), "missing_include", message);
                continue;
            };
            if source.path.contains(&key) {
                let message = format!("the partial \"{choice}\" includes itself");
                self.say(source, name.span(), "include_cycle", message);
                continue;
            }
            let inner = Source {
                text,
                place: Key::Partial(key, source.locale, source.html).place(self.documents),
                locale: source.locale,
                html: source.html,
                path: source.path.iter().copied().chain([key]).collect(),
            };
            names.push();
            self.walk_source(&inner, names);
            if isolated {
                names.pop();
            } else {
                names.merge();
            }
            exported = exports(text);
        }
        if choices.len() == 1 { exported } else { None }
    }
}

/// What is wrong with the syntax of a source.
pub fn syntax_problem(text: &str, place: &Place) -> Option<Problem> {
    tree(text, place).err().map(|problem| *problem)
}

fn tree<'s>(text: &'s str, place: &Place) -> Result<Stmt<'s>, Box<Problem>> {
    guard(text).map_err(|(limit, offset)| {
        Box::new(place.problem_at(line_and_column(text, offset), "limit", limit.advice()))
    })?;
    parse(text, "source", syntax()).map_err(|error| {
        let fault = crate::engine::fault(&error);
        Box::new(place.problem_at(fault.position(text), "syntax", fault.message))
    })
}
