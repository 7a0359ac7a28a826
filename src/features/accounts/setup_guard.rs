//! The one-time code that guards the first set-up: whoever reads the server's output may set it up, nobody else.

use subtle::ConstantTimeEq;

use crate::http::{ApiError, secret};

/// Without letters and digits that look alike.
const ALPHABET: &[u8; 32] = b"ABCDEFGHJKMNPQRSTVWXYZ0123456789";
/// 80 bits.
const CHARACTERS: usize = 16;

/// Keeps the hash of the code.
pub struct SetupGuard {
    hash: [u8; 32],
}

impl SetupGuard {
    /// A guard and its code, to be printed once: `ABCD-EFGH-JKMN-PQRS`.
    ///
    /// # Errors
    /// The operating system gives no random bytes.
    pub fn generate() -> Result<(Self, String), ApiError> {
        let mut bytes = [0; CHARACTERS];
        getrandom::fill(&mut bytes).map_err(|error| ApiError::internal("drawing a set-up code", error))?;
        let characters = bytes.map(|byte| char::from(ALPHABET[usize::from(byte % 32)]));
        let groups: Vec<String> = characters.chunks(4).map(|group| group.iter().collect()).collect();
        let code = groups.join("-");
        Ok((Self::for_code(&code), code))
    }

    /// A guard for a code that was chosen elsewhere.
    pub fn for_code(code: &str) -> Self {
        Self {
            hash: secret::hash(&normal(code)),
        }
    }

    /// Whether this is the code; blanks, hyphens and case do not matter.
    pub fn fits(&self, code: &str) -> bool {
        secret::hash(&normal(code)).ct_eq(&self.hash).into()
    }
}

fn normal(code: &str) -> String {
    let characters = code.chars().filter(|c| c.is_ascii_alphanumeric());
    characters.map(|c| c.to_ascii_uppercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_fits_however_it_is_typed() {
        let (guard, code) = SetupGuard::generate().expect("random");
        assert_eq!(code.len(), 19);
        assert!(guard.fits(&code) && guard.fits(&code.to_lowercase().replace('-', " ")));
        assert!(!guard.fits("") && !guard.fits("AAAA-AAAA-AAAA-AAAA"));
    }
}
