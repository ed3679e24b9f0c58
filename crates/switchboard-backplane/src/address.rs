//! Where Redis is.

use std::fmt;
use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo, RedisConnectionInfo};
use thiserror::Error;

/// A Redis, or the Sentinels that know which one it is at the moment. `Debug` and `Display` show no password.
#[derive(Clone)]
pub struct Address {
    pub(crate) target: Target,
    /// Certificates to trust, in PEM, instead of the system's.
    pub(crate) ca_pem: Option<Vec<u8>>,
}

#[derive(Clone)]
pub(crate) enum Target {
    One(ConnectionInfo),
    Sentinel(Sentinel),
}

#[derive(Clone)]
pub(crate) struct Sentinel {
    pub(crate) sentinels: Vec<(String, u16)>,
    pub(crate) master: String,
    pub(crate) is_tls: bool,
    /// For the Redis itself; Sentinels are asked with the same password.
    pub(crate) redis: RedisConnectionInfo,
}

/// A Redis by its parts.
#[derive(Clone, PartialEq, Eq)]
pub struct Server {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The number of the database.
    pub db: u16,
    /// Whom to log in as.
    pub username: Option<String>,
    /// The password.
    pub password: Option<String>,
    /// Whether to use TLS.
    pub tls: bool,
}

/// Why something is not an address.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AddressProblem {
    /// It is of another kind.
    #[error("must begin with redis://, rediss://, unix:// or redis+sentinel://")]
    Scheme,
    /// Sentinels without the name of what they watch.
    #[error(
        "must name the master behind the Sentinels: redis+sentinel://host:26379,host:26379/name"
    )]
    Master,
    /// A Sentinel's address that is none.
    #[error("is not an address of a Sentinel: {0:?}")]
    SentinelAddress(String),
    /// A database that is none.
    #[error("is not the number of a database: {0:?}")]
    Database(String),
    /// Otherwise not in order.
    #[error("is not the address of a Redis: {0}")]
    Malformed(String),
}

const SENTINEL: [(&str, bool); 2] = [("redis+sentinel://", false), ("rediss+sentinel://", true)];
const SENTINEL_PORT: u16 = 26379;

impl Address {
    /// Reads `redis://[user][:password@]host[:port][/db]`, `rediss://...` for TLS, `unix:///path[?db=0&pass=...]`, or
    /// `redis+sentinel://[user][:password@]host[:port],.../master[/db]`.
    ///
    /// # Errors
    /// If it is none of these.
    pub fn parse(url: &str) -> Result<Self, AddressProblem> {
        for (scheme, is_tls) in SENTINEL {
            if let Some(rest) = url.strip_prefix(scheme) {
                return Sentinel::parse(rest, is_tls)
                    .map(|sentinel| Self::of(Target::Sentinel(sentinel)));
            }
        }
        let known = ["redis://", "rediss://", "unix://", "redis+unix://"];
        if !known.iter().any(|scheme| url.starts_with(scheme)) {
            return Err(AddressProblem::Scheme);
        }
        let info = url.into_connection_info();
        let info = info.map_err(|problem| AddressProblem::Malformed(problem.to_string()))?;
        Ok(Self::of(Target::One(info)))
    }

    /// The address of a Redis that listens at a file.
    ///
    /// # Errors
    /// If the path cannot be one.
    pub fn unix(path: PathBuf) -> Result<Self, AddressProblem> {
        let info = ConnectionAddr::Unix(path).into_connection_info();
        let info = info.map_err(|problem| AddressProblem::Malformed(problem.to_string()))?;
        Ok(Self::of(Target::One(info)))
    }

    /// Certificates to trust, in PEM, instead of the system's.
    #[must_use]
    pub fn trusting(mut self, ca_pem: Vec<u8>) -> Self {
        self.ca_pem = Some(ca_pem);
        self
    }

    const fn of(target: Target) -> Self {
        Self {
            target,
            ca_pem: None,
        }
    }
}

impl TryFrom<Server> for Address {
    type Error = AddressProblem;

    fn try_from(server: Server) -> Result<Self, AddressProblem> {
        let addr = if server.tls {
            ConnectionAddr::TcpTls {
                host: server.host,
                port: server.port,
                insecure: false,
                tls_params: None,
            }
        } else {
            ConnectionAddr::Tcp(server.host, server.port)
        };
        let mut redis = RedisConnectionInfo::default().set_db(server.db.into());
        if let Some(username) = server.username {
            redis = redis.set_username(username);
        }
        if let Some(password) = server.password {
            redis = redis.set_password(password);
        }
        let info = addr.into_connection_info();
        let info = info.map_err(|problem| AddressProblem::Malformed(problem.to_string()))?;
        Ok(Self::of(Target::One(info.set_redis_settings(redis))))
    }
}

