//! ZSTD: frames taken apart piece by piece, a block at a time.

use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// The first bytes of a frame.
const MAGIC: u32 = 0xfd2f_b528;
/// Frames that hold nothing begin so, but for the last four bits.
const SKIPPABLE: u32 = 0x184d_2a50;
/// Bytes of a checksum behind the last block.
const CHECKSUM: usize = 4;

/// Takes frames apart.
#[derive(Default)]
pub(super) struct Zstd {
    decoder: FrameDecoder,
    /// Bytes that were not taken in yet: what lies before `taken` was.
    bytes: Vec<u8>,
    taken: usize,
    state: State,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum State {
    /// Before a frame.
    #[default]
    Frame,
    Block {
        has_checksum: bool,
    },
    /// In a frame that holds nothing, so many bytes before its end.
    Skip(usize),
}

impl Zstd {
    /// Takes in the next bytes.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.taken);
        self.taken = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// Some of what the bytes become; `None` where more bytes are needed.
    pub(super) fn take_some(&mut self) -> Result<Option<Vec<u8>>, String> {
        loop {
            let is_going_on = match self.state {
                State::Frame => self.take_frame()?,
                State::Skip(left) => self.skip(left),
                State::Block { has_checksum } => match self.take_block(has_checksum)? {
                    Some(content) if !content.is_empty() => return Ok(Some(content)),
                    content => content.is_some(),
                },
            };
            if !is_going_on {
                return Ok(None);
            }
        }
    }

    /// The end of the bytes, which is to be that of a frame.
    pub(super) fn finish(&self) -> Result<(), String> {
        let is_whole = self.state == State::Frame && self.taken == self.bytes.len();
        if is_whole { Ok(()) } else { Err("it ends before its last frame does".to_owned()) }
    }

    fn left(&self) -> &[u8] {
        self.bytes.get(self.taken..).unwrap_or_default()
    }

    /// The beginning of a frame; `false` where it is not there yet.
    fn take_frame(&mut self) -> Result<bool, String> {
        let Some(magic) = number(self.left(), 0) else { return Ok(false) };
        if magic & !0xf == SKIPPABLE {
            let Some(length) = number(self.left(), 4) else { return Ok(false) };
            self.taken += 8;
            self.state = State::Skip(usize::try_from(length).unwrap_or(usize::MAX));
            return Ok(true);
        }
        if magic != MAGIC {
            return Err("it does not begin as a frame does".to_owned());
        }
        let Some(descriptor) = self.left().get(4).copied() else { return Ok(false) };
        let length = header_length(descriptor);
        let Some(header) = self.bytes.get(self.taken..self.taken + length) else { return Ok(false) };
        self.decoder.reset(header).map_err(|error| error.to_string())?;
        self.taken += length;
        self.state = State::Block { has_checksum: descriptor & 0b100 != 0 };
        Ok(true)
    }

    /// What a block becomes; `None` where it is not there yet as a whole. Each becomes 128 KiB at the most.
    fn take_block(&mut self, has_checksum: bool) -> Result<Option<Vec<u8>>, String> {
        let header = self.left().first_chunk::<3>();
        let Some([a, b, c]) = header.copied() else { return Ok(None) };
        let header = u32::from_le_bytes([a, b, c, 0]);
        let (is_last, is_repeated, size) = (header & 1 != 0, header >> 1 & 0b11 == 1, header >> 3);
        // A repeated byte stands there once.
        let size = if is_repeated { 1 } else { usize::try_from(size).unwrap_or(usize::MAX) };
        let checksum = if is_last && has_checksum { CHECKSUM } else { 0 };
        let end = self.taken.saturating_add(3).saturating_add(size).saturating_add(checksum);
        let Some(block) = self.bytes.get(self.taken..end) else { return Ok(None) };
        let decoded = self.decoder.decode_blocks(block, BlockDecodingStrategy::UptoBlocks(1));
        decoded.map_err(|error| error.to_string())?;
        self.taken = end;
        let content = self.decoder.collect().unwrap_or_default();
        if is_last {
            self.state = State::Frame;
            let given = self.decoder.get_checksum_from_data();
            if given.is_some() && given != self.decoder.get_calculated_checksum() {
                return Err("its content is not what its checksum says".to_owned());
            }
        }
        Ok(Some(content))
    }

