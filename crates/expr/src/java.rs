//! What shows through of Java's library: hash orders, `java.util.Random`, `Math.round`.

use json::{Number, Value};

/// `String.hashCode`: over UTF-16 units, with wrap-around.
pub fn string_hash(text: &str) -> i32 {
    text.encode_utf16().fold(0i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)))
}

/// The positions of distinct `keys` in the order in which a `HashMap` filled in the given order iterates.
pub fn hash_order<'k>(keys: impl IntoIterator<Item = &'k str>) -> Vec<usize> {
    let hashes: Vec<i32> = keys.into_iter().map(string_hash).collect();
    bucket_order(&hashes)
}

/// The positions of distinct elements with the given hash codes, in the order in which a `HashMap` iterates.
pub fn bucket_order(hashes: &[i32]) -> Vec<usize> {
    // The table starts with 16 buckets and doubles when it is more than three quarters full.
    let mut size = 16usize;
    while hashes.len() > size / 4 * 3 {
        size *= 2;
    }
    let mask = size as u32 - 1;
    let bucket = |hash: i32| {
        let hash = hash as u32;
        (hash ^ (hash >> 16)) & mask
    };
    let mut buckets: Vec<(u32, usize)> =
        hashes.iter().enumerate().map(|(at, hash)| (bucket(*hash), at)).collect();
    buckets.sort_unstable();
    buckets.into_iter().map(|(_, at)| at).collect()
}

/// The hash code of the Java object that a JSON value is read as; equal numbers hash alike.
pub fn value_hash(value: &Value) -> i32 {
    match value {
        Value::Null => 0,
        Value::Bool(true) => 1231,
        Value::Bool(false) => 1237,
        Value::Number(number) => number_hash(number),
        Value::String(text) => string_hash(text),
        Value::Array(items) => {
            items.iter().fold(1i32, |hash, item| hash.wrapping_mul(31).wrapping_add(value_hash(item)))
        }
        Value::Object(object) => object
            .iter()
            .fold(0i32, |hash, (key, member)| hash.wrapping_add(string_hash(key) ^ value_hash(member))),
    }
}

/// `Math.round`: half up. Values beyond 64 bits give the nearest end.
pub fn round(value: f64) -> i64 {
    (value + 0.5).floor() as i64
}

/// `java.util.Random`.
#[derive(Clone, Debug)]
pub struct Random {
    seed: u64,
}

impl Random {
    const MULTIPLIER: u64 = 0x5_DEEC_E66D;
    const MASK: u64 = (1 << 48) - 1;

    /// The generator that starts from `seed`.
    pub fn new(seed: i64) -> Random {
        Random { seed: (seed as u64 ^ Self::MULTIPLIER) & Self::MASK }
    }

    /// A number from 0 up to `bound`, exclusive. A bound below 1 counts as 1.
    pub fn next_int(&mut self, bound: i32) -> i32 {
        let bound = bound.max(1);
        if bound & (bound - 1) == 0 {
            return ((i64::from(bound) * i64::from(self.next(31))) >> 31) as i32;
        }
        loop {
            let bits = self.next(31);
            let value = bits % bound;
            if bits.wrapping_sub(value).wrapping_add(bound - 1) >= 0 {
                return value;
            }
        }
    }

    /// A number from 0 up to 1, exclusive.
    pub fn next_double(&mut self) -> f64 {
        let high = i64::from(self.next(26)) << 27;
        (high + i64::from(self.next(27))) as f64 / (1u64 << 53) as f64
    }

    fn next(&mut self, bits: u32) -> i32 {
        self.seed = self.seed.wrapping_mul(Self::MULTIPLIER).wrapping_add(0xB) & Self::MASK;
        (self.seed >> (48 - bits)) as i32
    }
}

fn number_hash(number: &Number) -> i32 {
    let fold = |bits: u64| (bits ^ (bits >> 32)) as i32;
    match number.to_i64() {
        // `Integer.hashCode` is the number itself, `Long.hashCode` folds its halves.
        Some(n) => i32::try_from(n).unwrap_or_else(|_| fold(n as u64)),
        None => fold(number.to_f64().to_bits()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ordered(keys: &[&str]) -> Vec<String> {
        hash_order(keys.iter().copied()).into_iter().map(|at| keys[at].to_owned()).collect()
    }

    #[test]
    fn hash_map_order_is_javas() {
        assert_eq!(ordered(&["position", "color", "region"]), ["color", "position", "region"]);
        assert_eq!(
            ordered(&["FunctionName", "Payload", "InvocationType"]),
            ["FunctionName", "InvocationType", "Payload"]
        );
        assert_eq!(ordered(&["bucket", "key", "size", "etag"]), ["bucket", "size", "etag", "key"]);
        assert_eq!(ordered(&["id", "name", "email"]), ["name", "id", "email"]);
        assert_eq!(ordered(&[]), Vec::<String>::new());
    }

    // AWS: recorded base.test_query_context_object_values, whose 13 members overflow the table of 16.
    #[test]
    fn the_table_grows_beyond_twelve_keys() {
        let written = [
            "context_object",
            "execution",
            "execution_id",
            "execution_input",
            "execution_name",
            "execution_rolearn",
            "execution_starttime",
            "state",
            "state_enteredtime",
            "state_name",
            "statemachine",
            "statemachine_id",
            "statemachine_name",
        ];
        assert_eq!(
            ordered(&written)[..6],
            [
                "execution",
                "execution_rolearn",
                "execution_name",
                "statemachine_id",
                "execution_id",
                "execution_input",
            ]
        );
    }

    #[test]
    fn string_hashes_wrap() {
        assert_eq!(string_hash(""), 0);
        assert_eq!(string_hash("hello"), 99_162_322);
        assert_eq!(string_hash("polygenelubricants"), i32::MIN);
    }

    #[test]
    fn random_repeats_javas_sequence() {
        assert_eq!(1 + Random::new(42).next_int(99), 63 + 1 - 1);
        assert_eq!(1 + Random::new(1).next_int(999), 106);
        assert_eq!(1 + Random::new(2).next_int(999), 806);
        assert_eq!(Random::new(77).next_double(), 0.7240700207191966);
    }

    #[test]
    fn rounding_is_half_up() {
        for (value, expected) in [(0.5, 1), (-0.5, 0), (-0.6, -1), (1.4, 1), (2.5, 3), (-2.5, -2)] {
            assert_eq!(round(value), expected, "{value}");
        }
        assert_eq!((round(1e300), round(-1e300)), (i64::MAX, i64::MIN));
    }
}
