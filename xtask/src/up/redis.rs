//! `--fresh` on Redis: every key of the application is removed, and no other.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result, bail};

/// Every key of the application begins like this, with or without a format version.
const OURS: &str = "r[0-9]*:*";

/// A value of Redis' protocol, as far as it is needed here.
enum Reply {
    Text(String),
    Array(Vec<Reply>),
}

struct Connection(BufReader<TcpStream>);

/// Removes every key of the application.
///
/// # Errors
/// When the server cannot be reached or refuses.
pub fn forget_everything(url: &str) -> Result<()> {
    let server = Server::parse(url)?;
    let mut connection = server.connect().with_context(|| format!("reaching Redis at {}", server.address))?;
    let mut cursor = "0".to_owned();
    loop {
        let found = connection.call(&["SCAN", &cursor, "MATCH", OURS, "COUNT", "1000"])?;
        let Reply::Array(parts) = found else { bail!("Redis answered SCAN with something else") };
        let [Reply::Text(next), Reply::Array(keys)] = parts.as_slice() else {
            bail!("Redis answered SCAN with something else")
        };
        let keys = keys.iter().filter_map(|key| if let Reply::Text(key) = key { Some(&**key) } else { None });
        let unlink: Vec<&str> = std::iter::once("UNLINK").chain(keys).collect();
        if unlink.len() > 1 {
            connection.call(&unlink)?;
        }
        cursor.clone_from(next);
        if cursor == "0" {
            return Ok(());
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Server<'a> {
    address: String,
    user: &'a str,
    password: &'a str,
    database: &'a str,
}

impl<'a> Server<'a> {
    /// `redis://[[user]:password@]host[:port][/database]`
    fn parse(url: &'a str) -> Result<Self> {
        let Some(rest) = url.strip_prefix("redis://") else {
            bail!("--redis takes redis://HOST[:PORT][/DB], without TLS");
        };
        let (credentials, rest) = rest.rsplit_once('@').unwrap_or(("", rest));
        let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
        let (server, database) = rest.split_once('/').unwrap_or((rest, ""));
        let with_port = server.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        let address = if with_port { server.to_owned() } else { format!("{server}:6379") };
        Ok(Self { address, user, password, database })
    }

    fn connect(&self) -> Result<Connection> {
        let stream = TcpStream::connect(&self.address)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        let mut connection = Connection(BufReader::new(stream));
        if !self.password.is_empty() {
            let user = if self.user.is_empty() { "default" } else { self.user };
            connection.call(&["AUTH", user, self.password])?;
        }
        if !self.database.is_empty() {
            connection.call(&["SELECT", self.database])?;
        }
        Ok(connection)
    }
}

impl Connection {
    fn call(&mut self, words: &[&str]) -> Result<Reply> {
        let mut request = format!("*{}\r\n", words.len());
        for word in words {
            request.push_str(&format!("${}\r\n{word}\r\n", word.len()));
        }
        self.0.get_mut().write_all(request.as_bytes())?;
        self.reply()
    }

    fn reply(&mut self) -> Result<Reply> {
        let mut line = String::new();
        self.0.read_line(&mut line)?;
        let line = line.trim_end();
        let Some((kind, rest)) = line.split_at_checked(1) else { bail!("Redis closed the connection") };
        match kind {
            "+" | ":" => Ok(Reply::Text(rest.to_owned())),
            "-" => bail!("Redis refused: {rest}"),
            "$" => {
                let mut bytes = vec![0; rest.parse::<usize>()? + 2];
                self.0.read_exact(&mut bytes)?;
                bytes.truncate(bytes.len().saturating_sub(2));
                Ok(Reply::Text(String::from_utf8(bytes)?))
            }
            "*" => (0..rest.parse::<usize>()?).map(|_| self.reply()).collect::<Result<_>>().map(Reply::Array),
            _ => bail!("Redis answered something else: {line}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        let parsed = |url| Server::parse(url).map(|s| (s.address, s.user, s.password, s.database)).ok();
        assert_eq!(parsed("redis://h"), Some(("h:6379".into(), "", "", "")));
        assert_eq!(parsed("redis://h:1/2"), Some(("h:1".into(), "", "", "2")));
        assert_eq!(parsed("redis://:p@h:1"), Some(("h:1".into(), "", "p", "")));
        assert_eq!(parsed("redis://u:p@s@h/3"), Some(("h:6379".into(), "u", "p@s", "3")));
        assert_eq!(parsed("rediss://h"), None);
        assert_eq!(parsed("localhost:6379"), None);
    }

    #[test]
    fn only_keys_of_the_application_are_removed() {
        let Some(server) = Redis::start() else { return };
        let url = format!("redis://127.0.0.1:{}/1", server.port);
        let mut connection = Server::parse(&url).expect("an URL").connect().expect("reached");
        for n in 0..2_500 {
            connection.call(&["SET", &format!("r1:s:{n}"), "x"]).expect("set");
        }
        connection.call(&["SET", "reports", "x"]).expect("set");
        forget_everything(&url).expect("removed");
        let Ok(Reply::Array(keys)) = connection.call(&["KEYS", "*"]) else { panic!("KEYS") };
        assert!(matches!(keys.as_slice(), [Reply::Text(key)] if key == "reports"));
        assert!(forget_everything("redis://127.0.0.1:1").is_err());
    }

    struct Redis {
        child: std::process::Child,
        port: u16,
    }

    impl Redis {
        /// Nothing where Redis is not installed: `cargo xtask test` installs it.
        fn start() -> Option<Self> {
            let port = std::net::TcpListener::bind("127.0.0.1:0")
                .and_then(|socket| socket.local_addr())
                .ok()?
                .port();
            let mut command = std::process::Command::new(crate::process::on_path("redis-server")?);
            command.args([
                "--port",
                &port.to_string(),
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--appendonly",
                "no",
            ]);
            let child = command.stdout(std::process::Stdio::null()).spawn().ok()?;
            let server = Self { child, port };
            for _ in 0..200 {
                if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                    return Some(server);
                }
                std::thread::sleep(Duration::from_millis(20));
            }
            panic!("redis-server does not answer");
        }
    }

    impl Drop for Redis {
        fn drop(&mut self) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
