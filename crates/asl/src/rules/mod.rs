//! What AWS demands of a definition, one rule per file.
//!
//! A rule says what it finds to the [`Checker`](crate::checker::Checker), and gives back what it read where that is of
//! use to the compiler. `compile` calls the rules about parts, `check` the rules about the graph.

pub(crate) mod choice_rules;
pub(crate) mod credentials;
pub(crate) mod document;
pub(crate) mod empty_values;
pub(crate) mod enumerations;
pub(crate) mod error_equals;
pub(crate) mod exclusive_fields;
pub(crate) mod express_restrictions;
pub(crate) mod heartbeats;
pub(crate) mod item_batcher;
pub(crate) mod item_reader;
pub(crate) mod jsonata;
pub(crate) mod jsonata_strings;
pub(crate) mod labels;
pub(crate) mod literal_hints;
pub(crate) mod map_processor;
pub(crate) mod number_ranges;
pub(crate) mod paths;
pub(crate) mod query_language;
pub(crate) mod reachability;
pub(crate) mod reference_paths;
pub(crate) mod required_fields;
pub(crate) mod resource_parameters;
pub(crate) mod resources;
pub(crate) mod result_writer;
pub(crate) mod retry_delays;
pub(crate) mod state_names;
pub(crate) mod templates;
pub(crate) mod terminal_state;
pub(crate) mod timestamps;
pub(crate) mod transitions;
pub(crate) mod undefined_variables;
pub(crate) mod unsupported_fields;
pub(crate) mod value_types;
pub(crate) mod variable_scopes;
pub(crate) mod variables;
