//! Which operation of which model of AWS's services an optimised integration comes down to: for whoever wants to know what its
//! result looks like.

use crate::{emr, jobs, optimised, services};

/// An operation of a model in `aws::model`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation<'a> {
    /// The model of its service: `eventbridge`.
    pub model: &'static str,
    /// Its name with a small first letter: `putEvents`.
    pub action: &'a str,
}

/// The operation that an action of an optimised integration requests; `None` where it is no operation of a service.
pub fn requested_operation<'a>(service: &str, action: &'a str) -> Option<Operation<'a>> {
    match service {
        "lambda" => Some(Operation { model: "lambda", action }),
        "states" => Some(Operation { model: "sfn", action }),
        _ => {
            let request = optimised::find(service, action)?;
            let action = if service == "elasticmapreduce" { emr::operation(action) } else { action };
            Some(Operation { model: request.model, action })
        }
    }
}

/// The operation that tells how the job stands that an action of an optimised integration starts; `None` where it starts none.
pub fn polled_operation(service: &str, action: &str) -> Option<Operation<'static>> {
    if (service, action) == ("states", "startExecution") {
        return Some(Operation { model: "sfn", action: "describeExecution" });
    }
    let job = jobs::find(service, action)?;
    Some(Operation { model: services::of_resource(job.service)?.model, action: job.asked_after_with() })
}
