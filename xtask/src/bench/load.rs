//! A load from this machine: keep-alive connections that each send one request after another.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::ops::Range;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// What one run measured.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    /// Requests a second.
    pub rate: f64,
    /// Processor time that the host spent on each, in milliseconds: what a busy machine changes least.
    pub cpu_ms: f64,
    /// Latencies, sorted.
    latencies: Vec<Duration>,
}

impl Measured {
    /// How many requests were answered.
    pub fn count(&self) -> usize {
        self.latencies.len()
    }

    /// The latency that this share of the requests did not exceed, in milliseconds.
    pub fn quantile_ms(&self, share: f64) -> f64 {
        let last = self.latencies.len().saturating_sub(1);
        #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let place = (last as f64 * share).round() as usize;
        self.latencies.get(place).map_or(0.0, |latency| latency.as_secs_f64() * 1_000.0)
    }
}

/// Sends for some time over so many connections. `request` makes the bytes of the n-th request of a connection; with
/// `pause` each connection starts one request per pause at most.
///
/// # Errors
/// When a connection breaks or an answer is no 2xx: figures of failures mean nothing.
pub fn run(
    port: u16,
    connections: usize,
    time: Duration,
    pause: Option<Duration>,
    request: &(impl Fn(usize, usize) -> Vec<u8> + Sync),
) -> Result<Measured> {
    run_answered(200..300, port, connections, time, pause, request)
}

/// As [`run`], for requests that are to be answered with another status.
///
/// # Errors
/// When a connection breaks or an answer is another one.
pub fn run_answered(
    with: Range<u16>,
    port: u16,
    connections: usize,
    time: Duration,
    pause: Option<Duration>,
    request: &(impl Fn(usize, usize) -> Vec<u8> + Sync),
) -> Result<Measured> {
    let barrier = Barrier::new(connections);
    let started = Instant::now();
    let results: Vec<Result<Vec<Duration>>> = std::thread::scope(|scope| {
        let send = |connection| {
            let (barrier, with) = (&barrier, with.clone());
            scope.spawn(move || {
                let stream = TcpStream::connect(("127.0.0.1", port));
                barrier.wait();
                one(with, stream?, connection, time, pause, request)
            })
        };
        let threads: Vec<_> = (0..connections).map(send).collect();
        threads
            .into_iter()
            .map(|t| t.join().unwrap_or_else(|_| bail!("a connection's thread failed")))
            .collect()
    });
    let elapsed = started.elapsed();
    let mut latencies = results.into_iter().collect::<Result<Vec<_>>>()?.concat();
    latencies.sort_unstable();
    #[allow(clippy::cast_precision_loss)] // thousands
    let rate = latencies.len() as f64 / elapsed.as_secs_f64();
    Ok(Measured { rate, cpu_ms: 0.0, latencies })
}

/// Sends one request over a connection of its own.
///
/// # Errors
/// When the connection breaks or the answer is no 2xx.
pub fn send(port: u16, request: &[u8]) -> Result<()> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_nodelay(true)?;
    stream.write_all(request)?;
    match answer(&mut BufReader::new(stream))? {
        200..300 => Ok(()),
        status => bail!("a request was answered with {status}"),
    }
}

fn one(
    with: Range<u16>,
    stream: TcpStream,
    connection: usize,
    time: Duration,
    pause: Option<Duration>,
    request: &impl Fn(usize, usize) -> Vec<u8>,
) -> Result<Vec<Duration>> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut stream = stream;
    let mut latencies = Vec::new();
    let end = Instant::now() + time;
    for n in 0.. {
        let bytes = request(connection, n);
        let begun = Instant::now();
        if begun >= end {
            break;
        }
        stream.write_all(&bytes)?;
        let status = answer(&mut reader)?;
        latencies.push(begun.elapsed());
        if !with.contains(&status) {
            bail!("a request was answered with {status}");
        }
        if let Some(rest) = pause.and_then(|pause| pause.checked_sub(begun.elapsed())) {
            std::thread::sleep(rest);
        }
    }
    Ok(latencies)
}

/// Reads one answer; its status.
fn answer(reader: &mut impl BufRead) -> Result<u16> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let status = line.split(' ').nth(1).and_then(|s| s.parse().ok()).context("no status line")?;
    let mut length = 0;
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        match line.trim_end().split_once(':') {
            None => break,
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.trim().parse()?
            }
            Some(_) => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(status)
}

/// The bytes of a question.
pub fn get(path: &str, headers: &[(&str, &str)]) -> Vec<u8> {
    request("GET", path, headers, b"")
}

/// The bytes of a request with a body.
pub fn post(path: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    request("POST", path, headers, body)
}

fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut head =
        format!("{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    [head.as_bytes(), body].concat()
}
