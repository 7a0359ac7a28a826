pub mod channels;
pub mod domain;
pub mod storage;
