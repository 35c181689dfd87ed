//! A local host of Lambda functions: the Lambda API and the Lambda Runtime API.
