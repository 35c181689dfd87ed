//! A definition in the Amazon States Language.

use model::StateMachineType;

/// The input is the text of a definition. It compiles or has an error, the same each time, and every problem says where
/// in the text it is.
pub fn definition(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if text.len() > model::limits::DEFINITION_LENGTH {
        return; // Refused before it gets this far.
    }
    for machine_type in [StateMachineType::Standard, StateMachineType::Express] {
        let problems = asl::validate(text, machine_type);
        for problem in &problems {
            assert!(!problem.message.is_empty(), "a problem without words");
            if let Some(span) = &problem.span {
                assert!(text.get(span.clone()).is_some(), "{span:?} is no part of the text: {problem:?}");
            }
            if let Some(location) = &problem.location {
                let is_place = location.starts_with('/') || location.starts_with("[Source: ");
                assert!(is_place, "{location} is no place: {problem:?}");
            }
        }
        match asl::compile(text, machine_type) {
            Ok(compiled) => {
                assert!(!problems.iter().any(asl::Diagnostic::is_error), "compiled in spite of {problems:?}");
                assert_eq!(compiled.warnings, problems, "compiling and validating differ");
                json::parse(text).expect("what compiles is JSON");
            }
            Err(found) => {
                assert!(found.iter().any(asl::Diagnostic::is_error), "refused without an error");
                assert_eq!(found, problems, "compiling and validating differ");
            }
        }
    }
}
