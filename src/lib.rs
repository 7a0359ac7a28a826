pub mod channels;
pub mod domain;
