//! Who is on this machine.

use axum::http::{HeaderMap, HeaderName, header};

use crate::admission::Admission;

/// Whether a request comes from this machine, and not merely through a proxy on it.
pub(super) fn is_local(admission: &Admission, headers: &HeaderMap) -> bool {
    const FORWARDED: [HeaderName; 3] = [
        header::FORWARDED,
        HeaderName::from_static("x-forwarded-for"),
        HeaderName::from_static("x-real-ip"),
    ];
    admission.peer.is_loopback() && !FORWARDED.iter().any(|name| headers.contains_key(name))
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
        for name in ["forwarded", "x-forwarded-for", "x-real-ip"] {
            let headers = HeaderMap::from_iter([(
                HeaderName::from_static(name),
                HeaderValue::from_static("192.0.2.1"),
            )]);
            assert!(!is_local(&tcp("127.0.0.1:1"), &headers), "{name}");
        }
    }
}