impl Sentinel {
    fn parse(rest: &str, is_tls: bool) -> Result<Self, AddressProblem> {
        let (login, rest) = rest
            .rsplit_once('@')
            .map_or((None, rest), |(login, rest)| (Some(login), rest));
        let mut parts = rest.trim_end_matches('/').split('/');
        let hosts = parts.next().unwrap_or_default();
        let master = parts
            .next()
            .filter(|name| !name.is_empty())
            .ok_or(AddressProblem::Master)?;
        let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let mut redis = RedisConnectionInfo::default();
        if let Some(db) = parts.next() {
            let number: u16 = db
                .parse()
                .map_err(|_| AddressProblem::Database(db.to_owned()))?;
            redis = redis.set_db(number.into());
        }
        if let Some((username, password)) = login.and_then(|login| login.split_once(':')) {
            if !username.is_empty() {
                redis = redis.set_username(decode(username));
            }
            redis = redis.set_password(decode(password));
        }
        let sentinels = hosts.split(',').map(|host| {
            let wrong = || AddressProblem::SentinelAddress(host.to_owned());
            let (name, port) = match host.rsplit_once(':') {
                Some((name, port)) if !port.ends_with(']') => {
                    (name, port.parse().map_err(|_| wrong())?)
                }
                _ => (host, SENTINEL_PORT),
            };
            let name = name.trim_start_matches('[').trim_end_matches(']');
            if name.is_empty() {
                Err(wrong())
            } else {
                Ok((name.to_owned(), port))
            }
        });
        Ok(Self {
            sentinels: sentinels.collect::<Result<_, _>>()?,
            master: decode(master),
            is_tls,
            redis,
        })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.target {
            Target::One(info) => info.addr().fmt(f),
            Target::Sentinel(sentinel) => {
                write!(f, "{} behind ", sentinel.master)?;
                for (place, (host, port)) in sentinel.sentinels.iter().enumerate() {
                    write!(f, "{}{host}:{port}", if place == 0 { "" } else { ", " })?;
                }
                Ok(())
            }
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            host,
            port,
            db,
            tls,
            ..
        } = self;
        write!(f, "Server({host}:{port}/{db}, tls: {tls})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redis(url: &str) -> (Address, RedisConnectionInfo) {
        let address = Address::parse(url).expect("an address");
        let info = match &address.target {
            Target::One(info) => info.redis_settings().clone(),
            Target::Sentinel(sentinel) => sentinel.redis.clone(),
        };
        (address, info)
    }

    #[test]
    fn s3_3_a_url_says_all_there_is_to_say() {
        let (address, info) = redis("redis://ann:sec%20ret@example.org:7000/3");
        assert_eq!(address.to_string(), "example.org:7000");
        assert_eq!(
            (info.username(), info.password(), info.db()),
            (Some("ann"), Some("sec ret"), 3)
        );
        let (address, info) = redis("redis://127.0.0.1");
        assert_eq!(
            (address.to_string().as_str(), info.db()),
            ("127.0.0.1:6379", 0)
        );
        assert_eq!(redis("unix:///run/redis.sock?db=2").1.db(), 2);
        assert!(
            matches!(&redis("rediss://example.org").0.target, Target::One(info) if matches!(info.addr(), ConnectionAddr::TcpTls { insecure: false, .. }))
        );
    }

    #[test]
    fn s3_3_a_server_may_be_said_by_its_parts() {
        let server = Server {
            host: "example.org".to_owned(),
            port: 6380,
            db: 4,
            username: None,
            password: Some("secret".to_owned()),
            tls: false,
        };
        let shown = format!("{server:?}");
        let address = Address::try_from(server).expect("an address");
        let Target::One(info) = &address.target else {
            panic!("one server")
        };
        assert_eq!(
            (info.redis_settings().password(), info.redis_settings().db()),
            (Some("secret"), 4)
        );
        assert_eq!(address.to_string(), "example.org:6380");
        assert!(!shown.contains("secret") && !format!("{address:?}").contains("secret"));
    }

    #[test]
    fn s3_3_sentinels_know_where_the_master_is() {
        let (address, info) = redis("redis+sentinel://:secret@one:1,two,[::1]:3/calls/5");
        assert_eq!(address.to_string(), "calls behind one:1, two:26379, ::1:3");
        assert_eq!((info.password(), info.db()), (Some("secret"), 5));
    }

    #[test]
    fn what_is_no_address_is_said_why() {
        let problem = |url| Address::parse(url).err();
        assert_eq!(problem("http://example.org"), Some(AddressProblem::Scheme));
        assert_eq!(problem("example.org:6379"), Some(AddressProblem::Scheme));
        assert_eq!(
            problem("redis+sentinel://one:1"),
            Some(AddressProblem::Master)
        );
        assert_eq!(
            problem("redis+sentinel://one:x/m"),
            Some(AddressProblem::SentinelAddress("one:x".to_owned()))
        );
        assert_eq!(
            problem("redis+sentinel://one/m/x"),
            Some(AddressProblem::Database("x".to_owned()))
        );
        assert!(matches!(
            problem("redis://example.org/abc"),
            Some(AddressProblem::Malformed(_))
        ));
    }
}
