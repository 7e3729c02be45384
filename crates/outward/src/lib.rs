//! Addresses that a tenant supplies and this application sends to: none that leads inside.
//!
//! Checked when one is set and again before each request. A name may still resolve to a private address, now or at
//! the next look-up: only what connects can refuse that. The local host does; on Spin it is the runtime option
//! `[outbound_networking] block_networks = ["private"]`.

use http::Uri;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Endings of names that are never public.
const INNER_NAMES: [&str; 11] = [
    "corp",
    "home",
    "home.arpa",
    "internal",
    "intranet",
    "lan",
    "local",
    "localdomain",
    "localhost",
    "onion",
    "private",
];

/// Reads an address to send to. `rehearsal`: the origin of a stand-in, which may be anywhere; empty: none.
///
/// # Errors
/// What is wrong and what would be right.
pub fn parse(address: &str, rehearsal: &str) -> Result<Uri, &'static str> {
    let needed = "an absolute https URL is needed, an international host name as xn--…";
    let uri: Uri = address.parse().map_err(|_| needed)?;
    let (scheme, host, port) = origin(&uri).ok_or(needed)?;
    if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return Err("an URL with a user name or password is not accepted");
    }
    let stand_in = rehearsal.parse::<Uri>().ok();
    if stand_in.as_ref().and_then(origin).is_some_and(|o| o == (scheme, host.clone(), port)) {
        return Ok(uri);
    }
    if scheme != "https" {
        return Err(needed);
    }
    if port != 443 && port < 1_024 {
        return Err("only port 443 and ports from 1024 are accepted");
    }
    let literal = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let public = match (literal, host.parse()) {
        (Some(literal), _) => literal.parse().is_ok_and(is_public_v6),
        (None, Ok(address)) => is_public_v4(address),
        (None, Err(_)) => is_public_name(&host),
    };
    if public { Ok(uri) } else { Err("the host must be reachable publicly; this one is not") }
}

/// Scheme, host in small letters, port; nothing if one of them is missing or unreadable.
fn origin(uri: &Uri) -> Option<(&str, String, u16)> {
    let (scheme, authority) = (uri.scheme_str()?, uri.authority()?);
    let host = authority.host();
    let after_user = authority.as_str().rsplit('@').next()?;
    let port = match (after_user.strip_prefix(host)?, scheme) {
        ("", "http") => 80,
        ("", "https") => 443,
        (port, _) => port.strip_prefix(':')?.parse().ok()?,
    };
    (!host.is_empty()).then(|| (scheme, host.to_ascii_lowercase(), port))
}

