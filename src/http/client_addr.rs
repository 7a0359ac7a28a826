//! Who is at the other end: the socket's peer, unless that is a proxy which the configuration trusts.

use std::future::{Ready, ready};
use std::net::IpAddr;
use std::str::FromStr;

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header, web};

use super::error::ApiError;

/// A range of addresses: `10.0.0.0/8`, `::1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddrRange {
    base: IpAddr,
    bits: u8,
}

impl AddrRange {
    /// Whether the address lies in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.base, address.to_canonical()) {
            (IpAddr::V4(base), IpAddr::V4(other)) => {
                let shift = 32_u32.saturating_sub(self.bits.into());
                base.to_bits().checked_shr(shift) == other.to_bits().checked_shr(shift)
            }
            (IpAddr::V6(base), IpAddr::V6(other)) => {
                let shift = 128_u32.saturating_sub(self.bits.into());
                base.to_bits().checked_shr(shift) == other.to_bits().checked_shr(shift)
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

impl FromStr for AddrRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (address, bits) = text.split_once('/').map_or((text, None), |(a, b)| (a, Some(b)));
        let wrong = || format!("{text} is no IP address or range such as 10.0.0.0/8");
        let base: IpAddr = address.trim().parse().map_err(|_| wrong())?;
        let most = if base.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(most), str::parse).map_err(|_| wrong())?;
        if bits > most {
            Err(wrong())
        } else {
            Ok(Self { base, bits })
        }
    }
}

/// Proxies whose `X-Forwarded-For` is believed.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(pub Vec<AddrRange>);

impl TrustedProxies {
    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|range| range.contains(address))
    }

    /// Walks the header from its end, past every proxy that is trusted; the first other address is the client's.
    fn client(&self, peer: IpAddr, forwarded: &[&str]) -> IpAddr {
        let mut client = peer.to_canonical();
        let hops = forwarded.iter().rev().flat_map(|line| line.rsplit(','));
        for hop in hops {
            if !self.trusts(client) {
                break;
            }
            match hop.trim().parse::<IpAddr>() {
                Ok(address) => client = address.to_canonical(),
                // Whatever stands before something unreadable cannot be believed.
                Err(_) => break,
            }
        }
        client
    }
}

/// The client's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddr(pub IpAddr);

impl ClientAddr {
    /// The client of a request; the unspecified address if the socket has none (a Unix socket, a test).
    pub fn of(req: &HttpRequest) -> Self {
        let peer = req
            .peer_addr()
            .map_or(IpAddr::from([0, 0, 0, 0]), |addr| addr.ip());
        let Some(proxies) = req.app_data::<web::Data<TrustedProxies>>() else {
            return Self(peer);
        };
        let lines = req.headers().get_all(header::X_FORWARDED_FOR);
        let lines: Vec<&str> = lines.map(|line| line.to_str().unwrap_or("?")).collect();
        Self(proxies.client(peer, &lines))
    }

    /// What to count by: one address of IPv4, a /64 of IPv6 (which is what one customer of a provider gets).
    pub fn bucket(self) -> IpAddr {
        match self.0 {
            IpAddr::V4(_) => self.0,
            IpAddr::V6(v6) => {
                let [a, b, c, d, ..] = v6.segments();
                IpAddr::from([a, b, c, d, 0, 0, 0, 0])
            }
        }
    }
}

impl FromRequest for ClientAddr {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(req)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn ranges_contain_what_they_should() {
        for (range, inside, outside) in [
            ("10.0.0.0/8", "10.255.1.1", "11.0.0.0"),
            ("127.0.0.1", "127.0.0.1", "127.0.0.2"),
            ("127.0.0.1", "::ffff:127.0.0.1", "::1"),
            ("fd00::/8", "fd12::1", "fe80::1"),
        ] {
            let range: AddrRange = range.parse().expect("a range");
            assert!(
                range.contains(ip(inside)) && !range.contains(ip(outside)),
                "{range:?}"
            );
        }
        let all: AddrRange = "0.0.0.0/0".parse().expect("a range");
        assert!(all.contains(ip("9.9.9.9")));
        for bad in ["", "x", "10.0.0.0/33", "::/129", "10.0.0.0/-1", "10.0.0.0/8/8"] {
            assert!(bad.parse::<AddrRange>().is_err(), "{bad}");
        }
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let trusted = TrustedProxies(vec!["10.0.0.0/8".parse().expect("a range")]);
        let nobody = TrustedProxies::default();
        let peer = ip("10.0.0.1");
        assert_eq!(nobody.client(peer, &["1.2.3.4"]), peer);
        assert_eq!(trusted.client(peer, &["6.6.6.6, 1.2.3.4"]), ip("1.2.3.4"));
        assert_eq!(trusted.client(peer, &["1.2.3.4", "10.0.0.9"]), ip("1.2.3.4"));
        assert_eq!(trusted.client(peer, &["1.2.3.4, junk"]), peer);
        assert_eq!(trusted.client(ip("8.8.8.8"), &["1.2.3.4"]), ip("8.8.8.8"));
    }

    #[test]
    fn an_ipv6_customer_counts_once() {
        let a = ClientAddr(ip("2001:db8:1:2:3::1"));
        let b = ClientAddr(ip("2001:db8:1:2:ffff::9"));
        assert_eq!(a.bucket(), b.bucket());
    }
}
