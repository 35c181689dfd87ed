//! What a Task state's Resource means: one file per integration.
