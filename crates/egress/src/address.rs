//! Which addresses may be called. The tables list IANA's special-purpose registries and the metadata services
//! of cloud providers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};
use thiserror::Error;

use Reach::{Never, Private};

/// A blocked address and its kind.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the address {address} is {kind}")]
pub struct BlockedAddress {
    /// The address.
    pub address: IpAddr,
    /// The kind of address, phrased to follow "is".
    pub kind: &'static str,
}

/// Whether a development machine may need to call the block.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// A private host: allowed when private targets are allowed.
    Private,
    /// No receiver can have such an address: always blocked.
    Never,
}

const METADATA: &str = "a metadata service";

/// The first row that contains an address applies.
const BLOCKED_V4: [(Ipv4Net, Reach, &str); 19] = [
    // Alibaba's lies inside the carrier block; Azure's looks public.
    (v4([100, 100, 100, 200], 32), Never, METADATA),
    (v4([168, 63, 129, 16], 32), Never, METADATA),
    (v4([169, 254, 169, 254], 32), Never, METADATA),
    (v4([10, 0, 0, 0], 8), Private, "private"),
    (v4([172, 16, 0, 0], 12), Private, "private"),
    (v4([192, 168, 0, 0], 16), Private, "private"),
    (v4([127, 0, 0, 0], 8), Private, "loopback"),
    (v4([100, 64, 0, 0], 10), Private, "private to a carrier (CGNAT)"),
    (v4([0, 0, 0, 0], 8), Never, "unspecified"),
    (v4([169, 254, 0, 0], 16), Never, "link-local"),
    (v4([192, 0, 0, 0], 24), Never, "reserved for protocols"),
    (v4([192, 0, 2, 0], 24), Never, "for documentation"),
    (v4([192, 88, 99, 0], 24), Never, "a 6to4 relay"),
    (v4([198, 18, 0, 0], 15), Never, "for benchmarks"),
    (v4([198, 51, 100, 0], 24), Never, "for documentation"),
    (v4([203, 0, 113, 0], 24), Never, "for documentation"),
    (v4([224, 0, 0, 0], 4), Never, "multicast"),
    (v4([255, 255, 255, 255], 32), Never, "broadcast"),
    (v4([240, 0, 0, 0], 4), Never, "reserved"),
];

const BLOCKED_V6: [(Ipv6Net, Reach, &str); 15] = [
    // AWS's and Google's lie inside the unique local block.
    (v6([0xfd00, 0xec2, 0], 32), Never, METADATA),
    (v6([0xfd20, 0xce, 0], 64), Never, METADATA),
    (Ipv6Net::new_assert(Ipv6Addr::LOCALHOST, 128), Private, "loopback"),
    (v6([0xfc00, 0, 0], 7), Private, "private"),
    (v6([0, 0, 0], 128), Never, "unspecified"),
    (v6([0x64, 0xff9b, 0], 96), Never, "translated (NAT64)"),
    (v6([0x64, 0xff9b, 1], 48), Never, "translated (NAT64)"),
    (v6([0x2001, 0, 0], 32), Never, "a tunnel (Teredo)"),
    (v6([0x2001, 0, 0], 23), Never, "reserved for protocols"),
    (v6([0x2001, 0xdb8, 0], 32), Never, "for documentation"),
    (v6([0x3fff, 0, 0], 20), Never, "for documentation"),
    (v6([0xfe80, 0, 0], 10), Never, "link-local"),
    (v6([0xfec0, 0, 0], 10), Never, "site-local"),
    (v6([0xff00, 0, 0], 8), Never, "multicast"),
    (v6([0x100, 0, 0], 64), Never, "a sink that discards"),
];

/// All addresses assigned for global routing; the registry lists the rest as reserved.
const GLOBAL_V6: Ipv6Net = v6([0x2000, 0, 0], 3);

/// Checks whether `address` may be called.
pub(crate) fn check(address: IpAddr, private_allowed: bool) -> Result<(), BlockedAddress> {
    let blocked = match address {
        IpAddr::V4(address) => blocked_v4(address),
        IpAddr::V6(address) => blocked_v6(address),
    };
    match blocked {
        None => Ok(()),
        Some((Private, _)) if private_allowed => Ok(()),
        Some((_, kind)) => Err(BlockedAddress { address, kind }),
    }
}

fn blocked_v4(address: Ipv4Addr) -> Option<(Reach, &'static str)> {
    let row = BLOCKED_V4.iter().find(|(net, ..)| net.contains(&address));
    row.map(|&(_, reach, kind)| (reach, kind))
}

fn blocked_v6(address: Ipv6Addr) -> Option<(Reach, &'static str)> {
    if let Some(mapped) = address.to_ipv4_mapped() {
        return blocked_v4(mapped);
    }
    if let [0x2002, high, low, ..] = address.segments() {
        return blocked_v4(Ipv4Addr::from_bits((u32::from(high) << 16) | u32::from(low)));
    }
    if let Some(&(_, reach, kind)) = BLOCKED_V6.iter().find(|(net, ..)| net.contains(&address)) {
        return Some((reach, kind));
    }
    if let [0, 0, 0, 0, 0, 0, high, low] = address.segments() {
        // The deprecated IPv4-compatible form is always blocked; the inner address only determines the
        // reported kind.
        let inner = Ipv4Addr::from_bits((u32::from(high) << 16) | u32::from(low));
        return Some((Never, blocked_v4(inner).map_or("reserved", |(_, kind)| kind)));
    }
    if let [.., 0 | 0x200, 0x5efe, high, low] = address.segments() {
        // ISATAP: a network that uses it, under any prefix, calls the address inside.
        let inner = Ipv4Addr::from_bits((u32::from(high) << 16) | u32::from(low));
        if let Some((_, kind)) = blocked_v4(inner) {
            return Some((Never, kind));
        }
    }
    (!GLOBAL_V6.contains(&address)).then_some((Never, "reserved"))
}

const fn v4(octets: [u8; 4], prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(octets[0], octets[1], octets[2], octets[3]), prefix)
}

const fn v6(start: [u16; 3], prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(start[0], start[1], start[2], 0, 0, 0, 0, 0), prefix)
}
