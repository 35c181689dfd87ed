//! The help of every command, frozen. After a change that is meant: `INSTA_UPDATE=always cargo test -p stepwright --test
//! help`, and read the difference.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "these are tests")]

mod support;

use support::run;

fn help(arguments: &[&str]) -> String {
    let ended = run(std::path::Path::new("/"), arguments);
    assert_eq!((ended.code, ended.err.as_str()), (0, ""));
    ended.out
}

#[test]
fn the_help_of_every_command_is_as_frozen() {
    insta::assert_snapshot!("stepwright", help(&["--help"]));
    for command in ["serve", "dev", "run", "validate", "graph"] {
        insta::assert_snapshot!(command, help(&[command, "--help"]));
    }
}

#[test]
fn the_version_is_the_packages() {
    assert_eq!(help(&["--version"]), concat!("stepwright ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn a_wrong_command_line_exits_with_2() {
    for arguments in
        [&["serve", "--port", "99999"][..], &["no-such"], &["serve", "--account", "12"], &["validate"]]
    {
        assert_eq!(run(std::path::Path::new("/"), arguments).code, 2, "{arguments:?}");
    }
}
