//! The JSON value: shared, ordered, exact; its reader with spans and its writer.
