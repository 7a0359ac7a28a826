//! What the benches share: the program running on loopback, a lean HTTP client, customers' messages, and the table at
//! the end.

#![allow(dead_code)] // each bench uses its own part of this

pub mod desk;
pub mod http;
pub mod report;
pub mod seed;

/// A number from the environment.
pub fn size(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.replace('_', "").parse().ok())
        .unwrap_or(default)
}

/// Whether `cargo test` (or a listing) runs this, and not `cargo bench`.
pub fn is_only_a_test() -> bool {
    std::env::args().any(|arg| arg == "--test" || arg == "--list")
}

/// A field of `/proc/<process>/status` in MB, such as `VmRSS`.
pub fn process_mb(process: &str, field: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    let kb = line.and_then(|line| line.trim().split(' ').next()?.parse::<f64>().ok());
    kb.unwrap_or(0.0) / 1024.0
}

/// This process's resident memory in MB.
pub fn resident_mb() -> f64 {
    process_mb("self", "VmRSS")
}

/// Bytes of everything in a directory.
pub fn tree_bytes(dir: &std::path::Path) -> u64 {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let sizes = entries.map(|entry| match entry.metadata() {
        Ok(meta) if meta.is_dir() => tree_bytes(&entry.path()),
        Ok(meta) => meta.len(),
        Err(_) => 0,
    });
    sizes.sum()
}
