//! Mocked integrations: what a test case answers in place of a service, from a file that is read again when it changes.

use crate::mock_config::{MockConfig, Mocked};
use crate::watched::Watched;
use std::path::PathBuf;
use std::sync::Arc;

/// One attempt of a state within an execution that was started with a test case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MockedCall {
    /// The state machine's name.
    pub machine: Arc<str>,
    /// The test case that the execution was started with.
    pub test_case: Arc<str>,
    /// The state.
    pub state: Arc<str>,
    /// Which of the state's attempts in this execution it is, counted from 0: retries, loops and iterations all count.
    pub invocation: u64,
}

/// Why a mocked integration gives no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MockError {
    /// There is no file of mocked integrations.
    #[error("no mock configuration file was named when the server was started")]
    NotConfigured,
    /// The file cannot be read, or is not what it should be.
    #[error("the mock configuration file {path} cannot be used: {problem}", path = path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The file does not have the test case.
    #[error("the mock configuration file has no test case '{test_case}' of the state machine '{machine}'")]
    UnknownTestCase {
        /// The state machine's name.
        machine: String,
        /// The test case.
        test_case: String,
    },
    /// The file answers fewer invocations.
    #[error(
        "the test case '{test_case}' of the state machine '{machine}' has no answer for invocation {invocation} of the \
         state '{state}'",
        test_case = .0.test_case, machine = .0.machine, invocation = .0.invocation, state = .0.state
    )]
    NoAnswer(MockedCall),
}

/// The mocked integrations of a file. Clones share what was read.
#[derive(Clone, Debug)]
pub struct Mocks {
    file: Arc<Watched<MockConfig>>,
}

impl Mocks {
    /// The mocked integrations of the file. It is read at once, so that what is wrong with it stands in the log from the
    /// beginning, and again whenever it has changed; one that is missing or broken may be put right later.
    pub fn at(path: impl Into<PathBuf>) -> Mocks {
        let mocks = Mocks { file: Arc::new(Watched::new(path, MockConfig::parse)) };
        // What is wrong is in the log now, and in every answer that needs the file.
        let _ = mocks.config();
        mocks
    }

    /// Whether the file has the test case of the state machine.
    pub fn check_test_case(&self, machine: &str, test_case: &str) -> Result<(), MockError> {
        match self.config()?.test_case(machine, test_case) {
            Some(_) => Ok(()),
            None => Err(unknown_test_case(machine, test_case)),
        }
    }

    /// What the attempt is answered; `None` where its state is not mocked.
    pub(crate) fn answer(&self, call: &MockedCall) -> Result<Option<Mocked>, MockError> {
        let config = self.config()?;
        let Some(test_case) = config.test_case(&call.machine, &call.test_case) else {
            return Err(unknown_test_case(&call.machine, &call.test_case));
        };
        let Some(response) = test_case.get(&call.state) else { return Ok(None) };
        match response.answer(call.invocation) {
            Some(mocked) => Ok(Some(mocked.clone())),
            None => Err(MockError::NoAnswer(call.clone())),
        }
    }

    /// The file as it is now.
    fn config(&self) -> Result<Arc<MockConfig>, MockError> {
        let unusable = |problem| MockError::Unusable { path: self.file.path().to_owned(), problem };
        self.file.get().map_err(unusable)
    }
}

fn unknown_test_case(machine: &str, test_case: &str) -> MockError {
    MockError::UnknownTestCase { machine: machine.to_owned(), test_case: test_case.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn file(result: u32) -> String {
        format!(
            r#"{{"StateMachines": {{"M": {{"TestCases": {{"Case": {{"S": "R"}}}}}}}},
                "MockedResponses": {{"R": {{"0": {{"Return": {result}}}}}}}}}"#
        )
    }

    fn call(state: &str, invocation: u64) -> MockedCall {
        MockedCall { machine: "M".into(), test_case: "Case".into(), state: state.into(), invocation }
    }

    fn answered(mocks: &Mocks) -> String {
        match mocks.answer(&call("S", 0)).unwrap() {
            Some(Mocked::Return(result)) => result.text().to_string(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn states_without_an_entry_are_not_mocked_and_those_with_one_have_no_more_answers_than_it_says() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("mocks.json");
        fs::write(&path, file(1)).unwrap();
        let mocks = Mocks::at(&path);
        assert_eq!(mocks.check_test_case("M", "Case"), Ok(()));
        assert_eq!(mocks.answer(&call("Other", 0)), Ok(None));
        let error = mocks.answer(&call("S", 1)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the test case 'Case' of the state machine 'M' has no answer for invocation 1 of the state 'S'"
        );
        let error = mocks.check_test_case("M", "None").unwrap_err();
        assert_eq!(
            error.to_string(),
            "the mock configuration file has no test case 'None' of the state machine 'M'"
        );
    }

    #[test]
    fn the_file_is_read_again_when_it_is_written_or_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("mocks.json");
        fs::write(&path, file(1)).unwrap();
        let mocks = Mocks::at(&path);
        assert_eq!(answered(&mocks), "1");
        // Of the same length, and maybe within one tick of the file system's clock.
        let other = directory.path().join("other.json");
        fs::write(&other, file(2)).unwrap();
        fs::rename(&other, &path).unwrap();
        assert_eq!(answered(&mocks), "2");
        fs::write(&path, file(345)).unwrap();
        assert_eq!(answered(&mocks), "345");
    }

    #[test]
    fn a_file_that_is_missing_or_broken_is_an_error_until_it_is_put_right() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("mocks.json");
        let mocks = Mocks::at(&path);
        let problem = || mocks.check_test_case("M", "Case").unwrap_err().to_string();
        let begin = format!("the mock configuration file {} cannot be used: ", path.display());
        assert!(problem().starts_with(&begin), "{}", problem());
        fs::write(&path, "{").unwrap();
        assert!(problem().starts_with(&format!("{begin}it is not JSON: ")), "{}", problem());
        fs::write(&path, b"\xff\xff\xff").unwrap();
        assert!(problem().starts_with(&begin), "{}", problem());
        fs::write(&path, file(1)).unwrap();
        assert_eq!(answered(&mocks), "1");
    }
}
