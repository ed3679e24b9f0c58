//! How long a server is waited for, and what is said when it does not do its part.

use std::time::Duration;

use switchboard_client::ClientError;
use thiserror::Error;

/// For a connection, for the end of one, for what is sent to be taken, and for each answer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Why the server has not done something. The connection is of no use any more.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    /// It could not be asked.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// It does nothing.
    #[error("the server does not answer within {} s", PATIENCE.as_secs())]
    Late,
}

/// Ends what takes too long.
pub(crate) async fn in_time<T>(
    what: impl Future<Output = Result<T, ClientError>>,
) -> Result<T, Failure> {
    match tokio::time::timeout(PATIENCE, what).await {
        Ok(done) => Ok(done?),
        Err(_) => Err(Failure::Late),
    }
}
