use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;
use url::Host;

use crate::{Policy, PolicyRefusal};

const PRODUCTION: Policy = Policy { allow_http_targets: false, allow_private_targets: false };
const DEVELOPMENT: Policy = Policy { allow_http_targets: true, allow_private_targets: true };

#[test]
fn blocked_addresses_are_named() {
    let cases = [
        ("0.0.0.0", "unspecified"),
        ("0.1.2.3", "unspecified"),
        ("10.255.255.255", "private"),
        ("100.64.0.1", "private to a carrier (CGNAT)"),
        ("100.127.255.255", "private to a carrier (CGNAT)"),
        ("100.100.100.200", "a metadata service"),
        ("127.255.255.254", "loopback"),
        ("168.63.129.16", "a metadata service"),
        ("169.254.1.1", "link-local"),
        ("169.254.169.254", "a metadata service"),
        ("172.16.0.1", "private"),
        ("172.31.255.255", "private"),
        ("192.0.0.192", "reserved for protocols"),
        ("192.0.2.1", "for documentation"),
        ("192.168.0.1", "private"),
        ("198.19.255.255", "for benchmarks"),
        ("198.51.100.1", "for documentation"),
        ("203.0.113.1", "for documentation"),
        ("224.0.0.1", "multicast"),
        ("239.255.255.255", "multicast"),
        ("240.0.0.1", "reserved"),
        ("255.255.255.255", "broadcast"),
        ("::", "unspecified"),
        ("::1", "loopback"),
        ("::127.0.0.1", "loopback"),
        ("::8.8.8.8", "reserved"),
        ("::ffff:10.0.0.1", "private"),
        ("::ffff:169.254.169.254", "a metadata service"),
        ("64:ff9b::8.8.8.8", "translated (NAT64)"),
        ("64:ff9b:1::a00:1", "translated (NAT64)"),
        ("100::1", "a sink that discards"),
        ("2001::1", "a tunnel (Teredo)"),
        ("2001:10::1", "reserved for protocols"),
        ("2001:db8::1", "for documentation"),
        ("2002:a00:1::", "private"),
        ("2002:7f00:1::1", "loopback"),
        ("3fff::1", "for documentation"),
        ("4000::1", "reserved"),
        ("fc00::1", "private"),
        ("fd00:ec2::254", "a metadata service"),
        ("fd20:ce::254", "a metadata service"),
        ("2600::5efe:10.0.0.1", "private"),
        ("2600::200:5efe:169.254.169.254", "a metadata service"),
        ("::ffff:0:8.8.8.8", "reserved"),
        ("169.254.100.1", "link-local"),
        ("169.254.170.2", "link-local"),
        ("fe80::1", "link-local"),
        ("fec0::1", "site-local"),
        ("ff02::1", "multicast"),
    ];
    for (address, kind) in cases {
        let address: IpAddr = address.parse().unwrap();
        let blocked = PRODUCTION.allows(address).expect_err(&address.to_string());
        assert_eq!((blocked.address, blocked.kind), (address, kind));
    }
    for public in [
        "8.8.8.8",
        "100.63.255.255",
        "172.32.0.1",
        "192.0.1.1",
        "2606:4700::1",
        "::ffff:8.8.8.8",
        "2002:808:808::1",
        "2600::5efe:808:808",
    ] {
        assert_eq!(PRODUCTION.allows(public.parse().unwrap()), Ok(()), "{public}");
    }
}

#[test]
fn the_private_hatch_opens_hosts_of_ones_own_and_nothing_else() {
    for own in ["127.0.0.1", "10.0.0.1", "192.168.1.1", "100.64.0.1", "::1", "fd12::1", "::ffff:127.0.0.1"] {
        assert_eq!(DEVELOPMENT.allows(own.parse().unwrap()), Ok(()), "{own}");
    }
    for never in
        ["169.254.169.254", "fd00:ec2::254", "0.0.0.0", "224.0.0.1", "fe80::1", "::", "64:ff9b::7f00:1"]
    {
        assert!(DEVELOPMENT.allows(never.parse().unwrap()).is_err(), "{never}");
    }
}

