//! The care of a store: walking it, backing it up, bringing it back.

mod backup;
mod command;
mod media;
mod released;
mod verify;
mod world;
