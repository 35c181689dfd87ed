//! How a function is named in a Task.

/// A function's name taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FunctionName {
    /// The name alone.
    pub name: String,
    /// `aws`, when an ARN says it.
    pub partition: Option<String>,
    /// The region, when an ARN says it.
    pub region: Option<String>,
    /// The account, when a full or partial ARN says it.
    pub account: Option<String>,
    /// A version or an alias at the end.
    pub qualifier: Option<String>,
}

impl FunctionName {
    /// Reads `NAME`, `ACCOUNT:function:NAME` or `arn:P:lambda:REGION:ACCOUNT:function:NAME`, each with an optional
    /// `:QUALIFIER`. What is none of these is taken for a name, for Lambda to refuse.
    pub fn parse(text: &str) -> FunctionName {
        let some = |part: &str| Some(part.to_owned());
        let named = |name: &str, qualifier: &[&str]| FunctionName {
            name: name.to_owned(),
            qualifier: qualifier.first().copied().and_then(some),
            ..FunctionName::default()
        };
        match text.split(':').collect::<Vec<_>>().as_slice() {
            ["arn", partition, "lambda", region, account, "function", name, qualifier @ ..] => FunctionName {
                partition: some(partition),
                region: some(region),
                account: some(account),
                ..named(name, qualifier)
            },
            [account, "function", name, qualifier @ ..] => {
                FunctionName { account: some(account), ..named(name, qualifier) }
            }
            ["function", name, qualifier @ ..] | [name, qualifier @ ..] if qualifier.len() <= 1 => {
                named(name, qualifier)
            }
            _ => named(text, &[]),
        }
    }

    /// The ARN with a qualifier, `$LATEST` where none is named; what the name leaves open comes from the execution's ARN.
    pub fn qualified_arn(&self, execution_arn: &str, qualifier: Option<&str>) -> String {
        let mut of_execution = execution_arn.split(':').skip(1);
        let mut or_executions = |own: &Option<String>, skipped: usize| {
            let from_execution = of_execution.nth(skipped).unwrap_or_default();
            own.clone().unwrap_or_else(|| from_execution.to_owned())
        };
        let partition = or_executions(&self.partition, 0);
        let region = or_executions(&self.region, 1);
        let account = or_executions(&self.account, 0);
        let qualifier = qualifier.or(self.qualifier.as_deref()).unwrap_or("$LATEST");
        format!("arn:{partition}:lambda:{region}:{account}:function:{}:{qualifier}", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXECUTION: &str = "arn:aws:states:eu-west-1:111122223333:execution:m:e";

    #[test]
    fn every_form_of_a_name_is_read() {
        let arn = |text: &str, qualifier| FunctionName::parse(text).qualified_arn(EXECUTION, qualifier);
        assert_eq!(arn("pay", None), "arn:aws:lambda:eu-west-1:111122223333:function:pay:$LATEST");
        assert_eq!(arn("pay:live", None), "arn:aws:lambda:eu-west-1:111122223333:function:pay:live");
        assert_eq!(arn("function:pay", Some("2")), "arn:aws:lambda:eu-west-1:111122223333:function:pay:2");
        assert_eq!(arn("9:function:pay", None), "arn:aws:lambda:eu-west-1:9:function:pay:$LATEST");
        let full = "arn:aws-cn:lambda:cn-north-1:9:function:pay:7";
        assert_eq!(arn(full, None), full);
        assert_eq!(FunctionName::parse(full).name, "pay");
    }

    #[test]
    fn what_is_no_name_stays_as_it_is() {
        for text in ["", "a:b:c:d", "::::", "arn:aws:sqs:r:a:queue"] {
            assert_eq!(
                FunctionName::parse(text),
                FunctionName { name: text.into(), ..FunctionName::default() }
            );
        }
    }
}
