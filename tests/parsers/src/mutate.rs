//! Changed copies of what is there: the same ones for the same seed.

/// Pieces that parsers stumble over.
const PIECES: [&[u8]; 30] = [
    b"",
    b"\0",
    b"\xff",
    b"\xc3",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\r\n",
    b"\n\n",
    b"\"",
    b"\\u0000",
    b"\\ud800",
    b"{",
    b"[",
    b"}",
    b"]",
    b",",
    b":",
    b"%",
    b"%00",
    b"%zz",
    b"=",
    b"&",
    b"[]",
    b"--",
    b"null",
    b"-1",
    b"1e999",
    b"99999999999999999999",
    b"2026-02-30T25:61:61Z",
    b"{{",
];

/// A source of changes.
pub struct Mutator(u64);

impl Mutator {
    /// One that makes the changes of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A changed copy of one of these.
    pub fn change(&mut self, corpus: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = self.pick(corpus).cloned().unwrap_or_default();
        for _ in 0..=self.below(4) {
            self.once(&mut bytes, corpus);
        }
        bytes.truncate(64 * 1024);
        bytes
    }

    fn once(&mut self, bytes: &mut Vec<u8>, corpus: &[Vec<u8>]) {
        let at = self.below(bytes.len().saturating_add(1));
        let until = at.saturating_add(self.below(17)).min(bytes.len());
        match self.below(7) {
            0 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << (self.0 % 8);
                }
            }
            1 => {
                let piece = self.pick(&PIECES).copied().unwrap_or_default();
                bytes.splice(at..at, piece.iter().copied());
            }
            2 => {
                let piece = self.pick(&PIECES).copied().unwrap_or_default();
                bytes.splice(at..until, piece.iter().copied());
            }
            3 => _ = bytes.drain(at..until),
            4 => bytes.truncate(at),
            5 => {
                // A part of it once more, many times.
                let part = bytes.get(at..until).unwrap_or_default().to_vec();
                let times = self.below(64);
                bytes.splice(at..at, std::iter::repeat_n(part, times).flatten());
            }
            _ => {
                // The end of another one.
                let other = self.pick(corpus).cloned().unwrap_or_default();
                let from = self.below(other.len().saturating_add(1));
                bytes.truncate(at);
                bytes.extend(other.get(from..).unwrap_or_default());
            }
        }
    }

    fn pick<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        all.get(self.below(all.len()))
    }

    /// A number below `end`; 0 if that is 0.
    fn below(&mut self, end: usize) -> usize {
        // xorshift64: spread out enough, and the same everywhere.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let end = u64::try_from(end).unwrap_or(u64::MAX);
        self.0.checked_rem(end).and_then(|n| usize::try_from(n).ok()).unwrap_or_default()
    }
}
