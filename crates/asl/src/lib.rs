//! An Amazon States Language definition: parsed with spans, validated, compiled.
