//! DeleteFunction.

use bytes::Bytes;
use http::{Request, Response, StatusCode};

use super::errors::ApiError;
use super::target;
use super::update::current;
use crate::host::FunctionHost;

pub(super) async fn delete_function(
    host: &FunctionHost,
    name: &str,
    request: &Request<Bytes>,
) -> Result<Response<Bytes>, ApiError> {
    let target = target(host.config(), name, request)?;
    if target.qualifier.is_some() {
        // AWS: unconfirmed, the text SDK users report.
        let message = "$LATEST version cannot be deleted without deleting the function.";
        return Err(ApiError::invalid_parameter(message));
    }
    let delete = move |host: &FunctionHost| {
        current(host, &target, None)?;
        Ok::<_, ApiError>(host.delete(&target.name)?)
    };
    host.change(delete).await?;
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}
