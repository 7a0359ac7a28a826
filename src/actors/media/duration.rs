//! How long a sound or film plays, where its file says so plainly: Ogg with Opus (voice notes), and MP4.

use std::io::{Read, Seek, SeekFrom};

/// The end of an Ogg file in which its last page must begin: a page has at most 65,307 bytes.
const OGG_END: u64 = 66_000;
/// Boxes of an MP4 file that are looked at.
const MAX_BOXES: usize = 64;
/// A box that is read whole must be this small.
const MAX_MVHD: u64 = 256;
/// Opus always counts 48,000 samples a second (RFC 7845).
const OPUS_RATE: u64 = 48_000;

/// In milliseconds; `None` where it cannot be told.
pub(super) fn of(mut file: impl Read + Seek, mime: &str) -> Option<u32> {
    let ms = match mime {
        "audio/ogg" => ogg(&mut file),
        "audio/mp4" | "video/mp4" | "video/3gpp" | "audio/3gpp" => mp4(&mut file),
        _ => None,
    };
    ms.and_then(|ms| u32::try_from(ms).ok())
}

/// The sample number of the last page, less those that are skipped at the front.
fn ogg(file: &mut (impl Read + Seek)) -> Option<u64> {
    let mut front = [0; 64];
    file.read_exact(&mut front).ok()?;
    let head = front.windows(8).position(|window| window == b"OpusHead")?;
    let skip = u16::from_le_bytes([*front.get(head + 10)?, *front.get(head + 11)?]);
    let size = file.seek(SeekFrom::End(0)).ok()?;
    file.seek(SeekFrom::Start(size.saturating_sub(OGG_END))).ok()?;
    let mut end = Vec::new();
    file.take(OGG_END).read_to_end(&mut end).ok()?;
    let page = end.windows(4).rposition(|window| window == b"OggS")?;
    let number: [u8; 8] = end.get(page + 6..page + 14)?.try_into().ok()?;
    let samples = u64::from_le_bytes(number).checked_sub(u64::from(skip))?;
    samples.checked_mul(1000).map(|ms| ms / OPUS_RATE)
}

/// `moov/mvhd`: units a second, and how many.
fn mp4(file: &mut (impl Read + Seek)) -> Option<u64> {
    let end = file.seek(SeekFrom::End(0)).ok()?;
    let (moov, moov_end) = find(file, 0, end, b"moov")?;
    let (mvhd, mvhd_end) = find(file, moov, moov_end, b"mvhd")?;
    let size = mvhd_end.checked_sub(mvhd).filter(|size| *size <= MAX_MVHD)?;
    let mut body = vec![0; usize::try_from(size).ok()?];
    file.seek(SeekFrom::Start(mvhd)).ok()?;
    file.read_exact(&mut body).ok()?;
    let small = |at: usize| {
        Some(u64::from(u32::from_be_bytes(
            body.get(at..at + 4)?.try_into().ok()?,
        )))
    };
    let (scale, length) = match body.first()? {
        0 => (small(12)?, small(16)?),
        _ => (small(20)?, u64::from_be_bytes(body.get(24..32)?.try_into().ok()?)),
    };
    length.checked_mul(1000)?.checked_div(scale)
}

/// Where the inside of a box lies.
fn find(file: &mut (impl Read + Seek), begin: u64, end: u64, wanted: &[u8; 4]) -> Option<(u64, u64)> {
    let mut at = begin;
    for _ in 0..MAX_BOXES {
        file.seek(SeekFrom::Start(at)).ok()?;
        let mut head = [0; 16];
        file.read_exact(&mut head[..8]).ok()?;
        let size = u64::from(u32::from_be_bytes([head[0], head[1], head[2], head[3]]));
        let (head_len, size) = match size {
            0 => (8, end - at),
            1 => {
                file.read_exact(&mut head[8..]).ok()?;
                (16, u64::from_be_bytes(head[8..].try_into().ok()?))
            }
            size => (8, size),
        };
        let next = at
            .checked_add(size)
            .filter(|next| size >= head_len && *next <= end)?;
        if head[4..8] == *wanted {
            return Some((at + head_len, next));
        }
        at = next;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Cursor;

    fn mp4_box(name: &[u8; 4], inner: &[u8]) -> Vec<u8> {
        let size = u32::try_from(inner.len() + 8).expect("small");
        [&size.to_be_bytes()[..], name, inner].concat()
    }

    #[test]
    fn voice_notes_and_films_say_how_long_they_are() {
        let mut ogg = b"OggS\0\x02".to_vec();
        ogg.extend([0; 22]);
        ogg.extend(b"OpusHead\x01\x01");
        ogg.extend(312u16.to_le_bytes());
        ogg.extend([0; 100]);
        ogg.extend(b"OggS\0\x04");
        ogg.extend((48_000u64 * 7 + 312).to_le_bytes());
        ogg.extend([0; 40]);
        assert_eq!(of(Cursor::new(ogg), "audio/ogg"), Some(7_000));
        let mut mvhd = vec![0; 100];
        mvhd[12..16].copy_from_slice(&1_000u32.to_be_bytes());
        mvhd[16..20].copy_from_slice(&2_500u32.to_be_bytes());
        let film = [
            mp4_box(b"ftyp", b"isom"),
            mp4_box(b"moov", &mp4_box(b"mvhd", &mvhd)),
        ]
        .concat();
        assert_eq!(of(Cursor::new(film), "video/mp4"), Some(2_500));
    }

    proptest! {
        #[test]
        fn anything_is_read_without_harm(bytes in prop::collection::vec(any::<u8>(), 0..400), mp4: bool) {
            let mut bytes = bytes;
            if bytes.len() > 20 { bytes[4..8].copy_from_slice(b"moov"); }
            of(Cursor::new(bytes), if mp4 { "video/mp4" } else { "audio/ogg" });
        }
    }
}