    fn skip(&mut self, left: usize) -> bool {
        let step = left.min(self.left().len());
        self.taken += step;
        self.state = if step == left { State::Frame } else { State::Skip(left - step) };
        step == left
    }
}

/// What bytes become that are there as a whole, up to so many.
pub(super) fn whole(bytes: &[u8], limit: usize) -> Result<Vec<u8>, String> {
    let mut zstd = Zstd::default();
    zstd.push(bytes);
    let mut content = Vec::new();
    while let Some(some) = zstd.take_some()? {
        content.extend(some);
        if content.len() > limit {
            return Err(format!("it becomes more than {limit} bytes"));
        }
    }
    zstd.finish()?;
    Ok(content)
}

/// Bytes of a frame's header, by the byte that describes it.
fn header_length(descriptor: u8) -> usize {
    let is_single_segment = descriptor & 0b10_0000 != 0;
    let window = usize::from(!is_single_segment);
    let dictionary = match descriptor & 0b11 {
        0 => 0,
        1 => 1,
        2 => 2,
        _ => 4,
    };
    let content_size = match descriptor >> 6 {
        0 => usize::from(is_single_segment),
        1 => 2,
        2 => 4,
        _ => 8,
    };
    5 + window + dictionary + content_size
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk::<4>().copied().map(u32::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};

    fn in_pieces(bytes: &[u8], piece: usize) -> Result<Vec<u8>, String> {
        let (mut zstd, mut content) = (Zstd::default(), Vec::new());
        for part in bytes.chunks(piece) {
            zstd.push(part);
            while let Some(some) = zstd.take_some()? {
                content.extend(some);
            }
        }
        zstd.finish()?;
        Ok(content)
    }

    #[test]
    fn frames_are_read_wherever_they_are_cut() {
        let text: Vec<u8> = (0..200_000_u32).flat_map(|n| format!("{n}\n").into_bytes()).collect();
        let skippable = [&SKIPPABLE.to_le_bytes()[..], &3_u32.to_le_bytes(), b"abc"].concat();
        let frame = compress_to_vec(&text[..], CompressionLevel::Fastest);
        let empty = compress_to_vec(&b""[..], CompressionLevel::Fastest);
        let all = [&skippable[..], &frame, &empty, &skippable, &frame].concat();
        for piece in [1, 7, 1_000, 1 << 30] {
            assert!(in_pieces(&all, piece).unwrap() == [&text[..], &text].concat(), "{piece}");
        }
        assert_eq!(in_pieces(b"", 1).unwrap(), b"");
        assert!(whole(&frame, text.len()).unwrap() == text);
        assert!(whole(&frame, text.len() - 1).is_err());
    }

    #[test]
    fn what_another_program_wrote_is_read_and_its_checksum_is_checked() {
        // What `printf 'hello hello hello' | zstd` writes.
        let mut frame = [
            0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x58, 0x65, 0x00, 0x00, 0x30, 0x68, 0x65, 0x6c, 0x6c, 0x6f, 0x20,
            0x01, 0x00, 0x31, 0x4a, 0x11, 0xa2, 0xed, 0x1e, 0x0c,
        ];
        for piece in [1, 5, 100] {
            assert_eq!(in_pieces(&frame, piece).unwrap(), b"hello hello hello");
        }
        assert!(in_pieces(&frame[..24], 100).is_err());
        frame[24] ^= 1;
        assert_eq!(in_pieces(&frame, 100).unwrap_err(), "its content is not what its checksum says");
    }

    #[test]
    fn what_is_no_frame_is_refused() {
        let frame = compress_to_vec(&b"hello"[..], CompressionLevel::Fastest);
        for end in 1..frame.len() {
            assert!(in_pieces(&frame[..end], 3).is_err(), "{end}");
        }
        assert!(in_pieces(b"hello, world", 100).is_err());
        let mut damaged = frame.clone();
        if let Some(last) = damaged.last_mut() {
            *last ^= 0xff;
        }
        assert!(in_pieces(&damaged, 100).is_err());
    }
}
