use super::*;
use asl::StateKind;
use json::Payload;
use model::StateMachineType;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Mutex;
use tasks::{ListObjects, ObjectContent, ObjectFuture, ObjectPart, PutObject};

/// Objects in memory, read in parts that are smaller than asked for, so that a part is seldom a whole object.
#[derive(Default)]
struct Shelf {
    objects: BTreeMap<String, Vec<u8>>,
    reads: Mutex<Vec<(String, u64)>>,
}

impl Objects for Shelf {
    fn get(&self, part: ObjectPart) -> ObjectFuture<'_, Result<ObjectContent, ObjectError>> {
        Box::pin(async move {
            self.reads.lock().unwrap().push((part.key.clone(), part.start));
            let Some(bytes) = self.objects.get(&part.key) else {
                let message = "The specified key does not exist.".to_owned();
                return Err(ObjectError { code: Some("NoSuchKey".to_owned()), message });
            };
            let start = usize::try_from(part.start).unwrap().min(bytes.len());
            let end = bytes.len().min(start + usize::try_from(part.length).unwrap());
            let size = Some(bytes.len() as u64);
            Ok(ObjectContent { bytes: bytes[start..end].to_vec(), e_tag: Some("e".to_owned()), size })
        })
    }

    fn list(&self, request: ListObjects) -> ObjectFuture<'_, Result<Value, ObjectError>> {
        Box::pin(async move {
            let of = |name: &str| request.members.iter().find(|(n, _)| *n == name).map(|(_, v)| v.clone());
            let prefix = of("Prefix").unwrap_or_default();
            let after = of("ContinuationToken").unwrap_or_default();
            let mut keys = self.objects.keys().filter(|key| key.starts_with(&prefix) && **key > after);
            let key = keys.next().unwrap().clone();
            let contents = Value::object([
                ("Key", Value::from(key.clone())),
                ("LastModified", Value::from("2023-11-14T22:13:20Z")),
                ("ETag", Value::from("\"e\"")),
                ("Size", Value::from(12)),
            ]);
            let mut listed = json::Object::new();
            listed.insert("Contents", Value::array(vec![contents]));
            if keys.next().is_some() {
                listed.insert("NextContinuationToken", key);
            }
            Ok(Value::from(listed))
        })
    }

    fn put(&self, _: PutObject) -> ObjectFuture<'_, Result<(), ObjectError>> {
        Box::pin(async { Ok(()) })
    }
}

