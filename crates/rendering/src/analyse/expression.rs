//! Names in expressions.

use super::{Analysis, Source};
use crate::analyse::names::{Names, Shape};
use crate::helpers::{FILTERS, FUNCTIONS, TESTS};
use crate::problem::suggestion;
use minijinja::machinery::Span;
use minijinja::machinery::ast::{CallArg, Expr};

impl<'d> Analysis<'d> {
    /// Looks up every name of an expression; returns what is known of its value.
    pub(super) fn expression(
        &mut self,
        source: &Source<'d>,
        names: &mut Names<'d>,
        expr: &Expr<'d>,
    ) -> Shape<'d> {
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

    pub(super) fn call(
        &mut self,
        source: &Source<'d>,
        names: &mut Names<'d>,
        callee: &Expr<'d>,
        args: &[CallArg<'d>],
    ) {
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

/// The place of a name that ends a span.
fn end_of(mut span: Span, name: &str) -> Span {
    let length = u32::try_from(name.len()).unwrap_or(0);
    span.start_offset = span.end_offset.saturating_sub(length).max(span.start_offset);
    span
}
