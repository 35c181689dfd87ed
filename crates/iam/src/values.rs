//! What values of conditions are beside texts: numbers, moments, addresses, ARNs.

use crate::pattern::{Case, Piece, matches};
use core::net::IpAddr;
use model::time::Instant;

/// A number.
pub(crate) fn number(text: &str) -> Option<f64> {
    text.trim().parse::<f64>().ok().filter(|number| number.is_finite())
}

/// A moment in milliseconds since 1970: `2026-01-31T12:00:00Z`, `2026-01-31`, or seconds since 1970.
pub(crate) fn moment(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<i64>() {
        return seconds.checked_mul(1_000);
    }
    let of_day = || Instant::parse_rfc3339(&format!("{text}T00:00:00Z"));
    Instant::parse_rfc3339(text).or_else(of_day).map(|instant| instant.to_timestamp().0)
}

/// Whether an address lies in a range: `203.0.113.0/24`, `2001:db8::/32`, or one address.
pub(crate) fn is_in_range(address: &str, range: &str) -> Option<bool> {
    let address: IpAddr = address.trim().parse().ok()?;
    let (base, length) = match range.trim().split_once('/') {
        Some((base, length)) => (base, Some(length.parse::<u32>().ok()?)),
        None => (range.trim(), None),
    };
    let (base, bits) = match base.parse::<IpAddr>().ok()? {
        IpAddr::V4(base) => (u128::from(base.to_bits()), 32_u32),
        IpAddr::V6(base) => (base.to_bits(), 128),
    };
    let shift = bits.checked_sub(length.unwrap_or(bits))?;
    let address = match address {
        IpAddr::V4(address) if bits == 32 => u128::from(address.to_bits()),
        IpAddr::V6(address) if bits == 128 => address.to_bits(),
        IpAddr::V4(_) | IpAddr::V6(_) => return Some(false),
    };
    // All bits shifted out leave nothing to differ in.
    Some(address.checked_shr(shift).unwrap_or(0) == base.checked_shr(shift).unwrap_or(0))
}

/// Whether an ARN is what a pattern says, each of its six parts for itself.
///
/// AWS: documented: a wildcard of one part does not reach into the next.
pub(crate) fn is_arn_like(pattern: &[Piece], arn: &str) -> bool {
    let mut parts = pattern.splitn(6, |piece| *piece == Piece::Literal(':'));
    let mut texts = arn.splitn(6, ':');
    (0..6).all(|_| match (parts.next(), texts.next()) {
        (Some(part), Some(text)) => matches(part, text, Case::Sensitive),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Context;
    use crate::pattern::Pattern;

    #[test]
    fn moments_have_three_forms() {
        assert_eq!(moment("1970-01-02T00:00:00Z"), Some(86_400_000));
        assert_eq!(moment("1970-01-02"), Some(86_400_000));
        assert_eq!(moment("86400"), Some(86_400_000));
        assert_eq!(moment("tomorrow"), None);
        assert_eq!(moment(&i64::MAX.to_string()), None);
    }

    #[test]
    fn addresses_lie_in_ranges() {
        assert_eq!(is_in_range("203.0.113.77", "203.0.113.0/24"), Some(true));
        assert_eq!(is_in_range("203.0.114.1", "203.0.113.0/24"), Some(false));
        assert_eq!(is_in_range("1.2.3.4", "0.0.0.0/0"), Some(true));
        assert_eq!(is_in_range("::1", "::/0"), Some(true));
        assert_eq!(is_in_range("2001:db8::5", "2001:db8::/32"), Some(true));
        assert_eq!(is_in_range("1.2.3.4", "1.2.3.4"), Some(true));
        assert_eq!(is_in_range("1.2.3.4", "::/0"), Some(false));
        for (address, range) in [("x", "1.2.3.0/24"), ("1.2.3.4", "1.2.3.0/33"), ("1.2.3.4", "1.2.3/a")] {
            assert_eq!(is_in_range(address, range), None, "{address} {range}");
        }
    }

    #[test]
    fn arns_are_compared_part_by_part() {
        let is = |pattern: &str, arn: &str| {
            is_arn_like(&Pattern::read(pattern, true).fill(&Context::new()).unwrap(), arn)
        };
        assert!(is("arn:aws:sqs:*:*:orders-*", "arn:aws:sqs:us-east-1:1:orders-eu"));
        assert!(is("arn:*:states:*:1:execution:m:*", "arn:aws:states:r:1:execution:m:e"));
        assert!(!is("arn:*", "arn:aws:sqs:r:1:q"));
        assert!(!is("arn:aws:*:1:q", "arn:aws:sqs:r:1:q"));
    }
}