#[test]
fn every_spelling_of_an_address_is_seen_through() {
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "017700000001",
        "127.0.0.1.",
        "%31%32%37.0.0.1",
        "①②⑦.0.0.1",
        "127。0。0。1",
        "１２７.0.0.1",
        "0x7F.0x00.0x0001",
        "0000000177.1",
        "127.0.0.0x1.",
        "%31%32%37%2e1",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:7f00:1]",
        "[::ffff:127.0.0.1]",
        "[2002:7f00:1::]",
    ] {
        let refused = PRODUCTION.check_url(&format!("https://{host}/")).expect_err(host);
        assert!(
            matches!(refused, PolicyRefusal::Address(blocked) if blocked.kind == "loopback"),
            "{host}: {refused}"
        );
    }
}

#[test]
fn urls_are_refused_with_a_reason() {
    let long = format!("https://example.com/{}", "a".repeat(2048));
    let grows = format!("https://example.com/{}", "ä".repeat(900));
    let cases = [
        (long.as_str(), "the URL is longer than 2048 bytes"),
        (grows.as_str(), "the URL is longer than 2048 bytes"),
        ("example.com", "the URL is not valid: relative URL without a base"),
        ("https://", "the URL is not valid: empty host"),
        ("https://example.com/a b", "the URL has characters that must be escaped"),
        (" https://example.com/", "the URL has characters that must be escaped"),
        ("https://exam\tple.com/", "the URL has characters that must be escaped"),
        ("http://example.com/", "the URL's scheme must be https, not http"),
        ("file:///etc/passwd", "the URL's scheme must be https, not file"),
        ("https://user@example.com/", "the URL must not contain a user name or a password"),
        ("https://:pw@example.com/", "the URL must not contain a user name or a password"),
        ("https://example.com/#a", "the URL must not have a fragment (#)"),
        ("https://example.com:22/", "the port 22 is not allowed; use 443 or one from 1024"),
        ("https://example.com:80/", "the port 80 is not allowed; use 443 or one from 1024"),
        ("https://example.com:0/", "the port 0 is not allowed; use 443 or one from 1024"),
        ("https://localhost/", "the host name localhost is not a public name"),
        ("https://LOCALHOST./", "the host name localhost. is not a public name"),
        ("https://a.localhost/", "the host name a.localhost is not a public name"),
        ("https://metadata.google.internal/", "the host name metadata.google.internal is not a public name"),
        ("https://intranet/", "the host name intranet is not a public name"),
        ("https://10.0.0.1/", "the address 10.0.0.1 is private"),
        ("https://[fe80::1%25eth0]/", "the URL is not valid: invalid IPv6 address"),
        ("https://[::1%lo]/", "the URL is not valid: invalid IPv6 address"),
        ("https://127.0.0.1:9001/2018-06-01/runtime/invocation/next", "the address 127.0.0.1 is loopback"),
        ("https://169.254.100.1:9001/", "the address 169.254.100.1 is link-local"),
        ("https://4294967296/", "the URL is not valid: invalid IPv4 address"),
        ("https://127.0.0.1../", "the host name 127.0.0.1.. is not a public name"),
        ("https://example.com\\@10.0.0.1/", "the URL has characters that must be escaped"),
    ];
    for (url, reason) in cases {
        assert_eq!(PRODUCTION.check_url(url).expect_err(url).to_string(), reason, "{url}");
    }
    for url in [
        "https://example.com",
        "https://example.com:8443/a?b=c&d=%20",
        "https://bücher.example/",
        "https://8.8.8.8/",
    ] {
        assert!(PRODUCTION.check_url(url).is_ok(), "{url}");
    }
    for url in ["http://localhost:3000/hook", "http://example.com/", "https://10.0.0.1/"] {
        assert!(DEVELOPMENT.check_url(url).is_ok(), "{url}");
    }
    assert_eq!(DEVELOPMENT.check_url("http://localhost:443/").map(drop), Ok(()));
}