/// Is this an address of the public internet?
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let is_inner =
        |ending: &&str| name.strip_suffix(*ending).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    // Resolvers take a name that ends in a number, of whatever notation, for an address.
    let last = name.rsplit('.').next().unwrap_or_default();
    let is_number = last.bytes().next().is_some_and(|b| b.is_ascii_digit());
    name.contains('.') && !is_number && name.split('.').all(is_label) && !INNER_NAMES.iter().any(is_inner)
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = matches!(
        (a, b, c),
        (0 | 10 | 127 | 224..=255, _, _)    // this network, private, loopback, multicast, reserved
            | (100, 64..=127, _)            // shared by providers
            | (169, 254, _)                 // link-local: metadata of clouds
            | (172, 16..=31, _)             // private
            | (192, 0, 0 | 2)               // protocol assignments, documentation
            | (192, 88, 99)                 // relays of 6to4
            | (192, 168, _)                 // private
            | (198, 18..=19, _)             // benchmarks
            | (198, 51, 100)                // documentation
            | (203, 0, 113) // documentation
    );
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    // Global unicast only: so neither loopback nor private, link-local, mapped (::ffff:0:0/96), compatible,
    // translated (64:ff9b::/96) and multicast addresses.
    let [a, b, ..] = address.segments();
    let special = matches!(
        (a, b),
        (0x2001, 0x0000..=0x01ff)           // protocol assignments; among them Teredo, which embeds others
            | (0x2001, 0x0db8)              // documentation
            | (0x2002, _)                   // 6to4: embeds an IPv4 address
            | (0x3fff, 0x0000..=0x0fff) // documentation
    );
    a & 0xe000 == 0x2000 && !special
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAND_IN: &str = "http://127.0.0.1:4000";

    #[test]
    fn public_addresses_are_accepted() {
        for address in [
            "https://example.org/hook?x=1",
            "https://hooks.example.co.uk:8443/",
            "https://93.184.216.34/",
            "https://[2606:2800:220:1::1]/",
            "https://EXAMPLE.org./",
            "https://internal.example.org/",
            "https://xn--exmple-cua.org/",
        ] {
            assert!(parse(address, STAND_IN).is_ok(), "{address}");
        }
    }

    #[test]
    fn what_leads_inside_is_refused_in_every_notation() {
        for address in [
            // Schemes and forms.
            "http://example.org/",
            "ftp://example.org/",
            "file:///etc/passwd",
            "gopher://example.org/",
            "javascript:alert(1)",
            "data:text/plain,x",
            "example.org/hook",
            "//example.org/",
            "https://",
            "https:///x",
            "",
            // Names and passwords: what one parser takes for a user another takes for the host.
            "https://user@example.org/",
            "https://user:pass@example.org/",
            "https://example.org@127.0.0.1/",
            "https://127.0.0.1#@example.org/",
            "https://127.0.0.1\\@example.org/",
            // Ports of other services.
            "https://example.org:22/",
            "https://example.org:25/",
            "https://example.org:0/",
            // Names of the machine and of the network around it.
            "https://localhost/",
            "https://LOCALHOST./",
            "https://a.localhost/",
            "https://delivery.spin.internal/internal/send",
            "https://metadata.google.internal/",
            "https://router.local/",
            "https://nas.home.arpa/",
            "https://redis/",
            "https://redis.default.svc.cluster.local/",
            "https://.example./",
            // IPv4, as it is written and as it may be.
            "https://127.0.0.1/",
            "https://127.1/",
            "https://2130706433/",
            "https://017700000001/",
            "https://0x7f000001/",
            "https://0x7f.0.0.1/",
            "https://0177.0.0.1/",
            "https://127.0.0.1./",
            "https://127。0。0。1/",
            "https://①②⑦.⓪.⓪.①/",
            "https://0/",
            "https://0.0.0.0/",
            "https://10.1.2.3/",
            "https://100.64.0.1/",
            "https://169.254.169.254/latest/meta-data",
            "https://172.16.0.1/",
            "https://172.31.255.255/",
            "https://192.0.0.1/",
            "https://192.0.2.1/",
            "https://192.88.99.1/",
            "https://192.168.0.1/",
            "https://198.18.0.1/",
            "https://198.51.100.1/",
            "https://203.0.113.1/",
            "https://224.0.0.1/",
            "https://240.0.0.1/",
            "https://255.255.255.255/",
            // IPv6, and IPv4 within it.
            "https://[::]/",
            "https://[::1]/",
            "https://[::127.0.0.1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[::ffff:a00:1]/",
            "https://[64:ff9b::7f00:1]/",
            "https://[64:ff9b:1::1]/",
            "https://[2002:7f00:1::]/",
            "https://[2001:0:7f00:1::]/",
            "https://[2001:db8::1]/",
            "https://[3fff::1]/",
            "https://[fc00::1]/",
            "https://[fd00:ec2::254]/",
            "https://[fe80::1]/",
            "https://[fec0::1]/",
            "https://[ff02::1]/",
            "https://[100::1]/",
        ] {
            assert!(parse(address, "").is_err(), "{address}");
            assert!(parse(address, STAND_IN).is_err(), "{address}");
        }
    }

    #[test]
    fn a_stand_in_is_accepted_where_it_is_set_and_nothing_beside_it() {
        assert!(parse("http://127.0.0.1:4000/subscribers/a", STAND_IN).is_ok());
        for (address, rehearsal) in [
            ("http://127.0.0.1:4000/", ""),
            ("http://127.0.0.1:4001/", STAND_IN),
            ("http://127.0.0.2:4000/", STAND_IN),
            ("http://user@127.0.0.1:4000/", STAND_IN),
            ("http://127.0.0.1:4000@example.org/", STAND_IN),
            ("data:x", "data:y"),
        ] {
            assert!(parse(address, rehearsal).is_err(), "{address} with {rehearsal}");
        }
    }
}
