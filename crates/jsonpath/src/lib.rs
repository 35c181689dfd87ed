//! JSONPath as AWS evaluates it (Jayway's profile), over the shared JSON value.
