//! Signed HTTP calls to AWS service endpoints.
