//! `allowed_outbound_hosts`, read and enforced as on Spin: `scheme://host[:port]`.
//!
//! Scheme, host and port may be `*`; a host may begin with `*.`, be an address range (`10.0.0.0/8`) or
//! `self` (the application's own routes); a port may be a range `8000..9000` (the end excluded). Without a
//! port it is the scheme's own.

use std::{net::IpAddr, ops::Range};

use http::{Uri, uri::Scheme};
use thiserror::Error;

/// Whether a request may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// No entry allows it.
    Denied,
    /// An entry names the host: it may be anywhere.
    Named,
    /// The entry says `*` for the host: it must not lead inside, whatever its name resolves to.
    Public,
}

/// Where one component may send requests; nowhere by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedHosts(Vec<Rule>);

/// An entry that cannot be read. Its text is not shown: it may hold the value of a secret variable.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("allowed_outbound_hosts, entry {number}: {why}")]
pub struct RuleError {
    /// From 1.
    number: usize,
    why: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    /// Absent: any.
    scheme: Option<String>,
    host: Host,
    ports: Range<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Host {
    Any,
    Itself,
    Named(String),
    Network(IpAddr, u32),
    Under(String),
}

const ANY_PORT: Range<u32> = 0..65_536;

impl AllowedHosts {
    /// Reads the entries, their variables replaced already.
    pub fn parse<S: AsRef<str>>(entries: &[S]) -> Result<Self, RuleError> {
        let rule = |(number, entry): (usize, &S)| {
            Rule::parse(entry.as_ref().trim()).map_err(|why| RuleError { number, why })
        };
        (1..).zip(entries).map(rule).collect::<Result<_, _>>().map(Self)
    }

    /// Whether a request to this address may be sent. An address without scheme counts as https.
    pub fn reach(&self, uri: &Uri) -> Reach {
        let scheme = uri.scheme_str().unwrap_or("https");
        let host = uri.host().unwrap_or_default().to_ascii_lowercase();
        let port = uri.port_u16().or_else(|| own_port(scheme)).map(u32::from);
        let mut fitting = self.0.iter().filter(|rule| {
            rule.scheme.as_ref().is_none_or(|allowed| allowed == scheme)
                && rule.host.allows(&host)
                && match port {
                    Some(port) => rule.ports.contains(&port),
                    None => rule.ports == ANY_PORT,
                }
        });
        match (fitting.clone().next(), fitting.any(|rule| rule.host != Host::Any)) {
            (None, _) => Reach::Denied,
            (Some(_), true) => Reach::Named,
            (Some(_), false) => Reach::Public,
        }
    }

    /// Whether a request to the application's own routes may be sent (`self`, or any host).
    pub fn allow_self(&self) -> bool {
        let http = |scheme: &String| scheme == Scheme::HTTP.as_str() || scheme == Scheme::HTTPS.as_str();
        self.0.iter().any(|rule| {
            matches!(rule.host, Host::Any | Host::Itself) && rule.scheme.as_ref().is_none_or(http)
        })
    }
}

impl Rule {
    fn parse(entry: &str) -> Result<Self, &'static str> {
        let (scheme, rest) =
            entry.split_once("://").ok_or("a scheme is missing, such as https:// or *://")?;
        let (host, port) = rest.rsplit_once(':').unwrap_or((rest, ""));
        let (port, path) = port.split_once('/').unwrap_or((port, ""));
        if !path.is_empty() {
            return Err("a path is not allowed");
        }
        if scheme != "*" && !scheme.chars().all(char::is_alphabetic) {
            return Err("a scheme has letters only");
        }
        Ok(Self {
            scheme: (scheme != "*").then(|| scheme.to_owned()),
            host: Host::parse(host.trim())?,
            ports: parse_ports(port, scheme)?,
        })
    }
}

impl Host {
    fn parse(host: &str) -> Result<Self, &'static str> {
        match host {
            "" => return Err("the host is missing"),
            "*" => return Ok(Self::Any),
            "self" | "self.alt" => return Ok(Self::Itself),
            _ => {}
        }
        if let Some(network) = parse_network(host) {
            return Ok(network);
        }
        let host = host.trim_end_matches('/');
        if host.contains('/') {
            return Err("a path is not allowed");
        }
        match host.strip_prefix("*.") {
            Some(domain) if !domain.contains('*') => Ok(Self::Under(format!(".{domain}"))),
            None if !host.contains('*') => Ok(Self::Named(host.to_owned())),
            _ => Err("* stands for a whole host or for its beginning, as in *.example.com"),
        }
    }

    fn allows(&self, host: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Itself => false,
            Self::Named(name) => name == host,
            Self::Under(suffix) => host.ends_with(suffix),
            Self::Network(network, length) => match (network, host.parse::<IpAddr>()) {
                (IpAddr::V4(network), Ok(IpAddr::V4(address))) => {
                    same_prefix(u128::from(network.to_bits()), u128::from(address.to_bits()), 32 - length)
                }
                (IpAddr::V6(network), Ok(IpAddr::V6(address))) => {
                    same_prefix(network.to_bits(), address.to_bits(), 128 - length)
                }
                _ => false,
            },
        }
    }
}

