//! Wait: until a moment, in its forms.

use crate::decide::Run;
use crate::execution::ScopeId;
use crate::fact::Private;
use crate::failure::Trouble;
use crate::sight::Sight;
use asl::{State, Wait, WaitTime};
use expr::{Query, QueryPath};
use json::{Kind, Payload, Value};
use model::time::Instant;
use model::{Timestamp, limits};

impl Run<'_> {
    pub(crate) fn wait(
        &mut self,
        scope: ScopeId,
        state: &State,
        wait: &Wait,
        input: &Payload,
    ) -> Result<(), Trouble> {
        let effective = self.effective(scope, state, input)?;
        let until = match &wait.time {
            WaitTime::Seconds(seconds) => self.now.plus_seconds(*seconds),
            WaitTime::SecondsPath(path) => {
                let seconds = self.wait_seconds(scope, path, effective.value())?;
                self.now.plus_seconds(seconds)
            }
            WaitTime::Timestamp(moment) => moment.to_timestamp(),
            WaitTime::TimestampPath(path) => self.wait_timestamp(scope, path, effective.value())?,
            WaitTime::SecondsQuery(query) => {
                let seconds = self.queried_seconds(scope, query, effective.value())?;
                self.now.plus_seconds(seconds)
            }
            WaitTime::TimestampQuery(query) => self.queried_timestamp(scope, query, effective.value())?,
        };
        if until.millis_since(self.now) / 1000 > limits::WAIT_SECONDS {
            return Err(Trouble::Runtime("Wait state delay is too long.".to_owned()));
        }
        let until = self.scaled(until);
        if until <= self.now {
            self.wait_ended(scope);
        } else {
            self.note(scope, Private::WaitUntil(until));
        }
        Ok(())
    }

    /// The moment with a wait as much longer as waits are here: shorter ones make tests quick.
    fn scaled(&self, until: Timestamp) -> Timestamp {
        let millis = until.millis_since(self.now);
        if self.wait_scale == 1.0 || millis == 0 {
            return until;
        }
        // Milliseconds of a year are exact in a double, and a cast stops at the ends of its type.
        self.now.plus_millis((millis as f64 * self.wait_scale).round() as u64)
    }

    /// The moment has come.
    pub(crate) fn wait_ended(&mut self, scope: ScopeId) {
        let Some((state, input)) = self.current(scope) else { return };
        let outcome = self.leave_wait(scope, state, &input);
        self.settle(scope, outcome);
    }

    fn leave_wait(&mut self, scope: ScopeId, state: &State, input: &Payload) -> Result<(), Trouble> {
        let effective = self.effective(scope, state, input)?;
        let assigned = self.assign(scope, state.assign.as_ref(), &Sight::of_input(effective.value()))?;
        let output = self.output(scope, state.output.as_ref(), &state.output_path, &effective)?;
        self.leave(scope, state, output, assigned)
    }

    fn wait_seconds(&self, scope: ScopeId, path: &QueryPath, input: &Value) -> Result<u64, Trouble> {
        let text = path.text();
        let Ok(value) = self.read(scope, path, input) else {
            let problem = format!("The SecondsPath parameter does not reference an input value: {text}");
            return Err(Trouble::Runtime(problem));
        };
        let seconds = match &value {
            Value::Number(number) if number.is_integer() => number.to_i64(),
            Value::String(digits) => digits.parse().ok(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
        };
        let shown = plain(&value);
        match seconds.map(u64::try_from) {
            Some(Ok(seconds)) => Ok(seconds),
            Some(Err(_)) => Err(Trouble::Runtime(format!(
                "The SecondsPath parameter references a negative value: {text} == {shown}"
            ))),
            None => Err(Trouble::Runtime(format!(
                "The SecondsPath parameter cannot be parsed as a long value: {text} == {shown}"
            ))),
        }
    }

    fn queried_seconds(&mut self, scope: ScopeId, query: &Query, input: &Value) -> Result<u64, Trouble> {
        let seconds = self.query_integer(scope, "Seconds", query, &Sight::of_input(input))?;
        match u64::try_from(seconds) {
            Ok(seconds) if seconds <= limits::SECONDS => Ok(seconds),
            // AWS: unconfirmed words, those of TimeoutSeconds.
            Ok(_) | Err(_) => Err(Trouble::of_query(
                query,
                format!("Seconds must be between 0 and {} but was: {seconds}", limits::SECONDS),
            )),
        }
    }

    fn queried_timestamp(
        &mut self,
        scope: ScopeId,
        query: &Query,
        input: &Value,
    ) -> Result<Timestamp, Trouble> {
        let value = self.query(scope, query, Kind::String, &Sight::of_input(input))?;
        value.as_str().and_then(Instant::parse_rfc3339).map(Instant::to_timestamp).ok_or_else(|| {
            // AWS: recorded test_wait_timestamp_jsonata.
            let shown = plain(&value);
            Trouble::of_query(
                query,
                format!(
                    "The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: {shown}"
                ),
            )
        })
    }

    fn wait_timestamp(&self, scope: ScopeId, path: &QueryPath, input: &Value) -> Result<Timestamp, Trouble> {
        let text = path.text();
        let Ok(value) = self.read(scope, path, input) else {
            let problem = format!("The TimestampPath parameter does not reference an input value: {text}");
            return Err(Trouble::Runtime(problem));
        };
        value.as_str().and_then(Instant::parse_rfc3339).map(Instant::to_timestamp).ok_or_else(|| {
            Trouble::Runtime(format!(
                "The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time format string: {text} == {}",
                plain(&value)
            ))
        })
    }
}

/// A value as these messages show it: strings bare, everything else as JSON.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_text(), str::to_owned)
}
