//! The functions that may end a path: `$.items.length()`.

use crate::Path;
use json::{Number, Value};
use std::sync::Arc;

/// A function with its arguments.
#[derive(Clone, Debug)]
pub struct Call {
    pub(crate) function: Function,
    pub(crate) arguments: Vec<Argument>,
}

/// An argument of a path function.
#[derive(Clone, Debug)]
pub(crate) enum Argument {
    Literal(Value),
    Path(Path),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    Length,
    Sum,
    Min,
    Max,
    Avg,
    StdDev,
    Keys,
    Concat,
    Append,
    First,
    Last,
    Index,
}

const NAMES: [(&str, Function); 13] = [
    ("length", Function::Length),
    ("size", Function::Length),
    ("sum", Function::Sum),
    ("min", Function::Min),
    ("max", Function::Max),
    ("avg", Function::Avg),
    ("stddev", Function::StdDev),
    ("keys", Function::Keys),
    ("concat", Function::Concat),
    ("append", Function::Append),
    ("first", Function::First),
    ("last", Function::Last),
    ("index", Function::Index),
];

impl Function {
    pub(crate) fn by_name(name: &str) -> Option<Function> {
        NAMES.iter().find(|(n, _)| *n == name).map(|(_, function)| *function)
    }

    pub(crate) fn name(self) -> &'static str {
        NAMES.iter().find(|(_, function)| *function == self).map_or("", |(name, _)| name)
    }

    /// Applies the function to `value`; `arguments` are evaluated. The error says what did not fit.
    pub(crate) fn apply(self, value: &Value, arguments: &[Value]) -> Result<Value, String> {
        match self {
            Function::Length => Ok(length(value)),
            Function::Keys => Ok(value.as_object().map_or(Value::Null, |object| {
                Value::array(object.keys().map(|key| Value::String(key.clone())).collect())
            })),
            Function::Sum | Function::Min | Function::Max | Function::Avg | Function::StdDev => {
                self.aggregate(value, arguments)
            }
            Function::Concat => {
                let mut text = String::new();
                for piece in value.as_array().unwrap_or_default().iter().chain(arguments) {
                    text.push_str(piece.as_str().unwrap_or(""));
                }
                Ok(Value::from(text))
            }
            Function::Append => match value {
                Value::Array(items) => {
                    let mut items = Vec::clone(items);
                    items.extend_from_slice(arguments);
                    Ok(Value::Array(Arc::new(items)))
                }
                other => Ok(other.clone()),
            },
            Function::First => self.item(value, 0),
            Function::Last => self.item(value, -1),
            Function::Index => {
                let index = arguments.first().and_then(Value::as_i64).unwrap_or(0);
                self.item(value, index)
            }
        }
    }

    fn item(self, value: &Value, index: i64) -> Result<Value, String> {
        let items = value.as_array().ok_or_else(|| format!("{}() needs an array", self.name()))?;
        let found = crate::eval::position(index, items.len()).and_then(|at| items.get(at));
        found
            .cloned()
            .ok_or_else(|| "Aggregation function attempted to calculate value using empty array".to_owned())
    }

    fn aggregate(self, value: &Value, arguments: &[Value]) -> Result<Value, String> {
        let own = value.as_array().unwrap_or_default().iter();
        let numbers: Vec<f64> = own.chain(arguments).filter_map(Value::as_f64).collect();
        if numbers.is_empty() {
            return Err("Aggregation function attempted to calculate value using empty array".to_owned());
        }
        let count = numbers.len() as f64;
        let sum: f64 = numbers.iter().sum();
        let result = match self {
            Function::Min => numbers.iter().copied().fold(f64::INFINITY, f64::min),
            Function::Max => numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            Function::Avg => sum / count,
            Function::StdDev => {
                let squares: f64 = numbers.iter().map(|n| n * n).sum();
                (squares / count - sum * sum / count / count).sqrt()
            }
            Function::Sum
            | Function::Length
            | Function::Keys
            | Function::Concat
            | Function::Append
            | Function::First
            | Function::Last
            | Function::Index => sum,
        };
        Number::from_f64(result)
            .map(Value::Number)
            .ok_or_else(|| format!("{}() gives no finite number", self.name()))
    }
}

fn length(value: &Value) -> Value {
    match value {
        Value::Array(items) => Value::from(items.len()),
        Value::Object(object) => Value::from(object.len()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Value::Null,
    }
}
