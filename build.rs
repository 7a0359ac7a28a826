//! Compresses the browser app for the finished program, once and well: what is embedded is what goes over the wire.
//! A debug build embeds nothing and reads `ui-dist/` as it is.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

const APP: &str = "ui-dist";
/// A smaller file gains nothing over the network.
const WORTH_BYTES: u64 = 1024;
/// Kinds that are not compressed already.
const TEXT: [&str; 7] = ["css", "html", "js", "json", "svg", "txt", "webmanifest"];

fn main() -> io::Result<()> {
    // A debug build has nothing to do again when the app changes.
    let is_release = std::env::var("PROFILE").as_deref() == Ok("release");
    println!(
        "cargo::rerun-if-changed={}",
        if is_release { APP } else { "build.rs" }
    );
    let out = PathBuf::from(std::env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?).join("ui");
    if out.exists() {
        fs::remove_dir_all(&out)?;
    }
    fs::create_dir_all(&out)?;
    match is_release && Path::new(APP).exists() {
        true => folder(Path::new(APP), &out),
        false => Ok(()),
    }
}

fn folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            folder(&entry.path(), &target)?;
        } else {
            file(&entry.path(), &target)?;
        }
    }
    Ok(())
}

fn file(from: &Path, to: &Path) -> io::Result<()> {
    let ending = from
        .extension()
        .and_then(|ending| ending.to_str())
        .unwrap_or_default();
    if !TEXT.contains(&ending) || fs::metadata(from)?.len() < WORTH_BYTES {
        fs::copy(from, to)?;
        return Ok(());
    }
    let plain = fs::read(from)?;
    let mut gzip = GzEncoder::new(
        File::create(to.with_extension(format!("{ending}.gz")))?,
        Compression::best(),
    );
    gzip.write_all(&plain)?;
    gzip.finish()?;
    let params = brotli::enc::BrotliEncoderParams {
        quality: 11,
        lgwin: 22,
        ..Default::default()
    };
    let mut small = File::create(to.with_extension(format!("{ending}.br")))?;
    brotli::BrotliCompress(&mut plain.as_slice(), &mut small, &params)?;
    Ok(())
}
