//! Where the sources are: said by the environment of each replica, never by the published catalog.
//!
//! - `ARBITRA_SOURCE_NAME_URL`, or `..._URL_FILE`: address of source NAME (in capitals);
//! - `ARBITRA_SOURCE_NAME_PASSWORD_FILE`: its password, for databases;
//! - `ARBITRA_SOURCE_NAME_TOKEN_FILE`: bearer token, for HTTP;
//! - `ARBITRA_SOURCE_NAME_CA_FILE`: PEM with the only authorities to trust, for HTTPS.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use super::error::SourcesConfigError;

const PREFIX: &str = "ARBITRA_SOURCE_";

/// Where one source is, and how to be let in.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Connection {
    /// Its address; may hold a user and a password.
    pub url: String,
    /// Password of the user in the address.
    pub password: Option<String>,
    /// Bearer token.
    pub token: Option<String>,
    /// PEM of the only authorities to trust.
    pub authorities: Option<Vec<u8>>,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.url.split(':').next().unwrap_or_default();
        f.debug_struct("Connection").field("scheme", &scheme).finish_non_exhaustive()
    }
}

/// Where the sources are, as one replica was told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourcesConfig {
    /// By name, in capitals.
    connections: BTreeMap<String, Connection>,
}

impl SourcesConfig {
    /// What the variables of an environment say; others than ours are passed over.
    ///
    /// # Errors
    /// When a file cannot be read, an address makes no sense, or one is missing.
    pub fn from_variables(
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, SourcesConfigError> {
        let ours = variables.into_iter().filter(|(name, _)| name.starts_with(PREFIX));
        let ours: BTreeMap<String, String> = ours.collect();
        let mut connections: BTreeMap<String, Connection> = BTreeMap::new();
        for (variable, value) in &ours {
            let rest = variable.trim_start_matches(PREFIX);
            let Some((name, part)) = split(rest) else { continue };
            let held = connections.entry(name.to_owned()).or_default();
            match part {
                "_URL" => held.url = value.trim().to_owned(),
                "_URL_FILE" => held.url = text(variable, value)?,
                "_PASSWORD_FILE" => held.password = Some(text(variable, value)?),
                "_TOKEN_FILE" => held.token = Some(text(variable, value)?),
                _ => held.authorities = Some(bytes(variable, value)?),
            }
        }
        for (name, connection) in &connections {
            let address = format!("{PREFIX}{name}_URL");
            if connection.url.is_empty() {
                let variable = ours.keys().find(|key| key.contains(name.as_str())).cloned();
                let variable = variable.unwrap_or_default();
                return Err(SourcesConfigError::Stray { variable, address });
            }
            if !connection.url.contains(':') {
                let why = "no address such as `postgres://user@host/base`".to_owned();
                return Err(SourcesConfigError::Address { variable: address, why });
            }
        }
        Ok(Self { connections })
    }

    /// The same, with source `name` at `connection`.
    #[must_use]
    pub fn with(mut self, name: &str, connection: Connection) -> Self {
        self.connections.insert(name.to_ascii_uppercase(), connection);
        self
    }

    /// Where source `name` is.
    #[must_use]
    pub fn of(&self, name: &str) -> Option<&Connection> {
        self.connections.get(&name.to_ascii_uppercase())
    }
}

/// `SCORING_URL` as `SCORING` and `_URL`.
fn split(rest: &str) -> Option<(&str, &str)> {
    const PARTS: [&str; 5] = ["_URL_FILE", "_PASSWORD_FILE", "_TOKEN_FILE", "_CA_FILE", "_URL"];
    PARTS.into_iter().find_map(|part| Some((rest.strip_suffix(part)?, part)))
}

fn bytes(variable: &str, path: &str) -> Result<Vec<u8>, SourcesConfigError> {
    std::fs::read(PathBuf::from(path)).map_err(|error| SourcesConfigError::File {
        variable: variable.to_owned(),
        why: error.to_string(),
    })
}

fn text(variable: &str, path: &str) -> Result<String, SourcesConfigError> {
    let why = || "not UTF-8 text".to_owned();
    let read = String::from_utf8(bytes(variable, path)?);
    let read =
        read.map_err(|_| SourcesConfigError::File { variable: variable.to_owned(), why: why() })?;
    Ok(read.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<SourcesConfig, SourcesConfigError> {
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        SourcesConfig::from_variables(pairs)
    }

    #[test]
    fn variables_say_where_sources_are_and_faults_name_the_variable() {
        let config = read(&[
            ("PATH", "/bin"),
            ("ARBITRA_SOURCE_CORE_BANKING_URL", " postgres://u:secret@h/b "),
        ])
        .unwrap();
        assert_eq!(config.of("core_banking").unwrap().url, "postgres://u:secret@h/b");
        assert_eq!(config.of("scoring"), None);
        assert!(!format!("{config:?}").contains("secret"));
        let told = |pairs: &[(&str, &str)]| read(pairs).unwrap_err().to_string();
        let missing = told(&[
            ("ARBITRA_SOURCE_A_URL", "sqlite:x"),
            ("ARBITRA_SOURCE_A_TOKEN_FILE", "/nonexistent"),
        ]);
        assert!(missing.starts_with("ARBITRA_SOURCE_A_TOKEN_FILE: cannot read"), "{missing}");
        let bare = told(&[("ARBITRA_SOURCE_A_URL", "host/base")]);
        assert!(bare.starts_with("ARBITRA_SOURCE_A_URL: no address"), "{bare}");
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        std::fs::write(&file, "x").unwrap();
        let stray = told(&[("ARBITRA_SOURCE_A_PASSWORD_FILE", file.to_str().unwrap())]);
        assert!(stray.contains("`ARBITRA_SOURCE_A_URL` is not"), "{stray}");
    }
}
