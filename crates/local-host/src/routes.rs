//! Which component answers a path: Spin's own matcher, so that precedence is the same to the letter.

use std::net::SocketAddr;

use http::{HeaderName, HeaderValue, Request, header::HOST};

use crate::manifest::HttpTrigger;

/// The public routes of an application.
#[derive(Debug)]
pub struct Router(routefinder::Router<Route>);

/// A request's way to a component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matched {
    /// The component that answers.
    pub component: String,
    /// The pattern, as in the manifest.
    pub route: String,
    /// What a trailing `/...` stands for: empty or with a slash first.
    pub path_info: String,
    /// What `:name` segments stand for.
    pub named: Vec<(String, String)>,
}

#[derive(Debug)]
struct Route {
    component: String,
    raw: String,
}

impl Router {
    /// Builds the router; private triggers have no path. The error names the pattern.
    pub fn new(triggers: &[HttpTrigger]) -> Result<Self, String> {
        let mut router = routefinder::Router::new();
        for trigger in triggers {
            let Some(raw) = &trigger.route else { continue };
            let pattern = match raw.strip_suffix("/...") {
                Some(prefix) => format!("{prefix}/*"),
                None => raw.strip_suffix('/').unwrap_or(raw).to_owned(),
            };
            let route = Route { component: trigger.component.clone(), raw: raw.clone() };
            router.add(pattern, route).map_err(|error| format!("the route {raw:?}: {error}"))?;
        }
        Ok(Self(router))
    }

    /// The best route for a path (without query), if any.
    pub fn route(&self, path: &str) -> Option<Matched> {
        let found = self.0.best_match(path)?;
        let captures = found.captures();
        let path_info = match captures.wildcard() {
            None => String::new(),
            // Spin keeps a trailing slash, the matcher drops it.
            Some("") => if path.ends_with('/') { "/" } else { "" }.to_owned(),
            Some(rest) => format!("/{rest}{}", if path.ends_with('/') { "/" } else { "" }),
        };
        Some(Matched {
            component: found.handler().component.clone(),
            route: found.handler().raw.clone(),
            path_info,
            named: captures.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        })
    }
}

impl Matched {
    /// The way of a request from one component to another: as if matched by `/...`.
    pub fn internal(component: &str, path: &str) -> Self {
        Self { component: component.into(), route: "/...".into(), path_info: path.into(), named: Vec::new() }
    }

    /// Puts the host's `spin-*` headers *after* those of the client, as Spin does: the first value may be
    /// forged, the last one is the host's.
    ///
    /// Fails, as on Spin, when a header is not UTF-8.
    pub fn add_headers<B>(&self, request: &mut Request<B>, client: SocketAddr) -> Result<(), &'static str> {
        if request.headers().values().any(|value| std::str::from_utf8(value.as_bytes()).is_err()) {
            return Err("a header is not UTF-8");
        }
        // Between components there is no Host header, and Spin puts this in its place.
        let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        let prefix = self.route.strip_suffix("/...").unwrap_or(&self.route);
        let mut added = vec![
            ("spin-path-info".to_owned(), self.path_info.clone()),
            ("spin-full-url".to_owned(), format!("http://{host}{path}")),
            ("spin-matched-route".to_owned(), self.route.clone()),
            ("spin-base-path".to_owned(), "/".to_owned()),
            ("spin-raw-component-route".to_owned(), self.route.clone()),
            ("spin-component-route".to_owned(), prefix.to_owned()),
            ("spin-client-addr".to_owned(), client.to_string()),
        ];
        added.extend(
            self.named.iter().map(|(name, value)| (format!("spin-path-match-{name}"), value.clone())),
        );
        for (name, value) in added {
            let name = name.replace('_', "-").to_ascii_lowercase();
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                request.headers_mut().append(name, value);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn router(routes: &[&str]) -> Router {
        let trigger =
            |route: &&str| HttpTrigger { route: Some((*route).to_owned()), component: (*route).to_owned() };
        Router::new(&routes.iter().map(trigger).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn the_more_exact_route_wins_whatever_the_order() {
        let routes = [
            "/...",
            "/a",
            "/a/...",
            "/a/b/...",
            "/a/:x",
            "/a/:x/c",
            "/hooks/:desk/:channel/:account",
            "/s/:token",
        ];
        for order in [routes.to_vec(), routes.iter().rev().copied().collect()] {
            let router = router(&order);
            for (path, expected) in [
                ("/", "/..."),
                ("/a", "/a"),
                ("/a/", "/a"),
                ("/a/b", "/a/b/..."),
                ("/a/b/c", "/a/b/..."),
                ("/a/z", "/a/:x"),
                ("/a/z/c", "/a/:x/c"),
                ("/a/z/d", "/a/..."),
                ("/ab", "/..."),
                ("/hooks/school/whatsapp/main", "/hooks/:desk/:channel/:account"),
                ("/hooks/school/whatsapp", "/..."),
                ("/s/t", "/s/:token"),
            ] {
                assert_eq!(
                    router.route(path).map(|found| found.component).as_deref(),
                    Some(expected),
                    "{path}"
                );
            }
        }
    }

    #[test]
    fn an_unknown_path_has_no_route() {
        let router = router(&["/a", "/b/..."]);
        for path in ["/", "/c", "/a/b", "/bb"] {
            assert_eq!(router.route(path), None, "{path}");
        }
    }

    #[test]
    fn private_triggers_are_not_reached_by_path() {
        let router = Router::new(&[HttpTrigger { route: None, component: "delivery".into() }]).unwrap();
        assert_eq!(router.route("/"), None);
        assert_eq!(router.route("/delivery"), None);
    }

    #[test]
    fn path_info_keeps_the_trailing_slash() {
        let router = router(&["/foo/...", "/bar/:id"]);
        for (path, info) in
            [("/foo", ""), ("/foo/", "/"), ("/foo/x", "/x"), ("/foo/x/y/", "/x/y/"), ("/bar/1", "")]
        {
            assert_eq!(router.route(path).unwrap().path_info, info, "{path}");
        }
    }

    #[test]
    fn the_clients_spin_headers_come_first() {
        let matched = router(&["/users/:user_id/..."]).route("/users/7/x").unwrap();
        let mut request = Request::get("http://h:1/users/7/x?q=1")
            .header("host", "h:1")
            .header("spin-client-addr", "forged")
            .header("spin-path-match-user-id", "forged")
            .body(())
            .unwrap();
        matched.add_headers(&mut request, "1.2.3.4:5".parse().unwrap()).unwrap();
        let all = |name: &str| {
            request.headers().get_all(name).iter().map(|v| v.to_str().unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(all("spin-client-addr"), ["forged", "1.2.3.4:5"]);
        assert_eq!(all("spin-path-match-user-id"), ["forged", "7"]);
        assert_eq!(all("spin-full-url"), ["http://h:1/users/7/x?q=1"]);
        assert_eq!(all("spin-component-route"), ["/users/:user_id"]);
        assert_eq!(all("spin-raw-component-route"), ["/users/:user_id/..."]);
        assert_eq!(all("spin-path-info"), ["/x"]);
    }

    #[test]
    fn a_header_that_is_not_utf8_is_refused() {
        let mut request =
            Request::get("/").header("x", HeaderValue::from_bytes(b"\xff").unwrap()).body(()).unwrap();
        assert!(Matched::internal("c", "/").add_headers(&mut request, "1.2.3.4:5".parse().unwrap()).is_err());
    }
}
