//! The Redis that holds the data: there, durable, its clock right, room in its memory.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::Finding;
use crate::clock;

const LIMIT: Duration = Duration::from_secs(5);

/// Clocks may differ by so much.
const SKEW_MS: i64 = 2_000;

/// Looks at the server.
pub fn look(url: &str) -> Vec<Finding> {
    let what = "Redis";
    let mut server = match Server::connect(url) {
        Ok(server) => server,
        Err(error) => {
            let todo = "is it running, is the address right, is the port open from here?";
            return vec![Finding::wrong(what, format!("it does not answer: {error:#}"), todo)];
        }
    };
    let answers = (|| -> Result<_> {
        let before = clock::now_ms();
        let time = server.call(&["TIME"])?;
        let appending = server.call(&["CONFIG", "GET", "appendonly"])?;
        let syncing = server.call(&["CONFIG", "GET", "appendfsync"])?;
        let policy = server.call(&["CONFIG", "GET", "maxmemory-policy"])?;
        Ok((before, time, appending, syncing, policy))
    })();
    match answers {
        Err(error) => {
            let todo = "if it needs a password, put it into the URL: redis://:PASSWORD@HOST:PORT";
            vec![Finding::wrong(what, format!("it refuses to be asked: {error:#}"), todo)]
        }
        Ok((before, time, appending, syncing, policy)) => {
            vec![skew(before, clock::now_ms(), &time), durable(&appending, &syncing), evicts(&policy)]
        }
    }
}

/// The server's clock against this machine's, which was read before and after.
fn skew(before_ms: i64, after_ms: i64, time: &[String]) -> Finding {
    let what = "Redis's clock";
    let part = |n: usize| time.get(n).and_then(|part| part.parse::<i64>().ok());
    let (Some(seconds), Some(micros)) = (part(0), part(1)) else {
        return Finding::doubtful(what, "it does not tell the time", "compare the clocks by hand");
    };
    let server_ms = seconds.saturating_mul(1_000).saturating_add(micros / 1_000);
    let off = if server_ms < before_ms { server_ms - before_ms } else { (server_ms - after_ms).max(0) };
    if off.abs() <= SKEW_MS {
        return Finding::well(what, "as this machine's");
    }
    let why = format!("{} ms {} this machine's", off.abs(), if off > 0 { "ahead of" } else { "behind" });
    Finding::wrong(
        what,
        why,
        "let both machines take the time from the same NTP servers; deadlines hang on it",
    )
}

fn durable(appending: &[String], syncing: &[String]) -> Finding {
    let value = |answer: &[String]| answer.get(1).cloned().unwrap_or_default();
    let (appending, syncing) = (value(appending), value(syncing));
    let what = "Redis's durability";
    if appending == "yes" && syncing == "always" {
        return Finding::well(what, "append-only file, always fsync");
    }
    let why = format!(
        "appendonly is {appending:?} and appendfsync {syncing:?}: what was acknowledged may be lost when it dies"
    );
    Finding::wrong(what, why, "set `appendonly yes` and `appendfsync always` in its configuration")
}

fn evicts(policy: &[String]) -> Finding {
    let policy = policy.get(1).map(String::as_str).unwrap_or_default();
    match policy {
        "noeviction" => Finding::well("Redis's memory", "nothing is evicted"),
        other => Finding::wrong(
            "Redis's memory",
            format!("maxmemory-policy is {other:?}: it may throw the journal away"),
            "set `maxmemory-policy noeviction`",
        ),
    }
}

/// A connection that speaks as much of the protocol as is needed.
struct Server(BufReader<TcpStream>);

