//! Message ids as the provider forms them: `wamid.` and the base64 of a small frame that holds the customer's number,
//! the direction and a random part.
//!
//! Layout as seen in real ids: `1c 18 <len> <digits> 15 02 00 <11|12> 18 <len> <hex digits> 00`; the hex part has 18
//! digits for messages of the business and 20 for those of customers.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::sandbox::encoding::{base64, unbase64};
use crate::sandbox::rng::mix;

/// Who wrote the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Author {
    Business,
    Customer,
}

/// Gives out ids that never repeat within a run, nor (but for one chance in 2^64) between runs.
#[derive(Debug)]
pub(crate) struct WamidMint {
    serial: AtomicU64,
    salt: u64,
}

impl WamidMint {
    pub(crate) fn new(salt: u64) -> Self {
        Self {
            serial: AtomicU64::new(0),
            salt,
        }
    }

    pub(crate) fn mint(&self, customer: &str, author: Author) -> String {
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        // `mix` is a bijection, so distinct serials give distinct parts.
        let unique = mix(serial.wrapping_add(self.salt));
        let (direction, part) = match author {
            Author::Business => (0x11, format!("{:02X}{unique:016X}", self.salt as u8)),
            Author::Customer => (0x12, format!("{:04X}{unique:016X}", self.salt as u16)),
        };
        let customer = &customer.as_bytes()[..customer.len().min(64)];
        let mut frame = Vec::with_capacity(customer.len() + 32);
        frame.extend_from_slice(&[0x1c, 0x18, customer.len() as u8]);
        frame.extend_from_slice(customer);
        frame.extend_from_slice(&[0x15, 0x02, 0x00, direction, 0x18, part.len() as u8]);
        frame.extend_from_slice(part.as_bytes());
        frame.push(0);
        format!("wamid.{}", base64(&frame))
    }

    /// A short trace id as in `fbtrace_id`.
    pub(crate) fn trace(&self) -> String {
        let unique = mix(self.serial.fetch_add(1, Ordering::Relaxed) ^ self.salt);
        format!(
            "A{}",
            base64(&unique.to_be_bytes())
                .trim_end_matches('=')
                .replace(['+', '/'], "_")
        )
    }
}

/// The customer whom an id names; `None` for ids of another form.
pub(crate) fn customer_of(wamid: &str) -> Option<String> {
    let frame = unbase64(wamid.strip_prefix("wamid.")?)?;
    let length = usize::from(*frame.get(2)?);
    String::from_utf8(frame.get(3..3 + length)?.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_look_like_the_providers_and_never_repeat() {
        let mint = WamidMint::new(42);
        let out = mint.mint("254711000234", Author::Business);
        assert!(out.starts_with("wamid.HBgMMjU0NzExMDAwMjM0FQIAERgS"), "{out}");
        let inbound = mint.mint("254711000234", Author::Customer);
        assert!(
            inbound.starts_with("wamid.HBgMMjU0NzExMDAwMjM0FQIAEhgU"),
            "{inbound}"
        );
        assert_eq!(customer_of(&out).as_deref(), Some("254711000234"));
        assert_eq!(customer_of(&inbound).as_deref(), Some("254711000234"));
        for odd in ["", "wamid.", "wamid.####", "wamid.HBgM", "x"] {
            assert_eq!(customer_of(odd), None, "{odd}");
        }
        let ids: HashSet<_> = (0..20_000).map(|_| mint.mint("1", Author::Business)).collect();
        assert_eq!(ids.len(), 20_000);
    }

    #[test]
    fn a_long_or_odd_customer_key_is_harmless() {
        let mint = WamidMint::new(1);
        assert!(mint.mint(&"é".repeat(500), Author::Business).len() < 200);
        assert!(mint.mint("", Author::Customer).starts_with("wamid."));
    }
}
