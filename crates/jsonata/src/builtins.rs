//! The functions of the language, by name and dialect.

use crate::Dialect;
use crate::error::Fault;
use crate::evaluate::Evaluator;
use crate::frame::Frame;
use crate::functions::{array, aws, boolean, encoding, higher_order, numeric, object, pattern, string, time};
use crate::item::{Item, Items};
use crate::signature::Signature;
use std::collections::HashMap;
use std::fmt;
use std::rc::Rc;
use std::sync::{Arc, LazyLock};

/// What a function does with its arguments.
pub(crate) type Run = fn(&mut Evaluator<'_>, Arguments<'_>) -> Result<Item, Fault>;

/// A function of the language.
pub(crate) struct Builtin {
    /// Different for each function of a dialect, and less than 128.
    pub(crate) index: u32,
    pub(crate) signature: Option<Signature>,
    /// How many arguments higher-order functions give it.
    pub(crate) arity: usize,
    /// It evaluates nothing itself: neither functions nor texts.
    pub(crate) is_leaf: bool,
    pub(crate) run: Run,
}

impl fmt::Debug for Builtin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builtin").field("arity", &self.arity).finish_non_exhaustive()
    }
}

/// The functions of one dialect.
pub(crate) struct Builtins {
    by_name: HashMap<&'static str, Builtin>,
}

impl Builtins {
    /// The functions of a dialect.
    pub(crate) fn of(dialect: Dialect) -> &'static Builtins {
        static AWS: LazyLock<Builtins> = LazyLock::new(|| Builtins::new(&[COMMON, ONLY_AWS]));
        static V22: LazyLock<Builtins> = LazyLock::new(|| Builtins::new(&[COMMON, ONLY_V22]));
        match dialect {
            Dialect::Aws => &AWS,
            Dialect::V22 => &V22,
        }
    }

    fn new(tables: &[&[Row]]) -> Builtins {
        let rows = tables.iter().flat_map(|table| table.iter());
        let by_name = rows
            .zip(0..)
            .map(|((name, text, arity, run), index)| {
                let signature = Signature::parse(text).ok();
                // What calls functions takes functions.
                let is_leaf = !text.contains('f') && *name != "eval";
                (*name, Builtin { index, signature, arity: *arity, is_leaf, run: *run })
            })
            .collect();
        Builtins { by_name }
    }

    pub(crate) fn get(&'static self, name: &str) -> Option<&'static Builtin> {
        self.by_name.get(name)
    }
}

/// The arguments of a call, as the signature has left them.
pub(crate) struct Arguments<'a> {
    items: &'a [Item],
    /// The context of the call.
    pub(crate) input: &'a Item,
    /// The scope of the call, where there is one.
    pub(crate) frame: Option<&'a Rc<Frame>>,
}

impl<'a> Arguments<'a> {
    pub(crate) fn new(items: &'a [Item], input: &'a Item, frame: Option<&'a Rc<Frame>>) -> Arguments<'a> {
        Arguments { items, input, frame }
    }

    /// All arguments.
    pub(crate) fn all(&self) -> &'a [Item] {
        self.items
    }

    /// The argument at an index, undefined where there is none.
    pub(crate) fn item(&self, index: usize) -> Item {
        self.items.get(index).cloned().unwrap_or_default()
    }

    /// Whether the argument is undefined or missing.
    pub(crate) fn is_missing(&self, index: usize) -> bool {
        self.items.get(index).is_none_or(Item::is_undefined)
    }

    /// The argument, if it is a string.
    pub(crate) fn text(&self, index: usize) -> Option<Arc<str>> {
        self.items.get(index).and_then(Item::as_arc_str).cloned()
    }

    /// The same, where it is.
    pub(crate) fn str(&self, index: usize) -> Option<&'a str> {
        self.items.get(index).and_then(Item::as_str)
    }

    /// The argument, if it is a number.
    pub(crate) fn number(&self, index: usize) -> Option<f64> {
        self.items.get(index).and_then(Item::as_f64)
    }

    /// The items of the argument, if it is an array.
    pub(crate) fn items(&self, index: usize) -> Option<Items<'a>> {
        self.items.get(index).and_then(Item::as_items)
    }
}

type Row = (&'static str, &'static str, usize, Run);