fn shelf(objects: &[(&str, &[u8])]) -> Arc<Shelf> {
    let objects = objects.iter().map(|(key, bytes)| ((*key).to_owned(), bytes.to_vec())).collect();
    Arc::new(Shelf { objects, reads: Mutex::default() })
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Everything that a reader reads: each item with its source.
fn read(shelf: &Arc<Shelf>, action: &str, config: &str, parameters: &str, max_items: i64) -> Vec<String> {
    try_read(shelf, action, config, parameters, max_items).unwrap()
}

fn try_read(
    shelf: &Arc<Shelf>,
    action: &str,
    config: &str,
    parameters: &str,
    max_items: i64,
) -> Result<Vec<String>, Arc<str>> {
    let text = format!(
        r#"{{"StartAt":"M","States":{{"M":{{"Type":"Map","Label":"L","End":true,"ItemReader":{{"Resource":"arn:aws:states:::s3:{action}","ReaderConfig":{config}}},
            "ItemProcessor":{{"ProcessorConfig":{{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"}},"StartAt":"P","States":{{"P":{{"Type":"Pass","End":true}}}}}}}}}}}}"#
    );
    let definition = asl::compile(&text, StateMachineType::Standard).unwrap().definition;
    let StateKind::Map(map) = &definition.block.states["M"].kind else { panic!() };
    let plan = MapRunPlan {
        arn: model::MapRunArn("a".into()),
        execution_type: StateMachineType::Standard,
        max_concurrency: 0,
        tolerated_failure_count: None,
        tolerated_failure_percentage: None,
        items: None,
        reader: Some(Payload::from_text(parameters).unwrap().into()),
        max_items,
        batch: None,
        writer: None,
    };
    let reader = map.distributed.as_ref().unwrap().reader.as_ref().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let mut found = Vec::new();
        let mut source =
            Source::new(shelf.clone(), reader, &plan).map_err(|failure| failure.cause.unwrap())?;
        while let Some((record, source)) = source.next().await.map_err(|failure| failure.cause.unwrap())? {
            let key = record.key.map(|key| format!("{key}=")).unwrap_or_default();
            found.push(format!("{source} {key}{}", record.value));
        }
        Ok(found)
    })
}

const KEY: &str = r#"{"Bucket":"b","Key":"k"}"#;

#[test]
fn files_of_every_format_are_read() {
    let json = shelf(&[("k", br#"{"a":[1,{"x":2}]}"#)]);
    let pointed = r#"{"InputType":"JSON","ItemsPointer":"/a"}"#;
    assert_eq!(read(&json, "getObject", pointed, KEY, 0), ["s3://b/k 1", r#"s3://b/k {"x":2}"#]);
    assert_eq!(read(&json, "getObject", r#"{"InputType":"JSON"}"#, KEY, 0), [r#"s3://b/k a=[1,{"x":2}]"#]);
    let lines = shelf(&[("k", b"1\n\n[2]")]);
    assert_eq!(read(&lines, "getObject", r#"{"InputType":"JSONL"}"#, KEY, 0), ["s3://b/k 1", "s3://b/k [2]"]);
    let csv = shelf(&[("k", b"a;b\n1;2")]);
    let config = r#"{"InputType":"CSV","CSVHeaderLocation":"FIRST_ROW","CSVDelimiter":"SEMICOLON"}"#;
    assert_eq!(read(&csv, "getObject", config, KEY, 0), [r#"s3://b/k {"a":"1","b":"2"}"#]);
}

#[test]
fn a_large_file_is_read_in_parts_and_no_further_than_needed() {
    let line = format!("\"{}\"\n", "x".repeat(1000));
    let large = shelf(&[("k", line.repeat(10_000).as_bytes())]);
    assert_eq!(read(&large, "getObject", r#"{"InputType":"JSONL"}"#, KEY, 0).len(), 10_000);
    assert_eq!(large.reads.lock().unwrap().len(), 3);
    large.reads.lock().unwrap().clear();
    assert_eq!(read(&large, "getObject", r#"{"InputType":"JSONL"}"#, KEY, 3).len(), 3);
    assert_eq!(large.reads.lock().unwrap().len(), 1);
}

#[test]
fn compressed_files_are_read_as_their_key_says() {
    let text: String = (0..30_000).map(|n| format!("{n}\n")).collect();
    let packed = shelf(&[("k.jsonl.gz", &gzip(text.as_bytes())), ("k.gz", b"not packed")]);
    let config = r#"{"InputType":"JSONL"}"#;
    let found = read(&packed, "getObject", config, r#"{"Bucket":"b","Key":"k.jsonl.gz"}"#, 0);
    assert_eq!((found.len(), found[29_999].as_str()), (30_000, "s3://b/k.jsonl.gz 29999"));
    assert!(try_read(&packed, "getObject", config, r#"{"Bucket":"b","Key":"k.gz"}"#, 0).is_err());
}

#[test]
fn files_in_zstd_are_read_as_their_key_says() {
    let text: String = (0..30_000).map(|n| format!("{n}\n")).collect();
    let frame = compress_to_vec(text.as_bytes(), CompressionLevel::Fastest);
    let cut = &frame[..frame.len() - 1];
    let packed =
        shelf(&[("k.zst", &frame), ("k.csv.zstd", &frame), ("cut.zst", cut), ("not.zst", b"not packed")]);
    let read_key = |key: &str, config: &str| {
        try_read(&packed, "getObject", config, &format!(r#"{{"Bucket":"b","Key":"{key}"}}"#), 0)
    };
    let lines = r#"{"InputType":"JSONL"}"#;
    assert_eq!(read_key("k.zst", lines).unwrap()[29_999], "s3://b/k.zst 29999");
    let rows = r#"{"InputType":"CSV","CSVHeaderLocation":"GIVEN","CSVHeaders":["n"]}"#;
    assert_eq!(read_key("k.csv.zstd", rows).unwrap()[7], r#"s3://b/k.csv.zstd {"n":"7"}"#);
    for (key, cause) in
        [("cut.zst", "it ends before its last frame does"), ("not.zst", "it does not begin as a frame does")]
    {
        let found = read_key(key, lines).unwrap_err();
        assert_eq!(*found, format!("The object '{key}' is not compressed with ZSTD: {cause}"));
    }
}

/// Files that pyarrow wrote, by compression and version of their pages: two rows in each group.
const FILES: [(&str, &[u8]); 8] = [
    ("none_1", include_bytes!("fixtures/none_1.parquet")),
    ("none_2", include_bytes!("fixtures/none_2.parquet")),
    ("snappy_1", include_bytes!("fixtures/snappy_1.parquet")),
    ("snappy_2", include_bytes!("fixtures/snappy_2.parquet")),
    ("gzip_1", include_bytes!("fixtures/gzip_1.parquet")),
    ("gzip_2", include_bytes!("fixtures/gzip_2.parquet")),
    ("zstd_1", include_bytes!("fixtures/zstd_1.parquet")),
    ("zstd_2", include_bytes!("fixtures/zstd_2.parquet")),
];
const PARQUET: &str = r#"{"InputType":"PARQUET"}"#;

#[test]
fn rows_of_parquet_are_read_whatever_compresses_them() {
    let expected = [
        r#"s3://b/k {"id":0,"name":"row 0","price":0.0,"flag":true}"#,
        r#"s3://b/k {"id":1,"name":"row 1","price":1.1,"flag":false}"#,
        r#"s3://b/k {"id":2,"name":null,"price":2.2,"flag":true}"#,
        r#"s3://b/k {"id":3,"name":"row 3","price":3.3,"flag":false}"#,
        r#"s3://b/k {"id":4,"name":"row 4","price":4.4,"flag":true}"#,
    ];
    for (name, file) in FILES {
        let file = shelf(&[("k", file)]);
        assert_eq!(read(&file, "getObject", PARQUET, KEY, 0), expected, "{name}");
        assert_eq!(read(&file, "getObject", PARQUET, KEY, 3), expected[..3], "{name}");
    }
    let empty = shelf(&[("k", include_bytes!("fixtures/empty.parquet"))]);
    assert_eq!(read(&empty, "getObject", PARQUET, KEY, 0), [""; 0]);
    let flat = r#"{"InputType":"PARQUET","Transformation":"LOAD_AND_FLATTEN"}"#;
    let folder = shelf(&[("p/a", FILES[0].1), ("p/b", FILES[7].1)]);
    assert_eq!(read(&folder, "listObjectsV2", flat, r#"{"Bucket":"b","Prefix":"p/"}"#, 0).len(), 10);
}

#[test]
fn columns_of_every_type_become_json() {
    let file = shelf(&[("k", include_bytes!("fixtures/types.parquet"))]);
    assert_eq!(
        read(&file, "getObject", PARQUET, KEY, 0),
        [concat!(
            r#"s3://b/k {"small":-1,"big":18446744073709551615,"day":"2024-02-29","at":"2023-11-14T22:13:20.123Z","#,
            r#""micro":"1969-12-31T23:59:59.999Z","time":"01:02:03.004","amount":-12.5,"raw":"AP8=","nan":null,"#,
            r#""list":[1,null,3],"inner":{"a":1,"b":[{"c":"x"}]},"map":{"k":1,"l":2},"ütf":"ä€"}"#
        )]
    );
}

#[test]
fn a_damaged_parquet_file_fails_the_reader_and_nothing_else() {
    for (_, file) in [FILES[1], FILES[6]] {
        for end in (0..file.len()).step_by(7) {
            let cut = shelf(&[("k", &file[..end])]);
            assert!(try_read(&cut, "getObject", PARQUET, KEY, 0).is_err(), "{end}");
        }
        for at in (0..file.len()).step_by(5) {
            let mut damaged = file.to_vec();
            damaged[at] ^= 0x55;
            // Whatever comes of it, it comes to an end.
            let _ = try_read(&shelf(&[("k", &damaged)]), "getObject", PARQUET, KEY, 0);
        }
    }
    let text = shelf(&[("k", b"this is a text that is longer than a footer")]);
    let cause = try_read(&text, "getObject", PARQUET, KEY, 0).unwrap_err();
    assert_eq!(*cause, *"The object 'k' is not a valid PARQUET file: it does not end with PAR1");
}

#[test]
fn listed_objects_are_items_or_are_read_one_after_the_other() {
    let folder = shelf(&[("p/one", b"1\n2"), ("p/two", b"3"), ("q", b"4")]);
    let prefix = r#"{"Bucket":"b","Prefix":"p/"}"#;
    let found = read(&folder, "listObjectsV2", "{}", prefix, 0);
    let first = r#"s3://b {"Etag":"\"e\"","LastModified":1700000000.0,"Key":"p/one","Size":12,"StorageClass":"STANDARD"}"#;
    assert_eq!((found.len(), found[0].replace("1.7E9", "1700000000.0")), (2, first.to_owned()));
    let flat = r#"{"InputType":"JSONL","Transformation":"LOAD_AND_FLATTEN"}"#;
    assert_eq!(
        read(&folder, "listObjectsV2", flat, prefix, 0),
        ["s3://b/p/one 1", "s3://b/p/one 2", "s3://b/p/two 3"]
    );
    assert_eq!(read(&folder, "listObjectsV2", flat, prefix, 2).len(), 2);
}

#[test]
fn manifests_name_the_files_that_are_read() {
    let manifest = br#"{"destinationBucket":"arn:aws:s3:::dest","fileFormat":"CSV","fileSchema":"Bucket, Key, Size","files":[{"key":"d.csv.gz"}]}"#;
    let inventory = shelf(&[("k", manifest), ("d.csv.gz", &gzip(b"\"b\",\"x\",\"12\"\n"))]);
    assert_eq!(
        read(&inventory, "getObject", r#"{"ManifestType":"S3_INVENTORY"}"#, KEY, 0),
        [r#"s3://dest/d.csv.gz {"Bucket":"b","Size":"12","Key":"x"}"#]
    );
    let athena = shelf(&[("k", b"s3://b/one\n\"s3://b/two\"\n"), ("one", b"1"), ("two", b"2")]);
    let config = r#"{"InputType":"JSONL","ManifestType":"ATHENA_DATA"}"#;
    assert_eq!(read(&athena, "getObject", config, KEY, 0), ["s3://b/one 1", "s3://b/two 2"]);
}

#[test]
fn what_cannot_be_read_is_said() {
    let empty = shelf(&[("k", b"7")]);
    let json = r#"{"InputType":"JSON"}"#;
    let cause = |parameters: &str, config: &str, max| {
        try_read(&empty, "getObject", config, parameters, max).unwrap_err().to_string()
    };
    assert_eq!(cause(KEY, json, 0), "Attempting to map over non-iterable node.");
    assert_eq!(cause(KEY, json, -1), "field MaxItems must be positive");
    assert_eq!(
        cause(r#"{"Bucket":"b","Key":"none"}"#, json, 0),
        "Failed to read the object 'none'. Message from S3: The specified key does not exist. (NoSuchKey)"
    );
    assert!(cause(r#"{"Key":"k"}"#, json, 0).contains("'Bucket' is required"));
    let versioned = r#"{"Bucket":"b","Key":"k","VersionId":"1"}"#;
    assert_eq!(
        cause(versioned, r#"{"InputType":"PARQUET"}"#, 0),
        "S3 Version ID selection is not currently supported for PARQUET files"
    );
}
