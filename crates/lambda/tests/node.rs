//! Node functions in real processes.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "tests may fail"
)]

mod support;

use serde_json::json;
use support::{Functions, failure, ok, without_node};

#[tokio::test]
async fn modules_of_both_kinds_and_handlers_of_every_style_answer() {
    if without_node() {
        return;
    }
    let functions = Functions::new()
        .with("esm/index.mjs", "let n = 0;\nexport const handler = async (e, c) => ({ e, n: ++n, id: c.awsRequestId.length });\n")
        .with("cjs/index.js", "const path = require('path');\nexports.handler = async (e) => path.join('a', e.b);\n")
        .with("callback/index.js", "exports.handler = (e, c, done) => setTimeout(() => done(null, 'late'), 5);\n")
        .with("plain/index.js", "exports.handler = () => 7;\n")
        .with("nested/src/app.mjs", "export const on = { order: async () => 'nested' };\n")
        .with("nested/function.toml", "runtime = \"nodejs20.x\"\nhandler = \"src/app.on.order\"\n");
    let host = functions.host().await;
    for n in 1..=5 {
        assert_eq!(ok(&host, "esm", r#"{"x":"é"}"#).await, json!({"e": {"x": "é"}, "n": n, "id": 36}));
    }
    assert_eq!(ok(&host, "cjs", r#"{"b":"c"}"#).await, json!("a/c"));
    assert_eq!(ok(&host, "callback", "{}").await, json!("late"));
    assert_eq!(ok(&host, "callback", "{}").await, json!("late"));
    // AWS: documented; a handler that is not async and calls nothing back answers null.
    assert_eq!(ok(&host, "plain", "{}").await, json!(null));
    assert_eq!(ok(&host, "plain", "{}").await, json!(null));
    assert_eq!(ok(&host, "nested", "{}").await, json!("nested"));
    host.shutdown().await;
}

#[tokio::test]
async fn failures_are_told_as_lambda_tells_them() {
    if without_node() {
        return;
    }
    let text = "class Declined extends Error { constructor(m) { super(m); this.name = 'Declined'; } }\n\
                export const handler = async (e) => {\n\
                \x20 if (e === 'string') throw 'plain text';\n\
                \x20 if (e === 'circular') { const o = {}; o.o = o; return o; }\n\
                \x20 if (e === 'stray') { Promise.reject(new Error('lost')); await new Promise((r) => setTimeout(r, 500)); }\n\
                \x20 if (e === 'exit') process.exit(3);\n\
                \x20 throw new Declined('no money');\n\
                };\n";
    let functions = Functions::new()
        .with("fail/index.mjs", text)
        .with("absent/index.mjs", "import 'nothing-of-the-kind';\nexport const handler = async () => 1;\n")
        .with("nameless/index.mjs", "export const other = 1;\n")
        .with("wrong/index.mjs", "export const handler = async ( => 1;\n");
    let host = functions.host().await;
    let (_, error) = failure(&host, "fail", "{}").await;
    assert_eq!((&error["errorType"], &error["errorMessage"]), (&json!("Declined"), &json!("no money")));
    assert_eq!(error["trace"][0], "Declined: no money");
    assert!(error["trace"][1].as_str().unwrap().contains("file:///var/task/index.mjs:7"), "{error}");
    let (_, error) = failure(&host, "fail", "\"string\"").await;
    assert_eq!(error, json!({"errorType": "string", "errorMessage": "plain text", "trace": []}));
    let (_, error) = failure(&host, "fail", "\"circular\"").await;
    assert_eq!(error["errorType"], "Runtime.MarshalError");
    let (_, error) = failure(&host, "fail", "\"stray\"").await;
    assert_eq!(error["errorType"], "Runtime.UnhandledPromiseRejection");
    assert_eq!(error["errorMessage"], "Error: lost");
    let (id, error) = failure(&host, "fail", "\"exit\"").await;
    let message = format!("RequestId: {id} Error: Runtime exited with error: exit status 3");
    assert_eq!(error, json!({"errorType": "Runtime.ExitError", "errorMessage": message}));
    let (_, error) = failure(&host, "absent", "{}").await;
    assert_eq!(error["errorType"], "Runtime.ImportModuleError");
    let (_, error) = failure(&host, "nameless", "{}").await;
    assert_eq!(error["errorType"], "Runtime.HandlerNotFound");
    assert_eq!(error["errorMessage"], "index.handler is undefined or not exported");
    let (_, error) = failure(&host, "wrong", "{}").await;
    assert_eq!(error["errorType"], "Runtime.UserCodeSyntaxError");
    host.shutdown().await;
}
