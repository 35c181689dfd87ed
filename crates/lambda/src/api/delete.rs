//! DeleteFunction.

use bytes::Bytes;
use http::{Request, Response};

use super::errors::ApiError;
use super::update::changeable;
use super::{no_content, qualified};
use crate::annex::read_number;
use crate::function::LATEST;
use crate::host::FunctionHost;
use crate::invocation::Target;

pub(super) async fn delete_function(
    host: &FunctionHost,
    name: &str,
    request: &Request<Bytes>,
) -> Result<Response<Bytes>, ApiError> {
    let target = qualified(host.config(), name, request)?;
    let delete = move |host: &FunctionHost| match &target.qualifier {
        None => {
            changeable(host, &target)?;
            Ok(host.delete(&target.name)?)
        }
        Some(qualifier) => delete_version(host, &target, qualifier),
    };
    host.change(delete).await?;
    Ok(no_content())
}

fn delete_version(host: &FunctionHost, target: &Target, qualifier: &str) -> Result<(), ApiError> {
    // AWS: unconfirmed, the texts SDK users report.
    if qualifier == LATEST {
        let message = "$LATEST version cannot be deleted without deleting the function.";
        return Err(ApiError::invalid_parameter(message));
    }
    let Some(number) = read_number(qualifier) else {
        return Err(ApiError::invalid_parameter("Deletion of aliases is not currently supported."));
    };
    let (entry, stored) = changeable(host, target)?;
    let aliases = entry.annex.aliases_of(qualifier);
    if !aliases.is_empty() {
        // AWS: the text SDK users report.
        let aliases = aliases.join(", ");
        return Err(ApiError::conflict(format!(
            "Unable to delete version because the following aliases reference it: [{aliases}]"
        )));
    }
    // AWS: the service answers so for a version that is not there too.
    match entry.annex.versions.contains_key(&number) {
        true => Ok(host.delete_version(&entry, &stored, number)?),
        false => Ok(()),
    }
}
