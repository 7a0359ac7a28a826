pub mod actors;
pub mod channels;
pub mod clock;
pub mod domain;
pub mod features;
pub mod http;
pub mod storage;
