//! The pictures, the voice and the paper of the story: drawn and spoken by this project's own programs, compiled in.

/// Every file by its name in `data/demo/files/`, with its type.
const FILES: [(&str, &str, &[u8]); 6] = [
    (
        "dream-cake.jpg",
        "image/jpeg",
        include_bytes!("../../data/demo/files/dream-cake.jpg"),
    ),
    (
        "croissants.jpg",
        "image/jpeg",
        include_bytes!("../../data/demo/files/croissants.jpg"),
    ),
    (
        "boxes.jpg",
        "image/jpeg",
        include_bytes!("../../data/demo/files/boxes.jpg"),
    ),
    (
        "glad-roll.webp",
        "image/webp",
        include_bytes!("../../data/demo/files/glad-roll.webp"),
    ),
    (
        "voice-order.ogg",
        "audio/ogg",
        include_bytes!("../../data/demo/files/voice-order.ogg"),
    ),
    (
        "price-list.pdf",
        "application/pdf",
        include_bytes!("../../data/demo/files/price-list.pdf"),
    ),
];

/// Type and bytes of a file.
pub(super) fn named(name: &str) -> Option<(&'static str, &'static [u8])> {
    let found = FILES.iter().find(|(known, _, _)| *known == name);
    found.map(|(_, mime, bytes)| (*mime, *bytes))
}
