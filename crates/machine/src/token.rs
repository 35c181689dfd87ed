//! Task tokens: text that names an execution and one attempt of one of its tasks, and cannot be guessed.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use model::{EventId, ExecutionArn};
use std::sync::Arc;

/// A token taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskToken {
    /// The execution whose task it is.
    pub execution: ExecutionArn,
    /// The Entered event of the task's state.
    pub entered: EventId,
    /// What makes it unguessable and different for each attempt.
    pub nonce: [u64; 2],
}

impl TaskToken {
    /// The token's text.
    pub fn to_text(&self) -> Arc<str> {
        let [a, b] = self.nonce;
        let plain = format!("1 {} {a:016x}{b:016x} {}", self.entered.0, self.execution);
        Arc::from(BASE64.encode(plain))
    }

    /// Reads a text; `None` if no token ever looked like it.
    pub fn parse(text: &str) -> Option<TaskToken> {
        let plain = String::from_utf8(BASE64.decode(text).ok()?).ok()?;
        let mut parts = plain.splitn(4, ' ');
        let (version, entered, nonce, arn) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        if version != "1" || !arn.starts_with("arn:") {
            return None;
        }
        let word = |range| u64::from_str_radix(nonce.get(range)?, 16).ok();
        Some(TaskToken {
            execution: ExecutionArn(arn.into()),
            entered: EventId(entered.parse().ok()?),
            nonce: [word(0..16)?, word(16..32)?],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reads_back_and_other_text_does_not() {
        let arn = ExecutionArn("arn:aws:states:us-east-1:000000000000:execution:m:größe x".into());
        let token = TaskToken { execution: arn, entered: EventId(7), nonce: [1, u64::MAX] };
        assert_eq!(TaskToken::parse(&token.to_text()), Some(token));
        for text in ["", "x", "AAAA", "MSA3IHggeQ", "%%%"] {
            assert_eq!(TaskToken::parse(text), None);
        }
    }
}
