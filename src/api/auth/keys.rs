//! The file of callers. A line is `NAME ROLE,ROLE CREDENTIAL`; the credential is `sha256:` and the
//! digest of an API key in hexadecimal, or `cert:` and a DNS name that stands in the caller's
//! certificate. Behind it may stand `rate=100/s`, how often it may call, and `priority=call_centre`,
//! how soon it is served. What follows a `#` is a comment.
//!
//! A key holds 256 random bits, so that a plain digest protects it: there is nothing to guess.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::caller::Caller;
use super::rate::Rate;
use super::role::Role;
use crate::api::class::Class;
use crate::api::reload::{Print, Reload};

/// Most callers of a file: each is compared with every key that is shown.
const CALLERS_MAX: usize = 1_000;
/// Longest name of a caller, in bytes.
const NAME_BYTES_MAX: usize = 64;
/// Longest key that is looked at, in bytes.
const KEY_BYTES_MAX: usize = 256;
/// What every key begins with, so that those who search for leaked secrets find it.
const PREFIX: &str = "arb_";

/// Why a file of callers cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// It cannot be read.
    #[error("`{path}` cannot be read: {why}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        why: std::io::Error,
    },
    /// Lines are at fault.
    #[error("`{path}` has faults:{faults}")]
    Faults {
        /// The file.
        path: PathBuf,
        /// Each on a line of its own.
        faults: String,
    },
}

/// The callers there are.
#[derive(Debug, Default)]
pub struct Keys {
    by_digest: Vec<([u8; 32], Arc<Caller>)>,
    by_certificate: Vec<(String, Arc<Caller>)>,
}

impl Keys {
    /// The callers of a file's text.
    ///
    /// # Errors
    /// Every line at fault. A credential is never repeated.
    pub fn parse(text: &str) -> Result<Self, Vec<String>> {
        let (mut keys, mut faults, mut names) = (Self::default(), Vec::new(), HashSet::new());
        for (number, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default().trim();
            if line.is_empty() {
                continue;
            }
            if let Err(fault) = keys.take(line, &mut names) {
                faults.push(format!("line {}: {fault}", number + 1));
            }
        }
        match keys.len() {
            _ if !faults.is_empty() => {}
            0 => faults.push("it names no caller; make one with `arbitra keys new`".to_owned()),
            callers if callers > CALLERS_MAX => {
                faults.push(format!("{callers} callers are over the limit of {CALLERS_MAX}"));
            }
            _ => return Ok(keys),
        }
        Err(faults)
    }

    /// How many callers.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_digest.len() + self.by_certificate.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whose key it is. Takes as long whichever key it is, and if it is none.
    #[must_use]
    pub fn by_key(&self, key: &str) -> Option<&Arc<Caller>> {
        if key.len() > KEY_BYTES_MAX {
            return None;
        }
        let shown: [u8; 32] = Sha256::digest(key.as_bytes()).into();
        let mut found = None;
        for (digest, caller) in &self.by_digest {
            if bool::from(digest.ct_eq(&shown)) {
                found = Some(caller);
            }
        }
        found
    }

    /// Whose certificate it is, by the DNS names that stand in it.
    #[must_use]
    pub fn by_names<'a>(&self, mut names: impl Iterator<Item = &'a str>) -> Option<&Arc<Caller>> {
        names.find_map(|shown| {
            let mut callers = self.by_certificate.iter();
            callers.find(|(name, _)| name.eq_ignore_ascii_case(shown)).map(|(_, caller)| caller)
        })
    }

    fn take(&mut self, line: &str, names: &mut HashSet<String>) -> Result<(), String> {
        let mut words = line.split_whitespace();
        let (Some(name), Some(roles), Some(credential)) =
            (words.next(), words.next(), words.next())
        else {
            return Err("must be `NAME ROLE,ROLE CREDENTIAL`".to_owned());
        };
        if name.len() > NAME_BYTES_MAX {
            return Err(format!("the name is longer than {NAME_BYTES_MAX} bytes"));
        }
        if !names.insert(name.to_owned()) {
            return Err(format!("`{name}` is named twice"));
        }
        let roles = roles.split(',').map(str::parse).collect::<Result<Vec<Role>, _>>()?;
        let (mut limiter, mut class) = (None, None);
        for word in words {
            match word.split_once('=') {
                Some(("rate", rate)) => limiter = Some(Arc::new(rate.parse::<Rate>()?.limiter())),
                Some(("priority", name)) => class = Some(name.parse::<Class>()?),
                _ => {
                    return Err("only `rate=100/s` and `priority=web` may stand behind the \
                                credential"
                        .to_owned());
                }
            }
        }
        let caller = Caller::new(name, roles).limited(limiter).of_class(class);
        let caller = Arc::new(caller);
        match credential.split_once(':') {
            Some(("sha256", hex)) => {
                let digest = unhex(hex).ok_or("`sha256:` is followed by 64 hexadecimal digits")?;
                if self.by_digest.iter().any(|(other, _)| *other == digest) {
                    return Err(format!("`{name}` has the key of another"));
                }
                self.by_digest.push((digest, caller));
            }
            Some(("cert", dns)) if !dns.is_empty() => {
                if self.by_certificate.iter().any(|(other, _)| other.eq_ignore_ascii_case(dns)) {
                    return Err(format!("`{name}` has the certificate of another"));
                }
                self.by_certificate.push((dns.to_owned(), caller));
            }
            _ => return Err("the credential must be `sha256:DIGEST` or `cert:DNSNAME`".to_owned()),
        }
        Ok(())
    }
}

