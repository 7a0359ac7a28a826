pub mod channels;
pub mod clock;
pub mod domain;
pub mod http;
pub mod storage;
