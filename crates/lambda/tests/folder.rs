//! Functions of a folder: what is found, what is refused, what a second look takes up.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "tests may fail"
)]

mod support;

use lambda::{Change, FunctionHost, HostError};
use serde_json::json;
use support::{Functions, config, is_alive, ok};

fn changes(host: &FunctionHost, functions: &Functions) -> Vec<(String, Change)> {
    host.load_folder(functions.path()).unwrap().into_iter().map(|f| (f.name, f.change)).collect()
}

fn change(name: &str, change: Change) -> (String, Change) {
    (name.to_owned(), change)
}

#[tokio::test]
async fn a_second_look_takes_up_what_changed_and_drops_what_is_gone() {
    let text = |word: &str| format!("import os\ndef handler(e, c): return ['{word}', os.getpid()]\n");
    let functions = Functions::new().with("a/handler.py", &text("one")).with("b/handler.py", &text("bee"));
    let host = FunctionHost::start(config()).await.unwrap();
    assert_eq!(changes(&host, &functions), [change("a", Change::Added), change("b", Change::Added)]);
    let old = ok(&host, "a", "{}").await;
    assert_eq!(changes(&host, &functions), [change("a", Change::Unchanged), change("b", Change::Unchanged)]);
    assert_eq!(ok(&host, "a", "{}").await, old, "the worker is still warm");

    functions.write("a/handler.py", &text("two"));
    std::fs::remove_dir_all(functions.path().join("b")).unwrap();
    assert_eq!(changes(&host, &functions), [change("a", Change::Reloaded), change("b", Change::Removed)]);
    let new = ok(&host, "a", "{}").await;
    assert_eq!(new[0], "two");
    assert!(!host.has("b"));
    let pid = old[1].as_i64().unwrap();
    support::eventually("the old process is gone", || !is_alive(pid)).await;

    functions.write("a/function.toml", "[environment]\nX = \"1\"\n");
    assert_eq!(changes(&host, &functions), [change("a", Change::Reloaded)]);
    host.shutdown().await;
}

#[tokio::test]
async fn a_call_under_way_is_finished_by_the_old_code() {
    let text = |word: &str| {
        format!(
            "import os, time\n\
             def handler(event, context):\n\
             \x20   print('running', flush=True)\n\
             \x20   while event and not os.path.exists(event): time.sleep(0.01)\n\
             \x20   return '{word}'\n"
        )
    };
    let functions =
        Functions::new().with("a/handler.py", &text("old")).with("a/function.toml", "timeout = 60\n");
    let host = functions.host().await;
    let gate = functions.path().join("open");
    let (caller, event) = (host.clone(), json!(gate).to_string());
    let pending = tokio::spawn(async move { ok(&caller, "a", &event).await });
    support::eventually("the call runs", || host.logs("a").iter().any(|line| line.text == "running")).await;
    functions.write("a/handler.py", &text("new"));
    assert_eq!(changes(&host, &functions), [change("a", Change::Reloaded)]);
    assert_eq!(ok(&host, "a", "null").await, json!("new"));
    std::fs::write(gate, "").unwrap();
    assert_eq!(pending.await.unwrap(), json!("old"));
    assert_eq!(ok(&host, "a", "null").await, json!("new"));
    host.shutdown().await;
}

#[tokio::test]
async fn every_problem_is_told_with_its_file_and_line_and_nothing_changes() {
    let functions = Functions::new().with("good/handler.py", "def handler(e, c): return 1\n");
    let host = functions.host().await;
    for (name, text) in [
        ("range", "\ntimeout = 901\nmemory = 64\n"),
        ("unknown", "handler = \"a.b\"\ncolour = 3\n"),
        ("runtime", "runtime = \"java21\"\n"),
        ("syntax", "timeout = = 3\n"),
        ("type", "timeout = \"3\"\n"),
        ("reserved", "[environment]\nA = \"1\"\nAWS_LAMBDA_RUNTIME_API = \"x\"\n"),
        ("nodot", "handler = \"main\"\n"),
    ] {
        functions.write(&format!("{name}/handler.py"), "def handler(e, c): return 2\n");
        functions.write(&format!("{name}/function.toml"), text);
    }
    functions.write("codeless/function.toml", "timeout = 3\n");
    functions.write("bad name/handler.py", "");
    functions.write("good/handler.py", "def handler(e, c): return 3\n");
    let HostError::Folder { problems } = host.load_folder(functions.path()).unwrap_err() else { panic!() };
    let told: Vec<String> = problems
        .iter()
        .map(|problem| {
            let text = problem.to_string();
            let root = functions.path().canonicalize().unwrap();
            text.replace(&format!("{}/", root.display()), "")
        })
        .collect();
    let expected = [
        "bad name: 'bad name' cannot be a function's name",
        "codeless/function.toml: there is no handler.py",
        "nodot/function.toml:1: a handler is written as file.function",
        "range/function.toml:2: timeout (seconds) must be from 1 to 900",
        "range/function.toml:3: memory (MB) must be from 128 to 10240",
        "reserved/function.toml:3: 'AWS_LAMBDA_RUNTIME_API' is set by Lambda itself",
        "runtime/function.toml:1: 'java21' is not a runtime of this host",
        "syntax/function.toml:1: ",
        "type/function.toml:1: invalid type: string \"3\"",
        "unknown/function.toml:2: unknown field `colour`",
    ];
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    for (told, expected) in told.iter().zip(expected) {
        assert!(told.starts_with(expected), "{told} does not start with {expected}");
    }
    assert!(!host.has("range"));
    host.shutdown().await;
}

#[tokio::test]
async fn folders_that_hold_no_function_are_left_alone() {
    let functions = Functions::new()
        .with("shared/util.py", "")
        .with(".git/handler.py", "")
        .with("README.md", "hello")
        .with("real/handler.py", "lambda_handler = lambda e, c: 'named'\n");
    let host = functions.host().await;
    let loaded = host.load_folder(functions.path()).unwrap();
    assert_eq!(loaded.len(), 1);
    assert_eq!((loaded[0].name.as_str(), loaded[0].handler.as_str()), ("real", "handler.lambda_handler"));
    assert_eq!(ok(&host, "real", "{}").await, json!("named"));
    assert!(!functions.path().join("real/__pycache__").exists(), "nothing is written into the user's folder");
    assert!(host.load_folder(&functions.path().join("absent")).is_err());
    host.shutdown().await;
}
