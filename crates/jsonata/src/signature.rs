//! Signatures of functions: `<s-n?:s>`. Arguments are matched as the reference matches them, by one letter for the type
//! of each, and missing ones are filled with the context where the signature says so.

use crate::error::{Error, Fault};
use crate::item::Item;
use json::Value;

/// What a function takes. What it gives back is read and not looked at.
#[derive(Debug, PartialEq)]
pub(crate) struct Signature {
    parameters: Vec<Parameter>,
}

#[derive(Debug, PartialEq, Default)]
struct Parameter {
    /// The types that fit.
    fits: Letters,
    times: Times,
    /// Filled with the context when it is missing.
    context: bool,
    /// An argument that is not an array becomes one.
    array: bool,
    /// The types of an array's items.
    items: Option<String>,
}

/// Letters of types, a bit for each.
#[derive(Debug, PartialEq, Default, Clone, Copy)]
struct Letters(u32);

impl Letters {
    fn of(text: &str) -> Letters {
        Letters(text.chars().fold(0, |bits, letter| bits | bit(letter)))
    }

    fn has(self, letter: char) -> bool {
        self.0 & bit(letter) != 0
    }
}

/// Types are small letters; nothing else is one.
fn bit(letter: char) -> u32 {
    if letter.is_ascii_lowercase() { 1 << (u32::from(letter) - u32::from('a')) } else { 0 }
}

#[derive(Debug, PartialEq, Default, Clone, Copy)]
enum Times {
    #[default]
    Once,
    AtMostOnce,
    AtLeastOnce,
}

impl Signature {
    /// Reads a signature.
    pub(crate) fn parse(text: &str) -> Result<Signature, Fault> {
        let symbols: Vec<char> = text.chars().collect();
        let mut parameters: Vec<Parameter> = Vec::new();
        let mut kinds: Vec<char> = Vec::new();
        let mut at = 1;
        while let Some(symbol) = symbols.get(at).copied().filter(|symbol| *symbol != ':') {
            match symbol {
                's' | 'n' | 'b' | 'l' | 'o' => parameters.push(Parameter::of(&format!("{symbol}m"))),
                'a' => parameters.push(Parameter { array: true, ..Parameter::of("asnblfom") }),
                'f' => parameters.push(Parameter::of("f")),
                'j' => parameters.push(Parameter::of("asnblom")),
                'x' => parameters.push(Parameter::of("asnblfom")),
                '(' => {
                    let end = closing(&symbols, at, '(', ')');
                    let choice: String = symbols.iter().take(end).skip(at + 1).collect();
                    if choice.contains('<') {
                        return Err(Error::new("S0402").value(choice).with("offset", at));
                    }
                    parameters.push(Parameter::of(&format!("{choice}m")));
                    at = end;
                }
                '-' | '?' | '+' => {
                    if let Some(last) = parameters.last_mut() {
                        last.context |= symbol == '-';
                        last.times = if symbol == '+' { Times::AtLeastOnce } else { Times::AtMostOnce };
                    }
                }
                '<' => {
                    let kind = kinds.last().copied().unwrap_or(' ');
                    if kind != 'a' && kind != 'f' {
                        return Err(Error::new("S0401").value(kind.to_string()).with("offset", at));
                    }
                    let end = closing(&symbols, at, '<', '>');
                    let items: String = symbols.iter().take(end).skip(at + 1).collect();
                    if let Some(last) = parameters.last_mut() {
                        last.items = Some(items);
                    }
                    at = end;
                }
                _ => {}
            }
            if kinds.len() < parameters.len() {
                kinds.push(symbol);
            }
            at += 1;
        }
        Ok(Signature { parameters })
    }

    /// The arguments as the function gets them.
    pub(crate) fn validate(&self, arguments: Vec<Item>, context: &Item) -> Result<Vec<Item>, Fault> {
        if self.is_simple_match(&arguments) {
            return Ok(arguments);
        }
        let letters: Vec<char> = arguments.iter().map(letter).collect();
        let Some(counts) = fit(&self.parameters, &letters, true) else {
            return Err(self.mismatch(&arguments, &letters));
        };
        let mut given = arguments.into_iter().enumerate();
        let mut validated = Vec::with_capacity(self.parameters.len());
        for (parameter, count) in self.parameters.iter().zip(counts) {
            if count == 0 {
                if parameter.context {
                    if !parameter.fits.has(letter(context)) {
                        let index = given.next().map_or(letters.len(), |(index, _)| index) + 1;
                        return Err(Error::new("T0411").maybe_value(context.to_shown()).with("index", index));
                    }
                    validated.push(context.clone());
                } else {
                    validated.push(given.next().map(|(_, item)| item).unwrap_or_default());
                }
                continue;
            }
            for (index, argument) in given.by_ref().take(count) {
                validated.push(parameter.accept(argument, index)?);
            }
        }
        Ok(validated)
    }

