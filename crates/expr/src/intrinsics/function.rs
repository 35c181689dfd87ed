//! The functions by name, and what they share.

use super::{Failure, arrays, encoding, format, json_functions, math, unique};
use crate::scope::Evaluation;
use json::{Number, Value};

/// The 18 intrinsic functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Function {
    /// `States.Format`
    Format,
    /// `States.StringToJson`
    StringToJson,
    /// `States.JsonToString`
    JsonToString,
    /// `States.Array`
    Array,
    /// `States.ArrayPartition`
    ArrayPartition,
    /// `States.ArrayContains`
    ArrayContains,
    /// `States.ArrayRange`
    ArrayRange,
    /// `States.ArrayGetItem`
    ArrayGetItem,
    /// `States.ArrayLength`
    ArrayLength,
    /// `States.ArrayUnique`
    ArrayUnique,
    /// `States.Base64Encode`
    Base64Encode,
    /// `States.Base64Decode`
    Base64Decode,
    /// `States.Hash`
    Hash,
    /// `States.JsonMerge`
    JsonMerge,
    /// `States.MathRandom`
    MathRandom,
    /// `States.MathAdd`
    MathAdd,
    /// `States.StringSplit`
    StringSplit,
    /// `States.UUID`
    Uuid,
}

const NAMES: [(&str, Function); 18] = [
    ("States.Format", Function::Format),
    ("States.StringToJson", Function::StringToJson),
    ("States.JsonToString", Function::JsonToString),
    ("States.Array", Function::Array),
    ("States.ArrayPartition", Function::ArrayPartition),
    ("States.ArrayContains", Function::ArrayContains),
    ("States.ArrayRange", Function::ArrayRange),
    ("States.ArrayGetItem", Function::ArrayGetItem),
    ("States.ArrayLength", Function::ArrayLength),
    ("States.ArrayUnique", Function::ArrayUnique),
    ("States.Base64Encode", Function::Base64Encode),
    ("States.Base64Decode", Function::Base64Decode),
    ("States.Hash", Function::Hash),
    ("States.JsonMerge", Function::JsonMerge),
    ("States.MathRandom", Function::MathRandom),
    ("States.MathAdd", Function::MathAdd),
    ("States.StringSplit", Function::StringSplit),
    ("States.UUID", Function::Uuid),
];

impl Function {
    /// The function of a full name such as `States.Format`.
    pub fn by_name(name: &str) -> Option<Function> {
        NAMES.iter().find(|(n, _)| *n == name).map(|(_, function)| *function)
    }

    /// The full name.
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(_, function)| *function == self).map_or("", |(name, _)| name)
    }

    pub(super) fn apply(
        self,
        arguments: &[Value],
        evaluation: &mut Evaluation<'_, '_>,
    ) -> Result<Value, Failure> {
        match self {
            Function::Format => format::format_from_value(arguments, evaluation),
            Function::StringToJson => json_functions::string_to_json(arguments),
            Function::JsonToString => json_functions::json_to_string(arguments, evaluation),
            Function::JsonMerge => json_functions::merge(arguments),
            Function::Array => Ok(Value::array(arguments.to_vec())),
            Function::ArrayPartition => arrays::partition(arguments),
            Function::ArrayContains => arrays::contains(arguments, evaluation),
            Function::ArrayRange => arrays::range(arguments),
            Function::ArrayGetItem => arrays::get_item(arguments),
            Function::ArrayLength => arrays::length(arguments),
            Function::ArrayUnique => arrays::unique(arguments, evaluation),
            Function::Base64Encode => encoding::base64_encode(arguments, evaluation),
            Function::Base64Decode => encoding::base64_decode(arguments, evaluation),
            Function::Hash => encoding::hash(arguments, evaluation),
            Function::MathRandom => math::random(arguments, evaluation),
            Function::MathAdd => math::add(arguments),
            Function::StringSplit => format::split(arguments, evaluation),
            Function::Uuid => Ok(unique::uuid(evaluation)),
        }
    }
}

/// A number without its fraction, cut towards zero.
pub(super) fn truncated(value: &Value) -> Result<i64, Failure> {
    let number = value.as_number().ok_or(Failure::Arguments)?;
    match number {
        Number::I64(n) => Ok(*n),
        Number::U64(_) | Number::Big(_) => Err(Failure::Arguments),
        Number::F64(n) => Number::F64(n.trunc()).to_i64().ok_or(Failure::Arguments),
    }
}

/// The same, where Java holds an `int`.
pub(super) fn truncated_int(value: &Value) -> Result<i32, Failure> {
    i32::try_from(truncated(value)?).map_err(|_| Failure::Arguments)
}

/// A text of at most 10,000 characters, as Java counts them.
pub(super) fn short_text(text: &str) -> Result<&str, Failure> {
    const MAX_CHARACTERS: usize = 10_000;
    if text.encode_utf16().count() > MAX_CHARACTERS { Err(Failure::Arguments) } else { Ok(text) }
}