impl Server {
    fn connect(url: &str) -> Result<Self> {
        let rest = url.strip_prefix("redis://").context("the address must begin with redis://")?;
        let rest = rest.split('/').next().unwrap_or_default();
        let (password, place) = match rest.rsplit_once('@') {
            Some((user, place)) => (user.split_once(':').map(|(_, password)| password), place),
            None => (None, rest),
        };
        let place = if place.contains(':') { place.to_owned() } else { format!("{place}:6379") };
        let address = place.to_socket_addrs()?.next().context("the name has no address")?;
        let stream = TcpStream::connect_timeout(&address, LIMIT)?;
        stream.set_read_timeout(Some(LIMIT))?;
        let mut server = Self(BufReader::new(stream));
        if let Some(password) = password {
            server.call(&["AUTH", password])?;
        }
        Ok(server)
    }

    fn call(&mut self, words: &[&str]) -> Result<Vec<String>> {
        let mut command = format!("*{}\r\n", words.len());
        for word in words {
            command.push_str(&format!("${}\r\n{word}\r\n", word.len()));
        }
        self.0.get_mut().write_all(command.as_bytes())?;
        self.answer()
    }

    fn answer(&mut self) -> Result<Vec<String>> {
        let line = self.line()?;
        let (kind, rest) = line.split_at_checked(1).context("it hung up")?;
        match kind {
            "+" | ":" => Ok(vec![rest.to_owned()]),
            "$" => {
                let length: usize = rest.parse().unwrap_or_default();
                let mut bytes = vec![0; length + 2];
                self.0.read_exact(&mut bytes)?;
                bytes.truncate(length);
                Ok(vec![String::from_utf8_lossy(&bytes).into_owned()])
            }
            "*" => {
                let mut all = Vec::new();
                for _ in 0..rest.parse::<usize>().unwrap_or_default() {
                    all.extend(self.answer()?);
                }
                Ok(all)
            }
            _ => bail!("{rest}"),
        }
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        self.0.read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;
    use std::net::TcpListener;

    /// A server that gives these answers, one after the other.
    fn server(answers: Vec<String>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("redis://{}", listener.local_addr().expect("an address"));
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a client");
            let mut buffer = [0; 1024];
            for answer in answers {
                let _ = stream.read(&mut buffer);
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        url
    }

    fn pair(name: &str, value: &str) -> String {
        format!("*2\r\n${}\r\n{name}\r\n${}\r\n{value}\r\n", name.len(), value.len())
    }

    #[test]
    fn a_redis_that_would_lose_data_or_is_wrong_in_time_is_found() {
        let late = (clock::now_ms() / 1_000 - 60).to_string();
        let found = look(&server(vec![
            pair(&late, "0"),
            pair("appendonly", "no"),
            pair("appendfsync", "everysec"),
            pair("maxmemory-policy", "allkeys-lru"),
        ]));
        let whys: Vec<_> = found.iter().map(Finding::text).collect();
        assert!(found.iter().all(|f| matches!(f.state, State::Wrong { .. })), "{whys:?}");
        assert!(whys[0].contains("behind this machine's"), "{whys:?}");
        assert!(whys[1].contains("may be lost") && whys[2].contains("allkeys-lru"), "{whys:?}");
    }

    #[test]
    fn a_redis_as_it_should_be_is_well() {
        let now = (clock::now_ms() / 1_000).to_string();
        let found = look(&server(vec![
            pair(&now, "0"),
            pair("appendonly", "yes"),
            pair("appendfsync", "always"),
            pair("maxmemory-policy", "noeviction"),
        ]));
        assert!(found.iter().all(|f| matches!(f.state, State::Well(_))), "{found:?}");
    }

    #[test]
    fn a_redis_that_is_not_there_or_wants_a_password_is_told_apart() {
        let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
        let found = look(&format!("redis://127.0.0.1:{port}"));
        assert!(found[0].text().contains("does not answer"), "{found:?}");
        let found = look(&server(vec!["-NOAUTH Authentication required.\r\n".to_owned()]));
        assert!(found[0].text().contains("NOAUTH") && found[0].text().contains("password"), "{found:?}");
        assert!(look("http://x")[0].text().contains("redis://"));
    }
}
