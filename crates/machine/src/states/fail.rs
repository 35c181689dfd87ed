//! Fail: ends its block with an error. There is no event for its exit.

use crate::decide::Run;
use crate::execution::ScopeId;
use crate::failure::{Error, Trouble};
use crate::sight::Sight;
use asl::{Fail, FailText};
use json::{Kind, Payload, Value};
use model::Failure;
use std::sync::Arc;

impl Run<'_> {
    pub(crate) fn fail(&mut self, scope: ScopeId, fail: &Fail, input: &Payload) -> Result<(), Trouble> {
        // AWS: recorded, there is no InputPath and it is shown all the same.
        self.observe(|seen| seen.after_input_path = Some(input.clone()));
        let error = self.fail_text(scope, "ErrorPath", fail.error.as_ref(), input.value())?;
        let cause = self.fail_text(scope, "CausePath", fail.cause.as_ref(), input.value())?;
        Err(Trouble::Failed(Error::of(Failure { error, cause })))
    }

    fn fail_text(
        &mut self,
        scope: ScopeId,
        field: &str,
        text: Option<&FailText>,
        input: &Value,
    ) -> Result<Option<Arc<str>>, Trouble> {
        match text {
            None => Ok(None),
            Some(FailText::Literal(text)) => Ok(Some(text.clone())),
            Some(FailText::Path(source)) => self.text(scope, field, source, input).map(Some),
            Some(FailText::Query(query)) => {
                match self.query(scope, query, Kind::String, &Sight::of_input(input))? {
                    Value::String(text) => Ok(Some(text)),
                    // The kind was asked for.
                    Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                        Ok(None)
                    }
                }
            }
        }
    }
}
