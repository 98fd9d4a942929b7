//! An address is the same address in every notation.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use crate::Policy;

const PRODUCTION: Policy = Policy { allow_http_targets: false, allow_private_targets: false };
const DEVELOPMENT: Policy = Policy { allow_http_targets: true, allow_private_targets: true };

/// Half of the addresses are near blocked ones; nearly all others are public.
fn any_v4() -> impl Strategy<Value = Ipv4Addr> {
    let first = prop_oneof![Just(0u8), Just(10), Just(100), Just(127), Just(169), Just(172), Just(192)];
    let second = prop_oneof![Just(0u8), Just(16), Just(64), Just(168), Just(254), any::<u8>()];
    prop_oneof![
        any::<Ipv4Addr>(),
        (first, second, any::<[u8; 2]>()).prop_map(|(a, b, [c, d])| Ipv4Addr::new(a, b, c, d)),
        Just(Ipv4Addr::new(169, 254, 169, 254)),
    ]
}

/// How one number of an address is written.
#[derive(Clone, Copy, Debug)]
struct Number {
    radix: usize,
    zeros: usize,
}

fn any_number() -> impl Strategy<Value = Number> {
    (0usize..4, 0usize..4).prop_map(|(radix, zeros)| Number { radix, zeros })
}

fn write(number: u32, how: Number) -> String {
    let zeros = "0".repeat(how.zeros);
    match how.radix {
        0 => number.to_string(),
        1 => format!("0{zeros}{number:o}"),
        2 => format!("0x{zeros}{number:x}"),
        _ => format!("0X{zeros}{number:X}"),
    }
}

/// Writes the address in `numbers.len()` parts, the last of which holds all remaining bytes, as `inet_aton`
/// reads it.
fn spell(address: Ipv4Addr, numbers: &[Number]) -> String {
    let octets = address.octets();
    let (last, single) = numbers.split_last().unwrap();
    let mut parts: Vec<_> = single.iter().zip(octets).map(|(how, octet)| write(octet.into(), *how)).collect();
    let rest = octets[single.len()..].iter().fold(0, |rest, octet| (rest << 8) | u32::from(*octet));
    parts.push(write(rest, *last));
    parts.join(".")
}

/// Replaces the characters by equivalent ones.
fn dress(text: &str, how: usize) -> String {
    let wide = |c: char| char::from_u32(u32::from(c) + 0xfee0).unwrap();
    text.chars()
        .map(|c| match how {
            0 => c.to_string(),
            1 => wide(c).to_string(),
            2 if c == '.' => "。".to_owned(),
            2 => c.to_string(),
            3 => format!("%{:02x}", u32::from(c)),
            // An invisible character that IDNA drops.
            _ => format!("{c}\u{ad}"),
        })
        .collect()
}

fn v6(segments: [u16; 8]) -> Ipv6Addr {
    Ipv6Addr::from(segments)
}

proptest! {
    #[test]
    fn an_ipv4_address_is_judged_alike_however_it_is_written(
        address in any_v4(),
        numbers in prop::collection::vec(any_number(), 1..=4),
        how in 0usize..5,
        dot in any::<bool>(),
    ) {
        let host = dress(&format!("{}{}", spell(address, &numbers), if dot { "." } else { "" }), how);
        for policy in [PRODUCTION, DEVELOPMENT] {
            let plain = policy.check_url(&format!("https://{address}/a?b"));
            prop_assert_eq!(policy.check_url(&format!("https://{host}/a?b")), plain, "{}", host);
        }
    }

    #[test]
    fn an_ipv6_address_is_no_more_open_than_the_ipv4_address_inside(
        inside in any_v4(),
        low in any::<u64>(),
        server in any::<u32>(),
    ) {
        let (high, bottom) = ((inside.to_bits() >> 16) as u16, inside.to_bits() as u16);
        let [a, b, c, d] = [48, 32, 16, 0].map(|shift| (low >> shift) as u16);
        let (server_high, server_low) = ((server >> 16) as u16, server as u16);
        let judged_alike = [
            v6([0, 0, 0, 0, 0, 0xffff, high, bottom]),
            v6([0x2002, high, bottom, a, b, c, d, 0]),
            v6([0x2600, a, b, c, 0, 0x5efe, high, bottom]),
            v6([0x2600, a, b, c, 0x200, 0x5efe, high, bottom]),
        ];
        for address in judged_alike {
            let (outer, inner) = (PRODUCTION.allows(address.into()), PRODUCTION.allows(inside.into()));
            prop_assert_eq!(outer.map_err(|blocked| blocked.kind), inner.map_err(|blocked| blocked.kind));
        }
        let never_called = [
            // IPv4-compatible, translated by SIIT, NAT64 in three layouts, Teredo with the address as server
            // and as client.
            v6([0, 0, 0, 0, 0, 0, high, bottom]),
            v6([0, 0, 0, 0, 0xffff, 0, high, bottom]),
            v6([0x64, 0xff9b, 0, 0, 0, 0, high, bottom]),
            v6([0x64, 0xff9b, 1, a, b, c, high, bottom]),
            v6([0x64, 0xff9b, 1, high, bottom >> 8, bottom << 8, a, b]),
            v6([0x2001, 0, high, bottom, a, b, !server_high, !server_low]),
            v6([0x2001, 0, server_high, server_low, a, b, !high, !bottom]),
        ];
        for address in never_called {
            // Except the loopback address, which has the IPv4-compatible form and may be allowed.
            let is_closed = DEVELOPMENT.allows(address.into()).is_err() || address.is_loopback();
            prop_assert!(PRODUCTION.allows(address.into()).is_err() && is_closed, "{}", address);
            let url = format!("https://[{address}]/");
            prop_assert!(PRODUCTION.check_url(&url).is_err(), "{}", url);
        }
    }

    #[test]
    fn who_is_called_is_who_was_checked(
        text in "https://[a-z0-9.:\\[\\]@%\\\\/?#_~!$&'()*+,;=|^`{}\"<>äß。①-]{0,40}",
    ) {
        // The URL is parsed twice: by us, and as a `Uri` by the HTTP library.
        if let Ok(url) = PRODUCTION.check_url(&text) {
            let uri: http::Uri = url.as_str().parse().unwrap();
            prop_assert_eq!(uri.host(), url.host_str());
            prop_assert_eq!(uri.port_u16(), url.port());
            // What the library parses as an address never reaches the resolver.
            let name = url.domain().map(str::parse::<IpAddr>);
            prop_assert!(!matches!(name, Some(Ok(_))), "{}", url);
        }
    }
}
