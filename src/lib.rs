pub mod channels;
pub mod clock;
pub mod domain;
pub mod storage;
