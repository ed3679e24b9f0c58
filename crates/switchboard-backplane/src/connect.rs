//! Connections to Redis.

use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::sentinel::{SentinelClientBuilder, SentinelServerType};
use redis::{AsyncConnectionConfig, Client, ConnectionAddr, TlsCertificates, TlsMode};

use crate::address::{Sentinel, Target};
use crate::{Address, Error};

/// A client of the Redis that is the master at the moment.
///
/// # Errors
/// If no Sentinel tells which one it is, or certificates cannot be read.
pub(crate) async fn client(address: &Address) -> Result<Client, Error> {
    // The embedding program may have chosen its cryptography already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let certificates = address.ca_pem.as_ref().map(|pem| TlsCertificates {
        client_tls: None,
        root_cert: Some(pem.clone()),
    });
    match &address.target {
        Target::One(info) => Ok(match certificates {
            Some(certificates) => Client::build_with_tls(info.clone(), certificates)?,
            None => Client::open(info.clone())?,
        }),
        Target::Sentinel(sentinel) => master(sentinel, certificates).await,
    }
}

async fn master(
    sentinel: &Sentinel,
    certificates: Option<TlsCertificates>,
) -> Result<Client, Error> {
    let addresses = sentinel.sentinels.iter().cloned().map(|(host, port)| {
        if sentinel.is_tls {
            ConnectionAddr::TcpTls {
                host,
                port,
                insecure: false,
                tls_params: None,
            }
        } else {
            ConnectionAddr::Tcp(host, port)
        }
    });
    let mut builder =
        SentinelClientBuilder::new(addresses, &sentinel.master, SentinelServerType::Master)?
            .set_client_to_redis_db(sentinel.redis.db());
    if let Some(username) = sentinel.redis.username() {
        builder = builder.set_client_to_redis_username(username);
    }
    if let Some(password) = sentinel.redis.password() {
        builder = builder
            .set_client_to_redis_password(password)
            .set_client_to_sentinel_password(password);
    }
    if sentinel.is_tls {
        builder = builder
            .set_client_to_redis_tls_mode(TlsMode::Secure)
            .set_client_to_sentinel_tls_mode(TlsMode::Secure);
    }
    if let Some(certificates) = certificates {
        builder = builder
            .set_client_to_redis_certificates(certificates.clone())
            .set_client_to_sentinel_certificates(certificates);
    }
    Ok(builder.build()?.async_get_client().await?)
}

/// A connection whose answers must come within `timeout`, and a blocking command's within so much more.
///
/// # Errors
/// If there is none within `timeout`.
pub(crate) async fn connection(
    client: &Client,
    timeout: Duration,
    blocking: Duration,
) -> Result<MultiplexedConnection, Error> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(timeout))
        .set_response_timeout(Some(timeout + blocking));
    Ok(client
        .get_multiplexed_async_connection_with_config(&config)
        .await?)
}
