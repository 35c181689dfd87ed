//! How members are called: by the model, by AWS's SDK for Java 2 (whose names SDK integrations use), by its SDK for Java 1
//! (whose names optimised integrations use).

/// Java 2's name of a member with its first letter as a capital: `DBInstanceIdentifier` is `DbInstanceIdentifier`, `ETag`
/// stays. Actions are formed the same way, see [`camel`].
///
/// AWS: recorded test_s3_put_object_str: `ChecksumCRC32`, so only capitals at the beginning change.
pub fn sdk_name(member: &str) -> String {
    match member {
        // AWS: documented: these would be methods that every Java object has, or words of the language.
        "equals" => return "EqualsValue".to_owned(),
        "NULL" => return "Nul".to_owned(),
        _ => {}
    }
    capitalised(&camel(member))
}

/// The name with a small first letter; of several capitals at its beginning all but the one that begins the next word:
/// `DBInstances` is `dbInstances`, `ETag` is `eTag`, `PutItem` is `putItem`.
pub fn camel(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut rest = name.chars();
    while let Some(letter) = rest.next() {
        out.push(letter.to_ascii_lowercase());
        let mut ahead = rest.clone();
        let next_is_capital = ahead.next().is_some_and(|c| c.is_ascii_uppercase());
        let next_begins_a_word = ahead.next().is_some_and(|c| c.is_ascii_lowercase());
        if !next_is_capital || next_begins_a_word {
            break;
        }
    }
    out.push_str(rest.as_str());
    out
}

/// The name with a capital first letter.
pub fn capitalised(name: &str) -> String {
    let mut rest = name.chars();
    rest.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(rest).collect()
}

/// Java 2's name of a class: its words with one capital each. `KMSInvalidStateException` is `KmsInvalidStateException`.
pub fn pascal(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let at = |index: usize| letters.get(index).copied().unwrap_or('\0');
    let mut out = String::with_capacity(name.len());
    for (index, letter) in letters.iter().enumerate() {
        let before = index.checked_sub(1).map_or('\0', at);
        let after = at(index + 1);
        let begins_a_word = !before.is_ascii_alphanumeric()
            || (before.is_ascii_digit() && letter.is_ascii_alphabetic())
            || (letter.is_ascii_uppercase()
                && ((before.is_ascii_lowercase() && after.is_ascii_alphanumeric())
                    || (before.is_ascii_uppercase() && after.is_ascii_lowercase())));
        match letter {
            letter if !letter.is_ascii_alphanumeric() => {}
            letter if begins_a_word => out.push(letter.to_ascii_uppercase()),
            letter => out.push(letter.to_ascii_lowercase()),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_named_as_in_the_sdk_for_java_2() {
        let named = |name| sdk_name(name);
        assert_eq!(named("ChecksumCRC32"), "ChecksumCRC32");
        assert_eq!(named("DBInstanceIdentifier"), "DbInstanceIdentifier");
        assert_eq!(named("SSEKMSKeyId"), "SsekmsKeyId");
        assert_eq!(named("ETag"), "ETag");
        assert_eq!(named("MD5OfMessageBody"), "Md5OfMessageBody");
        assert_eq!(named("S"), "S");
        assert_eq!(named("SS"), "Ss");
        assert_eq!(named("BOOL"), "Bool");
        assert_eq!(named("NULL"), "Nul");
        assert_eq!(named("executionArn"), "ExecutionArn");
        assert_eq!(named("equals"), "EqualsValue");
    }

    #[test]
    fn classes_have_one_capital_a_word() {
        assert_eq!(pascal("KMSInvalidStateException"), "KmsInvalidStateException");
        assert_eq!(pascal("DBInstanceNotFoundFault"), "DbInstanceNotFoundFault");
        assert_eq!(pascal("EC2AccessDeniedException"), "Ec2AccessDeniedException");
        assert_eq!(pascal("NoSuchBucket"), "NoSuchBucket");
    }

    #[test]
    fn actions_begin_small() {
        assert_eq!(camel("PutItem"), "putItem");
        assert_eq!(camel("ListObjectsV2"), "listObjectsV2");
        assert_eq!(camel(""), "");
    }
}
