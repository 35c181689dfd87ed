//! Succeed: ends its block with its input, or with its Output.

use crate::decide::Run;
use crate::execution::ScopeId;
use crate::failure::Trouble;
use asl::State;
use json::Payload;

impl Run<'_> {
    pub(crate) fn succeed(&mut self, scope: ScopeId, state: &State, input: &Payload) -> Result<(), Trouble> {
        let effective = self.effective(scope, state, input)?;
        let output = self.output(scope, state.output.as_ref(), &state.output_path, &effective)?;
        self.leave(scope, state, output, Vec::new())
    }
}