fn parse_network(host: &str) -> Option<Host> {
    let (address, length) = match host.split_once('/') {
        Some((address, length)) => (address.parse::<IpAddr>().ok()?, length.parse().ok()?),
        None => {
            let address = host.parse::<IpAddr>().ok()?;
            (address, if address.is_ipv4() { 32 } else { 128 })
        }
    };
    let longest = if address.is_ipv4() { 32 } else { 128 };
    (length <= longest).then_some(Host::Network(address, length))
}

fn same_prefix(one: u128, other: u128, free_bits: u32) -> bool {
    let prefix = |address: u128| address.checked_shr(free_bits).unwrap_or(0);
    prefix(one) == prefix(other)
}

fn parse_ports(port: &str, scheme: &str) -> Result<Range<u32>, &'static str> {
    let number =
        |text: &str| text.parse::<u16>().map(u32::from).map_err(|_| "a port is a number from 0 to 65535");
    match port.split_once("..") {
        _ if port == "*" => Ok(ANY_PORT),
        Some((start, end)) => Ok(number(start)?..number(end)?),
        None if port.is_empty() => own_port(scheme)
            .map(|port| u32::from(port)..u32::from(port) + 1)
            .ok_or("a port is missing and the scheme has none of its own"),
        None => number(port).map(|port| port..port + 1),
    }
}

fn own_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        "mqtt" => Some(1883),
        "mysql" => Some(3306),
        "postgres" => Some(5432),
        "redis" => Some(6379),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(entry: &str, uri: &str) -> bool {
        AllowedHosts::parse(&[entry]).unwrap().reach(&uri.parse().unwrap()) != Reach::Denied
    }

    #[test]
    fn what_is_listed_is_allowed_and_nothing_else() {
        for (entry, yes, no) in [
            ("https://a.com", "https://a.com/x?y", "https://b.com/"),
            ("https://a.com", "https://a.com:443/", "https://a.com:8443/"),
            ("https://a.com", "https://A.com/", "http://a.com/"),
            ("https://a.com/", "https://a.com/", "https://a.com.evil.com/"),
            ("http://a.com:80", "http://a.com/", "https://a.com/"),
            ("https://*.a.com", "https://x.y.a.com/", "https://a.com/"),
            ("https://*.a.com", "https://x.a.com/", "https://xa.com/"),
            ("http://*:8000..8002", "http://x:8001/", "http://x:8002/"),
            ("http://127.0.0.1:*", "http://127.0.0.1:5/", "http://127.0.0.2:5/"),
            ("http://10.1.0.0/16:80", "http://10.1.2.3/", "http://10.2.2.3/"),
            ("*://a.com:80", "http://a.com/", "http://b.com/"),
            ("http://*.spin.internal", "http://delivery.spin.internal/x", "https://delivery.spin.internal/x"),
            ("http://delivery.spin.internal", "http://delivery.spin.internal/", "http://desk.spin.internal/"),
        ] {
            assert!(allowed(entry, yes), "{entry} {yes}");
            assert!(!allowed(entry, no), "{entry} {no}");
        }
        assert!(allowed("*://*:*", "https://anything:1/"));
        assert!(allowed("http://0.0.0.0/0:*", "http://9.9.9.9/"));
        assert_eq!(AllowedHosts::default().reach(&"https://a.com".parse().unwrap()), Reach::Denied);
    }

    #[test]
    fn self_is_the_application_only() {
        let itself = AllowedHosts::parse(&["http://self"]).unwrap();
        assert!(itself.allow_self() && itself.reach(&"http://self/".parse().unwrap()) == Reach::Denied);
        assert!(AllowedHosts::parse(&["https://*"]).unwrap().allow_self());
        assert!(!AllowedHosts::parse(&["redis://*", "https://a.com"]).unwrap().allow_self());
    }

    #[test]
    fn unclear_entries_are_refused() {
        for entry in [
            "a.com",
            "",
            "*",
            "https://a.com/path",
            "https://a.com:80/path",
            "https://a*.com",
            "https://*.*.com",
            "ftp://a.com",
            "https://a.com:x",
            "https://a.com:1..x",
            "https://a.com:70000",
            "ht-tp://a.com",
            "https://",
        ] {
            assert!(AllowedHosts::parse(&[entry]).is_err(), "{entry}");
        }
    }

    #[test]
    fn what_only_a_star_allows_must_be_public() {
        let rules =
            AllowedHosts::parse(&["https://*:*", "http://127.0.0.1:4000", "*://*.example.com:*"]).unwrap();
        let reach = |uri: &str| rules.reach(&uri.parse().unwrap());
        assert_eq!(reach("https://10.0.0.1/"), Reach::Public);
        assert_eq!(reach("https://example.org:8443/"), Reach::Public);
        assert_eq!(reach("http://127.0.0.1:4000/"), Reach::Named);
        assert_eq!(reach("https://a.example.com/"), Reach::Named, "a more exact entry counts");
        assert_eq!(reach("http://127.0.0.1:4001/"), Reach::Denied);
    }
}
