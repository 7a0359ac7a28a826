//! Pictures: how large they are, and a small one of each. Bounded in size and memory whatever the file claims.

use std::io::{BufRead, Cursor, Seek};

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};

/// Longest side of a picture that is looked at, in pixels.
const MAX_SIDE: u32 = 20_000;
/// Most memory that decoding one may take, in bytes.
const MAX_MEMORY: u64 = 160 << 20;
/// Longest side of a small picture, in pixels.
const SMALL: u32 = 480;
/// Quality of a small picture without transparency.
const QUALITY: u8 = 80;
/// Largest small picture, in bytes.
pub(super) const MAX_THUMBNAIL: u64 = 1 << 20;

/// What was seen.
pub(super) struct Seen {
    /// Width and height as people see them, in pixels.
    pub dimensions: (u32, u32),
    /// A small picture: JPEG, or PNG if something shines through. `None` if it would take too much.
    pub thumbnail: Option<Vec<u8>>,
}

/// Looks at a picture; `None` if it is none that can be read.
pub(super) fn look(file: impl BufRead + Seek) -> Option<Seen> {
    let mut reader = ImageReader::new(file).with_guessed_format().ok()?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_MEMORY);
    reader.limits(limits.clone());
    let mut decoder = reader.into_decoder().ok()?;
    let (width, height) = decoder.dimensions();
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let affordable = width <= MAX_SIDE
        && height <= MAX_SIDE
        && decoder.total_bytes() <= MAX_MEMORY
        && decoder.set_limits(limits).is_ok();
    let thumbnail = affordable
        .then(|| DynamicImage::from_decoder(decoder).ok())
        .flatten()
        .and_then(|picture| small(&picture, orientation));
    Some(Seen {
        dimensions: turned((width, height), orientation),
        thumbnail,
    })
}

fn turned((width, height): (u32, u32), orientation: Orientation) -> (u32, u32) {
    match orientation {
        Orientation::Rotate90
        | Orientation::Rotate270
        | Orientation::Rotate90FlipH
        | Orientation::Rotate270FlipH => (height, width),
        Orientation::NoTransforms
        | Orientation::Rotate180
        | Orientation::FlipHorizontal
        | Orientation::FlipVertical => (width, height),
    }
}

fn small(picture: &DynamicImage, orientation: Orientation) -> Option<Vec<u8>> {
    let mut small = match picture.width().max(picture.height()) > SMALL {
        true => picture.thumbnail(SMALL, SMALL),
        false => picture.clone(),
    };
    small.apply_orientation(orientation);
    let mut out = Cursor::new(Vec::new());
    if small.color().has_alpha() {
        DynamicImage::ImageRgba8(small.to_rgba8())
            .write_to(&mut out, ImageFormat::Png)
            .ok()?;
    } else {
        let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut out, QUALITY);
        small.to_rgb8().write_with_encoder(encoder).ok()?;
    }
    let bytes = out.into_inner();
    (bytes.len() as u64 <= MAX_THUMBNAIL).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut out = Cursor::new(Vec::new());
        DynamicImage::new_rgb8(width, height)
            .write_to(&mut out, ImageFormat::Png)
            .expect("a picture");
        out.into_inner()
    }

    #[test]
    fn a_picture_has_a_size_and_a_small_one() {
        let seen = look(Cursor::new(png(900, 300))).expect("a picture");
        assert_eq!(seen.dimensions, (900, 300));
        let small = image::load_from_memory(&seen.thumbnail.expect("a small one")).expect("a picture");
        assert_eq!((small.width(), small.height()), (480, 160));
    }

    #[test]
    fn what_claims_to_be_huge_is_measured_and_not_opened() {
        let mut bomb = png(1, 1);
        // Width and height stand behind the signature and the chunk's head; its checksum follows.
        bomb[16..20].copy_from_slice(&19_000u32.to_be_bytes());
        bomb[20..24].copy_from_slice(&19_000u32.to_be_bytes());
        let crc = crc32fast::hash(&bomb[12..29]).to_be_bytes();
        bomb[29..33].copy_from_slice(&crc);
        if let Some(seen) = look(Cursor::new(bomb)) {
            assert_eq!(seen.dimensions, (19_000, 19_000));
            assert!(seen.thumbnail.is_none());
        }
    }

    #[test]
    fn what_is_no_picture_is_none() {
        for bytes in [&b""[..], b"GIF89a", b"\x89PNG\r\n\x1a\n", b"<svg/>", &[0xff; 512]] {
            assert!(look(Cursor::new(bytes.to_vec())).is_none());
        }
        let cut = png(600, 600);
        let seen = look(Cursor::new(cut[..cut.len() / 2].to_vec()));
        assert!(seen.is_none_or(|seen| seen.thumbnail.is_none()));
    }
}
