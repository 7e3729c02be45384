//! Raw HTTP, so that a test says exactly what is on the wire.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::mpsc::{Receiver, Sender, channel},
    thread,
    time::Duration,
};

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

/// Sends a request as it is written, which must ask to close the connection, and reads to the end.
pub fn ask(address: &str, request: &str) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("not an answer: {text:?}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head: head.to_owned(), body: body.to_owned() }
}

/// A server that answers every request with the same text after a while, and what it was sent.
pub struct Server {
    pub address: String,
    pub heads: Receiver<String>,
}

impl Server {
    pub fn start(answer: &'static str, after: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (sender, heads) = channel();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let sender = sender.clone();
                thread::spawn(move || serve(stream.unwrap(), answer, after, &sender));
            }
        });
        Self { address, heads }
    }
}

/// Serves one connection, request after request, none of them with a body.
fn serve(mut stream: TcpStream, answer: &str, after: Duration, heads: &Sender<String>) {
    let mut waiting = Vec::new();
    let mut buffer = [0; 4_096];
    loop {
        while let Some(end) = waiting.windows(4).position(|four| four == b"\r\n\r\n") {
            let head: Vec<u8> = waiting.drain(..end + 4).collect();
            let _ = heads.send(String::from_utf8(head).unwrap());
            thread::sleep(after);
            if stream.write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
        match stream.read(&mut buffer) {
            Ok(read) if read > 0 => waiting.extend_from_slice(&buffer[..read]),
            _ => return,
        }
    }
}
