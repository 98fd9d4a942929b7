//! Sixteen bytes as an IPv6 address: it is never more permitted than an IPv4 address embedded in it, and a
//! URL with it gets the same verdict.

#![no_main]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use hookstep_egress::Policy;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: [u8; 16]| {
    let policy = Policy::default();
    let address = Ipv6Addr::from(bytes);
    let verdict = policy.allows(address.into());
    let url = policy.check_url(&format!("https://[{address}]/"));
    assert_eq!(url.is_ok(), verdict.is_ok());
    if verdict.is_ok() {
        for inside in inside(address) {
            assert_eq!(policy.allows(inside.into()), Ok(()), "{address} holds {inside}");
        }
    }
    let [.., a, b, c, d] = bytes;
    let v4 = Ipv4Addr::new(a, b, c, d);
    let plain = policy.check_url(&format!("https://{v4}/"));
    assert_eq!(plain.is_ok(), policy.allows(IpAddr::V4(v4)).is_ok());
    for other in [v4.to_bits().to_string(), format!("{:#x}", v4.to_bits()), format!("0{:o}.", v4.to_bits())] {
        assert_eq!(policy.check_url(&format!("https://{other}/")), plain, "{other}");
    }
});

/// The IPv4 addresses embedded in an IPv6 address, for the forms that have one.
fn inside(address: Ipv6Addr) -> Vec<Ipv4Addr> {
    let [a, b, c, _, e, f, g, h] = address.segments();
    let v4 = |high: u16, low: u16| Ipv4Addr::from_bits((u32::from(high) << 16) | u32::from(low));
    match (a, b, c, e, f) {
        (0x2002, ..) => vec![v4(b, c)],
        (0x2001, 0, ..) => vec![v4(!g, !h)],
        (0, 0, ..) | (0x64, 0xff9b, ..) | (_, _, _, 0 | 0x200, 0x5efe) => vec![v4(g, h)],
        _ => Vec::new(),
    }
}