    /// Whether each parameter has its one argument and none of them is changed, which is nearly always so.
    fn is_simple_match(&self, arguments: &[Item]) -> bool {
        self.parameters.len() == arguments.len()
            && self.parameters.iter().zip(arguments).all(|(parameter, argument)| {
                let letter = letter(argument);
                let is_kept = !parameter.array || (letter == 'a' && parameter.takes_items_of(argument));
                is_kept && parameter.fits.has(letter)
            })
    }

    fn mismatch(&self, arguments: &[Item], letters: &[char]) -> Fault {
        let mut good = 0;
        for count in 1..=self.parameters.len() {
            let first = self.parameters.get(..count).unwrap_or_default();
            match fit(first, letters, false) {
                Some(counts) => good = counts.iter().sum(),
                None => break,
            }
        }
        let value = arguments.get(good).and_then(Item::to_shown);
        Error::new("T0410").maybe_value(value).with("index", good + 1)
    }
}

impl Parameter {
    fn of(fits: &str) -> Parameter {
        Parameter { fits: Letters::of(fits), ..Parameter::default() }
    }

    /// Whether the items of an array are of the one type that is wanted.
    fn takes_items_of(&self, array: &Item) -> bool {
        let (Some(wanted), Some(items)) = (&self.items, array.as_items()) else { return true };
        let wanted = wanted.chars().next().unwrap_or('x');
        items.contexts().all(|item| item.is_some_and(|value| letter_of(value) == wanted))
    }

    fn accept(&self, argument: Item, index: usize) -> Result<Item, Fault> {
        if !self.array || argument.is_undefined() {
            return Ok(argument);
        }
        if let Some(items) = &self.items {
            let wanted = items.chars().next().unwrap_or('x');
            let good = match argument.as_items() {
                Some(items) => items.iter().all(|item| letter(&item) == wanted),
                None => items.chars().eq(std::iter::once(letter(&argument))),
            };
            if !good {
                let fault = Error::new("T0412").maybe_value(argument.to_shown()).with("index", index + 1);
                return Err(match kind_name(items) {
                    Some(name) => fault.with("type", name),
                    None => fault,
                });
            }
        }
        Ok(if argument.is_array() { argument } else { Item::array(vec![argument]) })
    }
}

/// How many arguments each parameter takes, as a regular expression would share them out: each as many as it can, less
/// where those behind it need some. `whole`: no argument may be left over.
fn fit(parameters: &[Parameter], letters: &[char], whole: bool) -> Option<Vec<usize>> {
    // Which arguments the parameters behind the present one can begin at, found from the back.
    let mut can_begin = vec![!whole; letters.len() + 1];
    if let Some(end) = can_begin.last_mut() {
        *end = true;
    }
    let mut choices: Vec<Vec<Option<usize>>> = Vec::with_capacity(parameters.len());
    for parameter in parameters.iter().rev() {
        let choice: Vec<Option<usize>> = (0..=letters.len())
            .map(|start| {
                let rest = letters.get(start..).unwrap_or_default();
                let possible = rest.iter().take_while(|letter| parameter.fits.has(**letter)).count();
                let (least, most) = parameter.times.range();
                let fits = |count: &usize| can_begin.get(start + count).copied().unwrap_or(false);
                (least..=possible.min(most)).rev().find(fits)
            })
            .collect();
        can_begin = choice.iter().map(Option::is_some).collect();
        choices.push(choice);
    }
    let mut start = 0;
    let mut counts = Vec::with_capacity(parameters.len());
    for choice in choices.iter().rev() {
        let count = choice.get(start).copied().flatten()?;
        counts.push(count);
        start += count;
    }
    (!whole || start == letters.len()).then_some(counts)
}

impl Times {
    fn range(self) -> (usize, usize) {
        match self {
            Times::Once => (1, 1),
            Times::AtMostOnce => (0, 1),
            Times::AtLeastOnce => (1, usize::MAX),
        }
    }
}

/// The letter for the type of a value.
fn letter(item: &Item) -> char {
    match item {
        Item::Undefined => 'm',
        Item::Function(_) => 'f',
        Item::List(_) | Item::Tuples(_) => 'a',
        Item::Record(_) => 'o',
        Item::Json(value) => letter_of(value),
    }
}

fn letter_of(value: &Value) -> char {
    match value {
        Value::Null => 'l',
        Value::Bool(_) => 'b',
        Value::Number(_) => 'n',
        Value::String(_) => 's',
        Value::Array(_) => 'a',
        Value::Object(_) => 'o',
    }
}

fn kind_name(items: &str) -> Option<&'static str> {
    Some(match items {
        "a" => "arrays",
        "b" => "booleans",
        "f" => "functions",
        "n" => "numbers",
        "o" => "objects",
        "s" => "strings",
        _ => return None,
    })
}

/// Where the bracket that opens at `start` closes; the end of the text when it does not.
fn closing(symbols: &[char], start: usize, open: char, close: char) -> usize {
    let mut depth = 0;
    for (at, symbol) in symbols.iter().enumerate().skip(start) {
        if *symbol == open {
            depth += 1;
        } else if *symbol == close {
            depth -= 1;
            if depth == 0 {
                return at;
            }
        }
    }
    symbols.len()
}