/// A key just made.
pub struct NewKey {
    /// The key; shown once, kept nowhere.
    pub key: String,
    /// Its line for the file of callers.
    pub line: String,
}

impl NewKey {
    /// A key of 256 bits from the system's random source, for a caller of these roles.
    ///
    /// # Errors
    /// A name that cannot stand in the file, or no random source.
    pub fn draw(name: &str, roles: &[Role]) -> Result<Self, String> {
        let mut bits = [0_u8; 32];
        getrandom::fill(&mut bits).map_err(|error| format!("no random source: {error}"))?;
        let key = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bits));
        let digest = Sha256::digest(key.as_bytes());
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let roles: Vec<_> = roles.iter().map(|role| role.name()).collect();
        let line = format!("{name} {} sha256:{hex}", roles.join(","));
        match Keys::parse(&line) {
            Ok(_) => Ok(Self { key, line }),
            Err(faults) => Err(format!("`{name}` cannot name a caller: {}", faults.join("; "))),
        }
    }
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let mut value = 0;
        for digit in pair {
            value = value * 16 + char::from(*digit).to_digit(16)?;
        }
        *byte = u8::try_from(value).ok()?;
    }
    Some(bytes)
}

/// A file of callers, taken anew when it changes.
#[derive(Debug)]
pub struct KeysFile {
    path: PathBuf,
    current: ArcSwap<Keys>,
    seen: Print,
}

impl KeysFile {
    /// Reads it.
    ///
    /// # Errors
    /// When it cannot be read, or lines are at fault.
    pub fn open(path: &Path) -> Result<Self, KeysError> {
        let text = read(path)?;
        let current = ArcSwap::from_pointee(parse(path, &text)?);
        Ok(Self { path: path.to_owned(), current, seen: Print::of(&[text.as_bytes()]) })
    }

    /// The callers there are now.
    pub fn current(&self) -> arc_swap::Guard<Arc<Keys>> {
        self.current.load()
    }
}

impl Reload for KeysFile {
    const WHAT: &'static str = "API keys";

    fn reload(&self) -> Result<bool, String> {
        let text = read(&self.path).map_err(|error| error.to_string())?;
        if !self.seen.changed(&[text.as_bytes()]) {
            return Ok(false);
        }
        let keys = parse(&self.path, &text).map_err(|error| error.to_string())?;
        self.current.store(Arc::new(keys));
        Ok(true)
    }
}

fn read(path: &Path) -> Result<String, KeysError> {
    std::fs::read_to_string(path)
        .map_err(|why| KeysError::Unreadable { path: path.to_owned(), why })
}

fn parse(path: &Path, text: &str) -> Result<Keys, KeysError> {
    Keys::parse(text).map_err(|faults| {
        let faults = faults.iter().map(|fault| format!("\n    {fault}")).collect();
        KeysError::Faults { path: path.to_owned(), faults }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_known_by_its_digest_alone() {
        let new = NewKey::draw("web", &[Role::Decide, Role::Record]).unwrap();
        assert!(!new.line.contains(&new.key));
        let keys = Keys::parse(&format!("# callers\n\n{}  # the shop\n", new.line)).unwrap();
        let caller = keys.by_key(&new.key).unwrap();
        assert_eq!(caller.name(), "web");
        assert!(caller.may(Role::Record) && !caller.may(Role::ProfileErase));
        for other in ["", "arb_", &new.key.to_lowercase(), &new.line, &"x".repeat(100_000)] {
            assert!(keys.by_key(other).is_none());
        }
        assert_ne!(NewKey::draw("web", &[Role::Decide]).unwrap().key, new.key);
        assert!(NewKey::draw("two words", &[Role::Decide]).is_err());
    }

    #[test]
    fn how_often_and_how_soon_stand_behind_the_credential() {
        let new = NewKey::draw("desk", &[Role::Decide]).unwrap();
        let keys = Keys::parse(&format!("{} rate=1/m priority=call_centre", new.line)).unwrap();
        let desk = keys.by_key(&new.key).unwrap();
        assert_eq!(desk.class(), Some(Class::CallCentre));
        desk.call().unwrap();
        assert!(desk.call().is_err());
        for bad in ["rate=fast", "priority=first", "speed=1"] {
            assert!(Keys::parse(&format!("{} {bad}", new.line)).is_err(), "{bad}");
        }
    }

    #[test]
    fn every_line_at_fault_is_named_and_no_credential_is_repeated() {
        let text = "a decide\nb fly sha256:00\nc decide sha256:s3cret\nd decide s3cret\n\
                    e decide cert:e.example\ne decide cert:f.example\ng decide cert:E.example";
        let faults = Keys::parse(text).unwrap_err();
        assert_eq!(faults.len(), 6, "{faults:?}");
        assert!(faults[1].contains("line 2: `fly` is no role"), "{faults:?}");
        assert!(!faults.join(" ").contains("s3cret"));
        assert!(Keys::parse("# nobody").is_err());
    }
}
