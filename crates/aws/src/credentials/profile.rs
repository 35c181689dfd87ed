//! The shared files: `~/.aws/config` and `~/.aws/credentials`.

use super::Credentials;
use std::collections::HashMap;

/// The sections of both files.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Profiles {
    profiles: HashMap<String, Section>,
    sessions: HashMap<String, Section>,
    services: HashMap<String, Section>,
}

/// Settings by name, in lower case; those that stand indented under another are `outer.inner`.
pub(crate) type Section = HashMap<String, String>;

impl Profiles {
    /// From the texts of the files; an absent one is empty. What is in the second goes before what is in the first.
    pub(crate) fn read(config: &str, credentials: &str) -> Profiles {
        let mut read = Profiles::default();
        for (header, section) in sections(config) {
            let (kind, name) = header.split_once(char::is_whitespace).unwrap_or((&header, ""));
            let name = name.trim().trim_matches(['"', '\'']).to_owned();
            match kind {
                "default" => read.profile("default", section),
                "profile" => read.profile(&name, section),
                "sso-session" => _ = read.sessions.insert(name, section),
                "services" => _ = read.services.insert(name, section),
                _ => {}
            }
        }
        for (header, section) in sections(credentials) {
            read.profile(header.trim(), section);
        }
        read
    }

    fn profile(&mut self, name: &str, section: Section) {
        self.profiles.entry(name.to_owned()).or_default().extend(section);
    }

    /// The settings of a profile.
    pub(crate) fn get(&self, profile: &str) -> Option<&Section> {
        self.profiles.get(profile)
    }

    /// The settings of an SSO session.
    pub(crate) fn session(&self, name: &str) -> Option<&Section> {
        self.sessions.get(name)
    }

    /// The endpoints that a profile sets: of one service each, by its name, and of all by no name.
    pub(crate) fn endpoints(&self, profile: &str) -> Vec<(Option<String>, String)> {
        let Some(section) = self.profiles.get(profile) else { return Vec::new() };
        let common = section.get("endpoint_url").map(|url| (None, url.clone()));
        let services = section.get("services").and_then(|name| self.services.get(name));
        let of_services = services.into_iter().flatten().filter_map(|(name, url)| {
            Some((Some(name.strip_suffix(".endpoint_url")?.to_owned()), url.clone()))
        });
        common.into_iter().chain(of_services).collect()
    }
}

/// The key that a profile holds itself.
pub(super) fn key_of(section: &Section) -> Option<Credentials> {
    let text = |name: &str| section.get(name).filter(|text| !text.is_empty()).cloned();
    Some(Credentials {
        access_key_id: text("aws_access_key_id")?,
        secret_access_key: text("aws_secret_access_key")?,
        session_token: text("aws_session_token"),
    })
}

fn sections(text: &str) -> Vec<(String, Section)> {
    let mut found: Vec<(String, Section)> = Vec::new();
    let mut outer = String::new();
    for line in text.lines() {
        let content = line.split(" #").next().unwrap_or_default().split(" ;").next().unwrap_or_default();
        let is_comment = content.trim_start().starts_with(['#', ';']);
        if is_comment || content.trim().is_empty() {
            continue;
        }
        if let Some(header) = content.trim().strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            found.push((header.trim().to_owned(), Section::new()));
            continue;
        }
        let Some(((name, value), (_, section))) = content.split_once('=').zip(found.last_mut()) else {
            continue;
        };
        let (name, value) = (name.trim().to_ascii_lowercase(), value.trim().to_owned());
        if content.starts_with(char::is_whitespace) && !outer.is_empty() {
            section.insert(format!("{outer}.{name}"), value);
        } else {
            outer.clone_from(&name);
            section.insert(name, value);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "\
[default]
region = eu-west-1
[profile dev] # of the team
role_arn = arn:aws:iam::1:role/r
source_profile = default
services = local
endpoint_url = http://all:1
; nothing
[services local]
s3 =
  endpoint_url = http://s3:2
step_functions =
  endpoint_url = http://sfn:3
";

    #[test]
    fn both_files_are_read() {
        let profiles =
            Profiles::read(CONFIG, "[default]\naws_access_key_id=id\naws_secret_access_key = se=cret\n");
        let default = profiles.get("default").unwrap();
        assert_eq!(default.get("region").unwrap(), "eu-west-1");
        assert_eq!(key_of(default), Some(Credentials::new("id", "se=cret")));
        assert_eq!(profiles.get("dev").unwrap().get("source_profile").unwrap(), "default");
        let mut endpoints = profiles.endpoints("dev");
        endpoints.sort();
        let named = |name: &str, url: &str| (Some(name.to_owned()), url.to_owned());
        assert_eq!(
            endpoints,
            [
                (None, "http://all:1".to_owned()),
                named("s3", "http://s3:2"),
                named("step_functions", "http://sfn:3")
            ]
        );
    }

    #[test]
    fn what_is_no_setting_is_passed_over() {
        assert_eq!(
            Profiles::read("a=b\n]\n[x\n=\n[profile p]\nnonsense\n", "").get("p"),
            Some(&Section::new())
        );
    }
}