/// Name, signature, number of arguments for higher-order functions.
const COMMON: &[Row] = &[
    ("sum", "<a<n>:n>", 1, numeric::sum),
    ("count", "<a:n>", 1, numeric::count),
    ("max", "<a<n>:n>", 1, numeric::max),
    ("min", "<a<n>:n>", 1, numeric::min),
    ("average", "<a<n>:n>", 1, numeric::average),
    ("number", "<(nsb)-:n>", 1, numeric::number),
    ("floor", "<n-:n>", 1, numeric::floor),
    ("ceil", "<n-:n>", 1, numeric::ceil),
    ("round", "<n-n?:n>", 2, numeric::round),
    ("abs", "<n-:n>", 1, numeric::abs),
    ("sqrt", "<n-:n>", 1, numeric::sqrt),
    ("power", "<n-n:n>", 2, numeric::power),
    ("formatNumber", "<n-so?:s>", 3, numeric::format_number),
    ("formatBase", "<n-n?:s>", 2, numeric::format_base),
    ("formatInteger", "<n-s:s>", 2, numeric::format_integer),
    ("parseInteger", "<s-s:n>", 2, numeric::parse_integer),
    ("string", "<x-b?:s>", 1, string::string),
    ("substring", "<s-nn?:s>", 3, string::substring),
    ("substringBefore", "<s-s:s>", 2, string::substring_before),
    ("substringAfter", "<s-s:s>", 2, string::substring_after),
    ("lowercase", "<s-:s>", 1, string::lowercase),
    ("uppercase", "<s-:s>", 1, string::uppercase),
    ("length", "<s-:n>", 1, string::length),
    ("trim", "<s-:s>", 1, string::trim),
    ("pad", "<s-ns?:s>", 3, string::pad),
    ("join", "<a<s>s?:s>", 2, string::join),
    ("match", "<s-f<s:o>n?:a<o>>", 3, pattern::matches),
    ("contains", "<s-(sf):b>", 2, pattern::contains),
    ("replace", "<s-(sf)(sf)n?:s>", 4, pattern::replace),
    ("split", "<s-(sf)n?:a<s>>", 3, pattern::split),
    ("base64encode", "<s-:s>", 1, encoding::base64_encode),
    ("base64decode", "<s-:s>", 1, encoding::base64_decode),
    ("encodeUrlComponent", "<s-:s>", 1, encoding::encode_url_component),
    ("encodeUrl", "<s-:s>", 1, encoding::encode_url),
    ("decodeUrlComponent", "<s-:s>", 1, encoding::decode_url_component),
    ("decodeUrl", "<s-:s>", 1, encoding::decode_url),
    ("boolean", "<x-:b>", 1, boolean::boolean),
    ("not", "<x-:b>", 1, boolean::not),
    ("exists", "<x:b>", 1, boolean::exists),
    ("type", "<x:s>", 1, boolean::type_name),
    ("error", "<s?:x>", 1, boolean::error),
    ("assert", "<bs?:x>", 2, boolean::assert),
    ("map", "<af>", 2, higher_order::map),
    ("filter", "<af>", 2, higher_order::filter),
    ("single", "<af?>", 2, higher_order::single),
    ("reduce", "<afj?:j>", 3, higher_order::reduce),
    ("sift", "<o-f?:o>", 2, higher_order::sift),
    ("each", "<o-f:a>", 2, higher_order::each),
    ("sort", "<af?:a>", 2, higher_order::sort),
    ("zip", "<a+>", 0, array::zip),
    ("append", "<xx:a>", 2, array::append),
    ("reverse", "<a:a>", 1, array::reverse),
    ("shuffle", "<a:a>", 1, array::shuffle),
    ("distinct", "<x:x>", 1, array::distinct),
    ("keys", "<x-:a<s>>", 1, object::keys),
    ("lookup", "<x-s:x>", 2, object::lookup),
    ("spread", "<x-:a<o>>", 1, object::spread),
    ("merge", "<a<o>:o>", 1, object::merge),
    ("clone", "<(oa)-:o>", 1, object::clone),
    ("toMillis", "<s-s?:n>", 2, time::to_millis),
    ("fromMillis", "<n-s?s?:s>", 3, time::from_millis),
    ("now", "<s?s?:s>", 2, time::now),
    ("millis", "<:n>", 0, time::millis),
];

const ONLY_V22: &[Row] = &[("random", "<:n>", 0, numeric::random), ("eval", "<sx?:x>", 2, object::eval)];

// AWS: documented; `$eval` is not provided. Signatures from what is recorded in language.md 7.3.
const ONLY_AWS: &[Row] = &[
    ("random", "<n?:n>", 1, aws::random),
    ("partition", "<xn?:a>", 2, aws::partition),
    ("range", "<n?n?n?:a>", 3, aws::range),
    ("hash", "<s?s?:s>", 2, aws::hash),
    ("uuid", "<:s>", 0, aws::uuid),
    ("parse", "<s?:x>", 1, aws::parse),
];
