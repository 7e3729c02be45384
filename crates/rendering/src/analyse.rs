//! Finds an author's mistakes in the syntax tree, without rendering: every name is looked up where it is written, in
//! branches that no example reaches too.

mod names;

use crate::document::Documents;
use crate::engine::Key;
use crate::guard::{guard, syntax};
use crate::helpers::{FILTERS, FUNCTIONS, TESTS};
use crate::problem::{Place, Problem, line_and_column, suggestion};
use crate::schema::Schema;
use minijinja::machinery::ast::{CallArg, Expr, Macro, Stmt};
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
        Self { documents, schema, problems: Vec::new(), used: BTreeSet::new() }
    }

    /// Analyses a source and everything it includes.
    pub fn source(&mut self, text: &'d str, place: Place, locale: &'d str, html: bool) {
        let source = Source { text, place, locale, html, path: Vec::new() };
        self.walk_source(&source, &mut Names::new(self.schema));
    }

    fn walk_source(&mut self, source: &Source<'d>, names: &mut Names<'d>) {
        match tree(source.text, &source.place) {
            Ok(tree) => self.statement(source, names, &tree),
            Err(problem) => self.problems.push(*problem),
        }
    }

    fn say(&mut self, source: &Source<'d>, span: Span, code: &'static str, message: impl Into<String>) {
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

    fn expression(&mut self, source: &Source<'d>, names: &mut Names<'d>, expr: &Expr<'d>) -> Shape<'d> {
        match expr {
            Expr::Const(_) => {}
            Expr::Var(var) => return self.variable(source, names, var.id, var.span()),
            Expr::GetAttr(get) => {
                let shape = self.expression(source, names, &get.expr);
                let span = end_of(get.span(), get.name);
                return self.member(source, &shape, get.name, span);
            }
            Expr::GetItem(get) => {
                let shape = self.expression(source, names, &get.expr);
                self.expression(source, names, &get.subscript_expr);
                if let Expr::Const(name) = &get.subscript_expr {
                    match name.value.as_str() {
                        Some(text) => {
                            if let Some(known) =
                                shape.member_names().and_then(|k| k.into_iter().find(|k| *k == text))
                            {
                                return self.member(source, &shape, known, get.span());
                            }
                            self.member_missing(source, &shape, text, get.subscript_expr.span());
                        }
                        None => return shape.item(),
                    }
                }
            }
            Expr::Slice(slice) => {
                let shape = self.expression(source, names, &slice.expr);
                for part in [&slice.start, &slice.stop, &slice.step].into_iter().flatten() {
                    self.expression(source, names, part);
                }
                return shape;
            }
            Expr::UnaryOp(op) => drop(self.expression(source, names, &op.expr)),
            Expr::BinOp(op) => {
                self.expression(source, names, &op.left);
                self.expression(source, names, &op.right);
            }
            Expr::Compare(compare) => {
                self.expression(source, names, &compare.expr);
                for op in &compare.ops {
                    self.expression(source, names, &op.expr);
                }
            }
            Expr::IfExpr(choice) => {
                self.expression(source, names, &choice.test_expr);
                self.expression(source, names, &choice.true_expr);
                if let Some(other) = &choice.false_expr {
                    self.expression(source, names, other);
                }
            }
            Expr::Filter(filter) => {
                if let Some(value) = &filter.expr {
                    self.expression(source, names, value);
                }
                self.arguments(source, names, &filter.args);
                if !FILTERS.contains(&filter.name) {
                    let hint = suggestion(filter.name, FILTERS);
                    self.say(
                        source,
                        filter.span(),
                        "unknown_filter",
                        format!("no filter \"{}\"{hint}", filter.name),
                    );
                }
            }
            Expr::Test(test) => {
                self.expression(source, names, &test.expr);
                self.arguments(source, names, &test.args);
                if !TESTS.contains(&test.name) {
                    let hint = suggestion(test.name, TESTS);
                    self.say(source, test.span(), "unknown_test", format!("no test \"{}\"{hint}", test.name));
                }
            }
            Expr::Call(call) => self.call(source, names, &call.expr, &call.args),
            Expr::List(list) => list.items.iter().for_each(|item| drop(self.expression(source, names, item))),
            Expr::Tuple(tuple) => {
                tuple.items.iter().for_each(|item| drop(self.expression(source, names, item)))
            }
            Expr::Map(map) => {
                for part in map.keys.iter().chain(&map.values) {
                    self.expression(source, names, part);
                }
            }
        }
        Shape::Any
    }

    fn call(&mut self, source: &Source<'d>, names: &mut Names<'d>, callee: &Expr<'d>, args: &[CallArg<'d>]) {
        match callee {
            Expr::Var(var) if names.find(var.id).is_none() => {
                if !FUNCTIONS.contains(&var.id) {
                    let hint = suggestion(var.id, FUNCTIONS.into_iter().chain(names.assigned()));
                    let message = format!("no function or macro \"{}\"{hint}", var.id);
                    self.say(source, var.span(), "unknown_function", message);
                }
            }
            Expr::GetAttr(get) => {
                let shape = self.expression(source, names, &get.expr);
                if matches!(shape, Shape::Field(_)) {
                    let message =
                        format!("values have no methods: use a filter instead of \".{}()\"", get.name);
                    self.say(source, end_of(get.span(), get.name), "unknown_method", message);
                } else {
                    self.member(source, &shape, get.name, end_of(get.span(), get.name));
                }
            }
            other => drop(self.expression(source, names, other)),
        }
        self.arguments(source, names, args);
    }

    fn arguments(&mut self, source: &Source<'d>, names: &mut Names<'d>, args: &[CallArg<'d>]) {
        for arg in args {
            let (CallArg::Pos(expr)
            | CallArg::Kwarg(_, expr)
            | CallArg::PosSplat(expr)
            | CallArg::KwargSplat(expr)) = arg;
            self.expression(source, names, expr);
        }
    }

    fn variable(&mut self, source: &Source<'d>, names: &Names<'d>, name: &'d str, span: Span) -> Shape<'d> {
        if let Some(shape) = names.find_assigned(name) {
            return shape;
        }
        if let Some((key, field)) = self.schema.get_key_value(name) {
            self.used.insert(key);
            return Shape::Field(field);
        }
        let hint = suggestion(name, self.schema.keys().map(String::as_str).chain(names.assigned()));
        let message = if FUNCTIONS.contains(&name) {
            format!("\"{name}\" is a function: call it")
        } else {
            format!("\"{name}\" is not declared in the template's data{hint}")
        };
        self.say(source, span, "unknown_variable", message);
        Shape::Any
    }

    fn member(&mut self, source: &Source<'d>, shape: &Shape<'d>, name: &str, span: Span) -> Shape<'d> {
        shape.member(name).unwrap_or_else(|| {
            self.member_missing(source, shape, name, span);
            Shape::Any
        })
    }

    fn member_missing(&mut self, source: &Source<'d>, shape: &Shape<'d>, name: &str, span: Span) {
        if let Some(known) = shape.member_names() {
            let hint = suggestion(name, known);
            self.say(source, span, "unknown_variable", format!("there is no \"{name}\" in this value{hint}"));
        }
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

/// The place of a name that ends a span.
fn end_of(mut span: Span, name: &str) -> Span {
    let length = u32::try_from(name.len()).unwrap_or(0);
    span.start_offset = span.end_offset.saturating_sub(length).max(span.start_offset);
    span
}
