//! Pass: InputPath, Parameters, Result, ResultPath, OutputPath, or Output.

use crate::decide::Run;
use crate::execution::ScopeId;
use crate::failure::Trouble;
use crate::sight::Sight;
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
        let effective = self.effective(scope, state, input)?;
        let effective = match &pass.parameters {
            Some(template) => {
                Payload::from(self.fill_paths(scope, template, &Sight::of_input(effective.value()))?)
            }
            None => effective,
        };
        self.observe(|seen| seen.after_parameters = Some(effective.clone()));
        // AWS: unconfirmed for a state with both, chosen: Result is the result.
        let result = pass.result.clone().map_or(effective, Payload::from);
        self.observe(|seen| seen.result = pass.result.is_some().then(|| result.clone()));
        let assigned = self.assign(scope, state.assign.as_ref(), &Sight::of_input(result.value()))?;
        let output = match &state.output {
            Some(_) => self.output(scope, state.output.as_ref(), &state.output_path, input)?,
            None => self.combine(scope, state, None, &pass.result_path, input, result)?,
        };
        self.leave(scope, state, output, assigned)
    }
}
