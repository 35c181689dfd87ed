//! What stands in a definition's fields: paths, payload templates and intrinsic functions.
