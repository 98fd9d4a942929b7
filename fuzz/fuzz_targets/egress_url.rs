//! No text panics; an accepted URL is public as far as can be determined, and both URL parsers read it the
//! same way.

#![no_main]

use std::net::IpAddr;

use hookstep_egress::Policy;
use libfuzzer_sys::fuzz_target;
use url::Host;

fuzz_target!(|text: &str| {
    let development = Policy { allow_http_targets: true, allow_private_targets: true };
    let accepted = development.check_url(text);
    let Ok(url) = Policy::default().check_url(text) else { return };
    assert_eq!(accepted.as_ref(), Ok(&url), "an open hatch closes nothing");
    let uri: http::Uri = url.as_str().parse().expect("the library can read it");
    assert_eq!(uri.scheme_str(), Some("https"));
    assert_eq!(uri.host(), url.host_str());
    assert_eq!(uri.port_u16(), url.port());
    match url.host().expect("a host") {
        Host::Ipv4(address) => assert!(is_plainly_public(address.into())),
        Host::Ipv6(address) => assert!(is_plainly_public(address.into())),
        Host::Domain(name) => assert!(name.parse::<IpAddr>().is_err()),
    }
    assert_eq!(Policy::default().check_url(url.as_str()), Ok(url), "a second time is as the first");
});

/// Independent of the tables in `egress`: what the standard library itself can determine.
fn is_plainly_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(ip) => {
            let [first, second, ..] = ip.octets();
            let is_carrier = first == 100 && second & 0xc0 == 64;
            let is_special = ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_documentation();
            !(is_special || is_carrier || first == 0 || first >= 224)
        }
        // All allocated addresses are in 2000::/3.
        IpAddr::V6(ip) => ip.segments()[0] & 0xe000 == 0x2000,
    }
}
