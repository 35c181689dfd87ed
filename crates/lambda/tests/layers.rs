//! Layers: of folders and of the API.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "tests may fail"
)]

mod support;

use std::fs;
use std::io::{Cursor, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use lambda::FunctionHost;
use serde_json::{Value, json};
use support::api::{FUNCTIONS, creation, refusal, send};
use support::{Functions, config, failure, ok, without_node};

const LAYERS: &str = "/2018-10-31/layers";

fn archive(files: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in files {
        writer.start_file(*name, zip::write::SimpleFileOptions::default().unix_permissions(0o755)).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

async fn publish(host: &FunctionHost, name: &str, files: &[(&str, &str)]) -> Value {
    let body = json!({
        "Content": {"ZipFile": BASE64.encode(archive(files))}, "Description": "d", "LicenseInfo": "MIT",
        "CompatibleRuntimes": ["python3.12"],
    });
    let (status, made) = send(host, "POST", &format!("{LAYERS}/{name}/versions"), body).await;
    assert_eq!(status, 201, "{made}");
    made
}

#[tokio::test]
async fn python_finds_packages_programs_and_data_of_its_layers() {
    let functions = Functions::new()
        .with("low/python/shared.py", "WHO = 'low'\n")
        .with("low/python/low.py", "WHO = 'low'\n")
        .with("use/handler.py", "import subprocess, shared, low, packed, site_packed, sys, os\n\
            def handler(event, context):\n\
            \x20   if event: raise ValueError(packed.__file__)\n\
            \x20   said = subprocess.run(['speak'], capture_output=True, text=True).stdout\n\
            \x20   libraries = [path for path in os.environ['LD_LIBRARY_PATH'].split(':') if path.endswith('/lib')]\n\
            \x20   return [shared.WHO, low.WHO, packed.WHO, site_packed.WHO, said, len(libraries) >= 2]\n")
        .with("use/function.toml", "runtime = \"python3.12\"\nlayers = [\"../low\", \"../high.zip\"]\n");
    let high = archive(&[
        ("python/shared.py", "WHO = 'high'\n"),
        ("python/packed.py", "WHO = 'packed'\n"),
        ("python/lib/python3.12/site-packages/site_packed.py", "WHO = 'site'\n"),
        ("bin/speak", "#!/bin/sh\necho spoken\n"),
    ]);
    fs::write(functions.path().join("high.zip"), high).unwrap();
    let host = functions.host().await;
    let expected = json!(["high", "low", "packed", "site", "spoken\n", true]);
    assert_eq!(ok(&host, "use", "null").await, expected, "the later layer wins");
    let (_, error) = failure(&host, "use", "1").await;
    assert_eq!(error["errorMessage"], "/opt/python/packed.py");

    functions.write("low/python/low.py", "WHO = 'changed'\n");
    let loaded = host.load_folder(functions.path()).unwrap();
    assert_eq!(loaded[0].change, lambda::Change::Reloaded, "a layer's change is the function's");
    assert_eq!(ok(&host, "use", "null").await[1], "changed");
    functions.write("use/function.toml", "layers = [\"../absent\"]\n");
    let error = host.load_folder(functions.path()).unwrap_err().to_string();
    assert!(
        error.contains("function.toml:1: the layer '../absent' is neither a folder nor a zip file"),
        "{error}"
    );
    functions.write("use/function.toml", "layers = [\"function.toml\"]\n");
    let error = host.load_folder(functions.path()).unwrap_err().to_string();
    assert!(error.contains("its layers cannot be laid out: Could not unzip uploaded file."), "{error}");
    assert_eq!(ok(&host, "use", "null").await[1], "changed", "what was served still is");
    host.shutdown().await;
}

#[tokio::test]
async fn node_finds_packages_of_its_layers_for_both_kinds_of_modules() {
    if without_node() {
        return;
    }
    let package = |kind: &str, text: &str| {
        let (folder, ending) =
            (format!("layer/nodejs/node_modules/{kind}"), if kind == "esm" { "mjs" } else { "js" });
        let main = format!("index.{ending}");
        [
            (
                format!("{folder}/package.json"),
                json!({"name": kind, "main": main, "exports": format!("./{main}")}).to_string(),
            ),
            (format!("{folder}/{main}"), text.to_owned()),
        ]
    };
    let functions = Functions::new();
    for (file, text) in package("esm", "export const who = 'esm';\n")
        .into_iter()
        .chain(package("cjs", "exports.who = 'cjs';\n"))
    {
        functions.write(&file, &text);
    }
    functions.write(
        "new/index.mjs",
        "import { who } from 'esm';\nimport cjs from 'cjs';\n\
        export const handler = async () => [who, cjs.who];\n",
    );
    functions.write("old/index.js", "const { who } = require('cjs');\nexports.handler = async () => who;\n");
    functions.write("bad/index.mjs", "import 'nowhere';\nexport const handler = async () => 1;\n");
    for name in ["new", "old", "bad"] {
        functions.write(&format!("{name}/function.toml"), "layers = [\"../layer\"]\n");
    }
    let host = functions.host().await;
    assert_eq!(ok(&host, "new", "null").await, json!(["esm", "cjs"]));
    assert_eq!(ok(&host, "old", "null").await, json!("cjs"));
    let (_, error) = failure(&host, "bad", "null").await;
    assert_eq!(error["errorType"], "Runtime.ImportModuleError");
    host.shutdown().await;
}

#[tokio::test]
async fn a_layer_can_bring_the_runtime() {
    let bootstrap = "#!/bin/sh\n\
        while true; do\n\
        \x20 headers=$(mktemp)\n\
        \x20 curl -sS -D \"$headers\" -o /dev/null http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/next || exit 0\n\
        \x20 id=$(tr -d '\\r' <\"$headers\" | sed -n 's/^lambda-runtime-aws-request-id: //p')\n\
        \x20 curl -sS -o /dev/null -d \"\\\"$_HANDLER\\\"\" http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/$id/response\n\
        done\n";
    if std::process::Command::new("curl").arg("--version").output().is_err() {
        eprintln!("SKIPPED: curl is not installed");
        return;
    }
    let functions = Functions::new();
    functions.write("layer/bootstrap", bootstrap);
    functions.write(
        "f/function.toml",
        "runtime = \"provided.al2023\"\nhandler = \"any.name\"\nlayers = [\"../layer\"]\n",
    );
    let host = functions.host_with(|_| {}).await;
    // The layer's folder has a bootstrap and so is a function too.
    assert_eq!(ok(&host, "f", "null").await, json!("any.name"));
    host.shutdown().await;
}

#[tokio::test]
async fn layers_of_the_api_are_given_to_functions_and_survive() {
    let directory = tempfile::tempdir().unwrap();
    let mut config = config();
    config.data_dir = Some(directory.path().join("lambda"));
    let host = FunctionHost::start(config.clone()).await.unwrap();
    let first = publish(&host, "lib", &[("python/lib.py", "N = 1\n")]).await;
    let arn = "arn:aws:lambda:us-east-1:123456789012:layer:lib";
    assert_eq!((&first["Version"], &first["LayerArn"]), (&json!(1), &json!(arn)));
    assert_eq!(first["LayerVersionArn"], json!(format!("{arn}:1")));
    let second = publish(&host, "lib", &[("python/lib.py", "N = 2\n")]).await;
    assert_eq!(second["Version"], 2);
    let other = publish(&host, "over", &[("python/other.py", "N = 'over'\n")]).await;

    let mut body = creation(
        "f",
        "import lib\ntry:\n    import other\nexcept ImportError:\n    other = None\n\
        def handler(e, c): return [lib.N, other and other.N]\n",
    );
    body["Layers"] = json!([first["LayerVersionArn"]]);
    let (status, made) = send(&host, "POST", FUNCTIONS, body).await;
    assert_eq!((status, &made["Layers"][0]["Arn"]), (201, &first["LayerVersionArn"]));
    assert_eq!(made["Layers"][0]["CodeSize"], first["Content"]["CodeSize"]);
    assert_eq!(ok(&host, "f", "null").await, json!([1, null]));
    send(&host, "POST", &format!("{FUNCTIONS}/f/versions"), json!({})).await;
    let layers = json!({"Layers": [second["LayerVersionArn"], other["LayerVersionArn"]]});
    let (status, _) = send(&host, "PUT", &format!("{FUNCTIONS}/f/configuration"), layers).await;
    assert_eq!(status, 200);
    assert_eq!(ok(&host, "f", "null").await, json!([2, "over"]));

    // A version that is deleted goes on where it is used, and its number is not given again.
    assert_eq!(send(&host, "DELETE", &format!("{LAYERS}/lib/versions/1"), Value::Null).await.0, 204);
    assert_eq!(
        refusal(&host, "GET", &format!("{LAYERS}/lib/versions/1"), "").await.1,
        "ResourceNotFoundException"
    );
    host.shutdown().await;
    let host = FunctionHost::start(config.clone()).await.unwrap();
    assert_eq!(ok(&host, "f:1", "null").await, json!([1, null]));
    assert_eq!(ok(&host, "f", "null").await, json!([2, "over"]));
    assert_eq!(send(&host, "DELETE", &format!("{LAYERS}/lib/versions/2"), Value::Null).await.0, 204);
    assert_eq!(publish(&host, "lib", &[("python/lib.py", "N = 3\n")]).await["Version"], 3);
    let (_, listed) = send(&host, "GET", &format!("{LAYERS}/lib/versions"), Value::Null).await;
    assert_eq!(listed["LayerVersions"].as_array().unwrap().len(), 1);
    let (_, listed) =
        send(&host, "GET", &format!("{LAYERS}?CompatibleRuntime=python3.12"), Value::Null).await;
    let names: Vec<&Value> =
        listed["Layers"].as_array().unwrap().iter().map(|layer| &layer["LayerName"]).collect();
    assert_eq!(names, ["lib", "over"]);
    let (_, none) = send(&host, "GET", &format!("{LAYERS}?CompatibleRuntime=nodejs22.x"), Value::Null).await;
    assert_eq!(none["Layers"], json!([]));
    let by_arn = format!("{LAYERS}?find=LayerVersion&Arn={arn}:3");
    assert_eq!(send(&host, "GET", &by_arn, Value::Null).await.1["Version"], 3);

    // With the last function that uses it a deleted version's archive goes, at the next start.
    send(&host, "DELETE", &format!("{FUNCTIONS}/f"), Value::Null).await;
    host.shutdown().await;
    let host = FunctionHost::start(config.clone()).await.unwrap();
    let folder = directory.path().join("lambda/.layers/lib");
    assert_eq!([1, 2, 3].map(|n| folder.join(format!("{n}.zip")).exists()), [false, false, true]);
    host.shutdown().await;
}

#[tokio::test]
async fn layers_that_cannot_be_are_refused() {
    let host = FunctionHost::start(config()).await.unwrap();
    let arns: Vec<Value> = {
        let mut arns = Vec::new();
        for n in 0..6 {
            arns.push(publish(&host, &format!("l{n}"), &[("a", "a")]).await["LayerVersionArn"].clone());
        }
        arns
    };
    let second = publish(&host, "l0", &[("a", "b")]).await;
    let cases = [
        (json!(arns), "You cannot reference more than 5 layers."),
        (
            json!([arns[0], second["LayerVersionArn"]]),
            "Two different versions of the same layer are not allowed",
        ),
        (
            json!(["arn:aws:lambda:us-east-1:123456789012:layer:l0:9"]),
            "Layer version arn:aws:lambda:us-east-1:",
        ),
        (json!(["l0"]), "1 validation error detected: Value '[l0]' at 'layers'"),
    ];
    for (layers, message) in cases {
        let mut body = creation("f", "");
        body["Layers"] = layers;
        let (status, _, text) = refusal(&host, "POST", FUNCTIONS, &body.to_string()).await;
        assert_eq!(status, 400);
        assert!(text.starts_with(message), "{text}");
    }
    let content = |bytes: &[u8]| json!({"Content": {"ZipFile": BASE64.encode(bytes)}}).to_string();
    let path = format!("{LAYERS}/new/versions");
    let (_, _, message) = refusal(&host, "POST", &path, &content(b"no zip")).await;
    assert!(message.starts_with("Could not unzip uploaded file."), "{message}");
    let mut many = json!({"Content": {"ZipFile": BASE64.encode(archive(&[("a", "a")]))}});
    many["CompatibleRuntimes"] = json!(vec!["python3.12"; 16]);
    let (_, _, message) = refusal(&host, "POST", &path, &many.to_string()).await;
    assert!(message.contains("at 'compatibleRuntimes' failed"), "{message}");
    let outside = archive(&[("../out", "x")]);
    assert_eq!(refusal(&host, "POST", &path, &content(&outside)).await.0, 400);
    assert_eq!(
        refusal(&host, "POST", &format!("{LAYERS}/a%20b/versions"), &content(b"")).await.1,
        "ValidationException"
    );
    host.shutdown().await;
}
