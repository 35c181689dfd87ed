//! The nouns of Step Functions with their wire form.
