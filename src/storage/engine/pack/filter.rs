//! A Bloom filter over the keys of some blocks: most look-ups of what was never written end here, without a read.

/// Bits for each key: about one look-up in fifty is let through in vain.
const BITS: usize = 8;
/// Bits that are set for each key.
const PROBES: u64 = 5;

/// A key's hash. Stored in files: never change it.
pub(super) fn hash(key: &[u8]) -> u64 {
    let fnv = key.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    mix(fnv)
}

/// The finaliser of SplitMix64.
fn mix(mut n: u64) -> u64 {
    n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

/// The bytes of a filter over these keys.
pub(super) fn build(hashes: &[u64]) -> Vec<u8> {
    let mut bits = vec![0_u8; (hashes.len() * BITS).div_ceil(8).max(8)];
    for hash in hashes {
        for bit in probes(*hash, bits.len()) {
            bits[bit / 8] |= 1 << (bit % 8);
        }
    }
    bits
}

/// Whether the key may be there.
pub(super) fn may_hold(bits: &[u8], hash: u64) -> bool {
    bits.is_empty() || probes(hash, bits.len()).all(|bit| bits[bit / 8] & 1 << (bit % 8) != 0)
}

fn probes(hash: u64, bytes: usize) -> impl Iterator<Item = usize> {
    let (step, bits) = (mix(hash ^ 0x9e37_79b9_7f4a_7c15) | 1, bytes as u64 * 8);
    // Below the number of bits, which fits.
    (0..PROBES).map(move |i| (hash.wrapping_add(step.wrapping_mul(i)) % bits) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_what_was_put_in_and_little_else() {
        let keys = |from: u32| (from..from + 10_000).map(|n| hash(&n.to_be_bytes()));
        let hashes: Vec<u64> = keys(0).collect();
        let bits = build(&hashes);
        assert!(hashes.iter().all(|hash| may_hold(&bits, *hash)));
        let in_vain = keys(1_000_000).filter(|hash| may_hold(&bits, *hash)).count();
        assert!(in_vain < 500, "{in_vain} of 10000");
    }

    #[test]
    fn the_hash_stays_what_it_is() {
        assert_eq!(hash(b"frontdesk"), 4_417_453_444_641_215_587);
    }
}
