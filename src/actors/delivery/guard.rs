//! The HTTP client for addresses that people type in: it reaches public addresses only, unless the operator allows
//! others, and follows no redirects.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, Url};

/// How long a receiver may take (Standard Webhooks: 15 to 30 s).
const TIMEOUT: Duration = Duration::from_secs(15);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Ports that may be called at public addresses.
const PORTS: [u16; 4] = [80, 443, 8080, 8443];

/// A client that looks where it goes. Cheap to clone.
#[derive(Clone)]
pub struct GuardedClient {
    client: Client,
    allow_private: bool,
}

/// Why an address is not called.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Forbidden {
    /// It is no address.
    #[error("the address cannot be read")]
    NoAddress,
    /// It lies within a private or special network.
    #[error(
        "the address lies in a private or special network; the operator can allow this with allow_private_webhooks"
    )]
    Private,
    /// A port on which one would not expect a web server.
    #[error("only the ports 80, 443, 8080 and 8443 are called")]
    Port,
}

impl GuardedClient {
    /// With `allow_private` every address and port may be called.
    ///
    /// # Errors
    /// The client cannot be built.
    pub fn new(allow_private: bool) -> Result<Self, reqwest::Error> {
        let mut builder = Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            .user_agent(concat!("Frontdesk/", env!("CARGO_PKG_VERSION")));
        if !allow_private {
            builder = builder.dns_resolver(Arc::new(PublicOnly));
        }
        Ok(Self {
            client: builder.build()?,
            allow_private,
        })
    }

    /// A GET from this address.
    ///
    /// # Errors
    /// As [`Self::post`].
    pub fn get(&self, url: Url) -> Result<reqwest::RequestBuilder, Forbidden> {
        if !self.allow_private {
            check(&url)?;
        }
        Ok(self.client.get(url))
    }

    /// A POST to this address.
    ///
    /// # Errors
    /// It must not be called. Names are looked at when they are resolved.
    pub fn post(&self, address: &str) -> Result<reqwest::RequestBuilder, Forbidden> {
        let url = Url::parse(address).map_err(|_| Forbidden::NoAddress)?;
        if !self.allow_private {
            check(&url)?;
        }
        Ok(self.client.post(url))
    }
}

/// What can be seen of an address without resolving it. Literal addresses never reach the resolver.
fn check(url: &Url) -> Result<(), Forbidden> {
    let host = url.host_str().ok_or(Forbidden::NoAddress)?;
    let literal = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .parse::<IpAddr>();
    if literal.is_ok_and(|ip| !is_public(ip)) {
        return Err(Forbidden::Private);
    }
    match url.port_or_known_default() {
        Some(port) if PORTS.contains(&port) => Ok(()),
        _ => Err(Forbidden::Port),
    }
}

/// Resolves names to their public addresses and forgets the others.
struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|address| is_public(address.ip())).collect();
            if public.is_empty() {
                return Err(Forbidden::Private.into());
            }
            let addresses: Addrs = Box::new(public.into_iter());
            Ok(addresses)
        })
    }
}

/// Whether an address lies in the public internet (IANA's special-purpose registries).
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let special = matches!(
        (a, b, c),
        // This network, shared addresses, protocol assignments, 6to4 relays, benchmarks.
        (0, ..) | (100, 64..=127, _) | (192, 0, 0) | (192, 88, 99) | (198, 18..=19, _)
    );
    let reserved = a >= 224;
    !(special
        || reserved
        || ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_documentation())
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let part = ip.segments();
    let low = |at: usize| {
        let [[a, b], [c, d]] = [part[at].to_be_bytes(), part[at + 1].to_be_bytes()];
        Ipv4Addr::new(a, b, c, d)
    };
    match part {
        // An IPv4 address in other clothes: mapped, translated (NAT64), 6to4.
        [0, 0, 0, 0, 0, 0xffff, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => is_public_v4(low(6)),
        [0x2002, ..] => is_public_v4(low(1)),
        // Protocol assignments (with Teredo) and documentation.
        [0x2001, 0..=0x1ff, ..] | [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => false,
        // Only 2000::/3 is given out.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_public_internet_is_public() {
        let public = [
            "8.8.8.8",
            "1.1.1.1",
            "193.0.6.139",
            "2001:4860:4860::8888",
            "2a00:1450::1",
            "::ffff:8.8.8.8",
        ];
        for text in public {
            assert!(is_public(text.parse().expect("an address")), "{text}");
        }
        let special = [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "127.9.9.9",
            "169.254.169.254",
            "172.16.0.1",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "203.0.113.9",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::7f00:1",
            "::ffff:127.0.0.1",
            "64:ff9b::a00:1",
            "2002:7f00:1::",
            "2001::1",
            "2001:db8::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ];
        for text in special {
            assert!(!is_public(text.parse().expect("an address")), "{text}");
        }
    }

    #[test]
    fn addresses_are_judged_however_they_are_written() {
        let table = [
            ("https://example.com/hook", Ok(())),
            ("http://example.com:8080", Ok(())),
            ("http://example.com:22", Err(Forbidden::Port)),
            ("http://127.0.0.1/", Err(Forbidden::Private)),
            ("http://2130706433/", Err(Forbidden::Private)),
            ("http://0x7f.1/", Err(Forbidden::Private)),
            ("http://[::1]/", Err(Forbidden::Private)),
            ("http://[::ffff:10.0.0.1]/", Err(Forbidden::Private)),
        ];
        for (address, expected) in table {
            let url = Url::parse(address).expect("a URL");
            assert_eq!(check(&url), expected, "{address}");
        }
    }

    #[tokio::test]
    async fn names_of_private_addresses_are_not_called() {
        // Only fails if there is one already, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = GuardedClient::new(false).expect("a client");
        let request = client
            .post("http://localhost:8080/")
            .expect("a name is not looked at yet");
        let error = request.send().await.expect_err("localhost is private");
        assert!(error.is_connect(), "{error:?}");
    }
}
