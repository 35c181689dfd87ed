//! What must hold for every input of the readers and languages.
//!
//! Each [`Target`] takes any bytes and panics where a property does not hold. `make fuzz` runs them under libFuzzer (the
//! folder `fuzz`), a test of this crate runs each over a few thousand mutated seeds. Nothing of this is in the binary.

mod definition;
mod intrinsics;
mod json_reader;
mod jsonata_expression;
mod jsonpath_path;
mod yaml_template;

pub use definition::definition;
pub use intrinsics::intrinsics;
pub use json_reader::json_reader;
pub use jsonata_expression::jsonata;
pub use jsonpath_path::jsonpath;
pub use yaml_template::yaml;

/// One entrance for hostile input.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The name, which is that of the fuzz target and of the folder of its seeds.
    pub name: &'static str,
    /// Takes any bytes; panics where a property does not hold.
    pub run: fn(&[u8]),
}

/// Every target.
pub const TARGETS: [Target; 6] = [
    Target { name: "json_reader", run: json_reader },
    Target { name: "definition", run: definition },
    Target { name: "jsonpath", run: jsonpath },
    Target { name: "jsonata", run: jsonata },
    Target { name: "intrinsics", run: intrinsics },
    Target { name: "yaml", run: yaml },
];

/// The first line of the input and everything behind it, or `None` where it is not text.
fn first_line(bytes: &[u8]) -> Option<(&str, &str)> {
    let text = std::str::from_utf8(bytes).ok()?;
    Some(text.split_once('\n').unwrap_or((text, "")))
}

/// Random words that are the same in every run, and how many were asked for.
struct Words(u64);

impl Words {
    fn next(&mut self) -> u64 {
        self.0 += 1;
        self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(31)
    }
}
