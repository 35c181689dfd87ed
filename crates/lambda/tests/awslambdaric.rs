//! The same Python functions on AWS's own runtime client. Needs a Python that can import `awslambdaric`: the one
//! named by `AWSLAMBDARIC_PYTHON`, or `python3`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "tests may fail"
)]

mod support;

use std::path::PathBuf;
use std::process::Command;

use serde_json::json;
use support::{Functions, call, eventually, failure, is_alive, ok};

/// `None`, with a notice, when there is no such Python here.
fn python() -> Option<PathBuf> {
    let python = std::env::var_os("AWSLAMBDARIC_PYTHON").map_or("python3".into(), PathBuf::from);
    let imports = Command::new(&python).args(["-c", "import awslambdaric"]).output();
    if imports.is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    eprintln!("SKIPPED: awslambdaric is not installed, functions are not tested on it");
    None
}

#[tokio::test]
async fn functions_behave_the_same_on_awslambdaric() {
    let Some(python) = python() else { return };
    let functions = Functions::new()
        .with(
            "mixed/handler.py",
            "import json, os, subprocess, sys, time\n\
             calls = 0\n\
             def handler(event, context):\n\
             \x20   global calls\n\
             \x20   calls += 1\n\
             \x20   print('called', context.aws_request_id)\n\
             \x20   if event == 'raise': raise ValueError('bad order')\n\
             \x20   if event == 'exit': sys.exit(1)\n\
             \x20   if event == 'set': return {1}\n\
             \x20   if event == 'sleep':\n\
             \x20       print('pid', subprocess.Popen(['sleep', '1000']).pid, flush=True)\n\
             \x20       time.sleep(1000)\n\
             \x20   return [calls, 'awslambdaric' in sys.modules]\n",
        )
        .with("mixed/function.toml", "timeout = 2\n")
        .with("absent/handler.py", "import nothing_of_the_kind\n");
    let host = functions
        .host_with(|config| {
            config.use_awslambdaric = true;
            config.python = Some(python);
        })
        .await;
    assert_eq!(ok(&host, "mixed", "{}").await, json!([1, true]));
    let (id, error) = failure(&host, "mixed", "\"raise\"").await;
    let frame = "  File \"/var/task/handler.py\", line 7, in handler\n    if event == 'raise': raise ValueError('bad order')\n";
    let expected = json!({"errorMessage": "bad order", "errorType": "ValueError", "requestId": id, "stackTrace": [frame]});
    assert_eq!(error, expected);
    let (_, error) = failure(&host, "mixed", "\"set\"").await;
    assert_eq!(error["errorType"], "Runtime.MarshalError");
    assert_eq!(ok(&host, "mixed", "{}").await, json!([4, true]));
    let (id, error) = failure(&host, "mixed", "\"exit\"").await;
    let message = format!("RequestId: {id} Error: Runtime exited with error: exit status 1");
    assert_eq!(error, json!({"errorType": "Runtime.ExitError", "errorMessage": message}));
    let (_, error) = failure(&host, "mixed", "\"sleep\"").await;
    assert_eq!(error["errorType"], "Sandbox.Timedout");
    let (_, error) = failure(&host, "absent", "{}").await;
    assert_eq!(error["errorType"], "Runtime.ImportModuleError");
    assert_eq!(
        error["errorMessage"],
        "Unable to import module 'handler': No module named 'nothing_of_the_kind'"
    );
    let result = call(&host, "mixed", "{}").await;
    let lines = host.logs("mixed");
    assert!(lines.iter().any(|line| line.text == format!("called {}", result.request_id)));
    let grandchild = lines.iter().find_map(|line| line.text.strip_prefix("pid ")?.parse().ok()).unwrap();
    eventually("the sleeping child is gone", || !is_alive(grandchild)).await;
    host.shutdown().await;
}