#[test]
fn headers_are_refused_with_a_reason() {
    let long = "v".repeat(8 * 1024);
    let cases: [(&str, &str, &str); 13] = [
        ("Host", "a", "is reserved"),
        ("Content-Type", "a", "is reserved"),
        ("TRANSFER-ENCODING", "chunked", "is reserved"),
        ("webhook-id", "a", "is reserved"),
        ("user-agent", "a", "is reserved"),
        ("X-Amz-Date", "a", "is reserved"),
        ("x-forwarded-for", "a", "is reserved"),
        ("proxy-connection", "a", "is reserved"),
        (
            "Authorization",
            "Bearer x",
            "carries a credential, and headers are kept in the execution history: set auth instead",
        ),
        (
            "cookie",
            "a=b",
            "carries a credential, and headers are kept in the execution history: set auth instead",
        ),
        ("a b", "a", "has a name that is not valid"),
        ("x-a", "a\r\nx-b: c", "has a value with characters other than visible ASCII"),
        ("x-a", &long, "takes the headers above 8 KiB"),
    ];
    for (name, value, reason) in cases {
        let headers = BTreeMap::from([(name.to_owned(), value.to_owned())]);
        let refused = PRODUCTION.check_headers(&headers).expect_err(name);
        assert_eq!((refused.name.as_str(), refused.reason), (name, reason));
    }
    let twice = ["X-A", "x-a"].map(|name| (name.to_owned(), "1".to_owned()));
    assert_eq!(
        PRODUCTION.check_headers(&twice.into()).unwrap_err().reason,
        "is there twice, in different case"
    );
    let fine = [("X-Team", "blue"), ("Accept", "text/plain"), ("x-empty", "")];
    let fine = fine.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(PRODUCTION.check_headers(&fine.into()), Ok(()));
}

/// Independent of the tables: what the standard library can tell by itself.
fn is_plainly_public(address: IpAddr) -> bool {
    let v4 = |ip: Ipv4Addr| {
        !(ip.is_private()
            || ip.is_loopback()
            || ip.is_link_local()
            || ip.is_unspecified()
            || ip.is_multicast()
            || ip.is_broadcast()
            || ip.is_documentation()
            || ip.octets()[0] == 0
            || (ip.octets()[0] == 100 && ip.octets()[1] & 0xc0 == 64))
    };
    let v6 = |ip: Ipv6Addr| match ip.to_ipv4_mapped() {
        Some(inner) => v4(inner),
        None => {
            !(ip.is_loopback()
                || ip.is_unspecified()
                || ip.is_multicast()
                || ip.is_unique_local()
                || ip.is_unicast_link_local())
        }
    };
    match address {
        IpAddr::V4(ip) => v4(ip),
        IpAddr::V6(ip) => v6(ip),
    }
}

fn any_host() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<Ipv4Addr>().prop_map(|ip| ip.to_string()),
        any::<u32>().prop_map(|ip| ip.to_string()),
        any::<u32>().prop_map(|ip| format!("{ip:#x}")),
        (any::<u8>(), 0u32..1 << 24)
            .prop_map(|(first, rest)| format!("{first:#o}.{rest}").replace("0o", "0")),
        any::<Ipv6Addr>().prop_map(|ip| format!("[{ip}]")),
        any::<Ipv4Addr>().prop_map(|ip| format!("[::ffff:{ip}]")),
        (prop_oneof![Just(10u8), Just(127), Just(172), Just(192), Just(100), Just(169)], any::<[u8; 3]>())
            .prop_map(|(first, [b, c, d])| format!("{first}.{b}.{c}.{d}")),
    ]
}

proptest! {
    #[test]
    fn no_text_panics(text in any::<String>(), tail in "(https?)?:?//?[@:\\[\\]%.#?/0-9a-z\\\\]{0,40}") {
        for policy in [PRODUCTION, DEVELOPMENT] {
            let _ = policy.check_url(&text);
            let _ = policy.check_url(&tail);
        }
    }

    #[test]
    fn an_accepted_literal_is_public(host in any_host(), port in prop::option::of(any::<u16>())) {
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        if let Ok(url) = PRODUCTION.check_url(&format!("https://{host}{port}/")) {
            let address = match url.host() {
                Some(Host::Ipv4(ip)) => IpAddr::V4(ip),
                Some(Host::Ipv6(ip)) => IpAddr::V6(ip),
                other => panic!("not an address: {other:?}"),
            };
            prop_assert!(is_plainly_public(address), "{}", address);
        }
    }
}
