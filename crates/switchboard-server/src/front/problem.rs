//! What is said to those who get no other answer, as `{"detail": ...}`.

use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Json, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use switchboard_core::{IdKind, Refusal};
use thiserror::Error;
use utoipa::ToSchema;

use super::percent::{self, Unreadable};

/// Why there is no other answer.
#[derive(Debug, Error)]
pub(crate) enum Problem {
    /// A name that nothing can have.
    #[error(transparent)]
    Name(#[from] Refusal),
    /// A name that cannot be read.
    #[error("invalid {kind}: {problem}")]
    Encoding { kind: IdKind, problem: Unreadable },
    /// A query that cannot be read.
    #[error("invalid query: {0}")]
    QueryEncoding(Unreadable),
    /// A query that is not what is expected.
    #[error("{}", .0.body_text())]
    Query(#[from] QueryRejection),
    #[error("limit must be from 1 to {most}, not {asked}")]
    Limit { asked: usize, most: usize },
    #[error("the list of rooms is answered to this machine only")]
    NotLocal,
    // As published.
    #[error("Room not found")]
    NoSuchRoom,
    #[error("User not found")]
    NoSuchUser,
    #[error("nothing here; /docs has a list of what there is")]
    NothingHere,
    #[error("{0} is not possible here")]
    MethodNotAllowed(Method),
}

/// A problem in words.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Detail {
    /// What is wrong.
    detail: String,
}

impl Problem {
    const fn status(&self) -> StatusCode {
        match self {
            Self::Name(_)
            | Self::Encoding { .. }
            | Self::QueryEncoding(_)
            | Self::Query(_)
            | Self::Limit { .. } => StatusCode::BAD_REQUEST,
            Self::NotLocal => StatusCode::FORBIDDEN,
            Self::NoSuchRoom | Self::NoSuchUser | Self::NothingHere => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let detail = self.to_string();
        (self.status(), Json(Detail { detail })).into_response()
    }
}

/// The query of a request; one that cannot be read is answered as all problems are.
#[derive(Debug)]
pub(crate) struct QueryOf<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for QueryOf<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        // Read by the library alone, what is not UTF-8 would come out as other names.
        let encoded = parts.uri.query().unwrap_or_default();
        percent::decode(encoded).map_err(Problem::QueryEncoding)?;
        let Query(query) = Query::from_request_parts(parts, state).await?;
        Ok(Self(query))
    }
}
