//! Who is on this machine.

use std::net::IpAddr;

use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, header};

use crate::admission::{Admission, Remote};

/// Whether a request comes from this machine, and not merely through a proxy on it, or from a page elsewhere whose name
/// was made to point here (DNS rebinding).
pub(super) fn is_local(admission: &Admission, headers: &HeaderMap) -> bool {
    const FORWARDED: [HeaderName; 3] = [
        header::FORWARDED,
        HeaderName::from_static("x-forwarded-for"),
        HeaderName::from_static("x-real-ip"),
    ];
    let is_forwarded = FORWARDED.iter().any(|name| headers.contains_key(name));
    let is_called_local = admission.peer == Remote::Unix || names_this_machine(headers);
    admission.peer.is_loopback() && !is_forwarded && is_called_local
}

/// Whether the host that was asked for can only be this machine. Programs may name none.
fn names_this_machine(headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let Some(host) = hosts.next() else {
        return true;
    };
    let authority = host
        .to_str()
        .ok()
        .and_then(|host| host.parse::<Authority>().ok());
    authority.is_some_and(|authority| {
        let name = authority.host().trim_matches(['[', ']']);
        let ip = name.parse::<IpAddr>();
        name.eq_ignore_ascii_case("localhost") || ip.is_ok_and(|ip| ip.to_canonical().is_loopback())
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::http::HeaderValue;

    use super::*;
    use crate::admission::{Gatekeeper, Remote};

    #[test]
    fn only_this_machine_is_local_and_no_proxy_on_it() {
        let keeper = Arc::new(Gatekeeper::new(10, 0));
        let admit = |remote| keeper.admit(remote).expect("a place");
        let tcp = |text: &str| admit(Remote::Tcp(text.parse().expect("an address")));
        let none = HeaderMap::new();
        assert!(is_local(&tcp("127.0.0.1:1"), &none));
        assert!(is_local(&tcp("[::1]:1"), &none));
        assert!(is_local(&tcp("[::ffff:127.0.0.1]:1"), &none));
        assert!(is_local(&admit(Remote::Unix), &none));
        assert!(!is_local(&tcp("192.0.2.1:1"), &none));
        for (host, is_ours) in [
            ("localhost:8765", true),
            ("127.0.0.1:8765", true),
            ("[::1]", true),
            ("evil.example:8765", false),
            ("127.0.0.1.evil.example", false),
        ] {
            let headers = HeaderMap::from_iter([(header::HOST, HeaderValue::from_static(host))]);
            assert_eq!(is_local(&tcp("127.0.0.1:1"), &headers), is_ours, "{host}");
            assert!(is_local(&admit(Remote::Unix), &headers), "{host}");
        }
        for name in ["forwarded", "x-forwarded-for", "x-real-ip"] {
            let headers = HeaderMap::from_iter([(
                HeaderName::from_static(name),
                HeaderValue::from_static("192.0.2.1"),
            )]);
            assert!(!is_local(&tcp("127.0.0.1:1"), &headers), "{name}");
        }
    }
}
