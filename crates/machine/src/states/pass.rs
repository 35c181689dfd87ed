//! Pass: InputPath, Parameters, Result, ResultPath, OutputPath.

use crate::decide::Run;
use crate::execution::ScopeId;
use crate::failure::Trouble;
use asl::{Pass, State};
use json::Payload;

impl Run<'_> {
    pub(crate) fn pass(
        &mut self,
        scope: ScopeId,
        state: &State,
        pass: &Pass,
        input: &Payload,
    ) -> Result<(), Trouble> {
        let effective = self.select(scope, &state.input_path, input)?;
        let effective = match &pass.parameters {
            Some(template) => Payload::from(self.fill(scope, template, effective.value())?),
            None => effective,
        };
        // AWS: unconfirmed for a state with both, chosen: Result is the result.
        let result = pass.result.clone().map_or(effective, Payload::from);
        let assigned = self.assign(scope, state.assign.as_ref(), result.value())?;
        let output = self.output_of(scope, None, &pass.result_path, &state.output_path, input, result)?;
        self.leave(scope, state, output, assigned)
    }
}
