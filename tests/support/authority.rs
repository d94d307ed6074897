//! A certificate authority for a test, and the files it signs.

use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tonic::transport::{Certificate, Identity};

/// An authority.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its certificate in PEM.
    pub pem: String,
}

impl Authority {
    /// A new one.
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        // Not the name that certificates get without one: OpenSSL would take those for self-signed.
        params.distinguished_name.push(rcgen::DnType::CommonName, "authority of a test");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// A certificate for `name` and its key, in PEM.
    pub fn sign(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        (params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }

    /// The same, as a client shows it.
    pub fn identity(&self, name: &str) -> Identity {
        let (cert, key) = self.sign(name);
        Identity::from_pem(cert, key)
    }

    /// What a client trusts.
    pub fn trusted(&self) -> Certificate {
        Certificate::from_pem(&self.pem)
    }

    /// Writes a certificate for `name` to `cert.pem` and `key.pem`, and itself to `ca.pem`.
    pub fn write(&self, folder: &Path, name: &str) -> [PathBuf; 3] {
        let (cert, key) = self.sign(name);
        let paths = ["cert.pem", "key.pem", "ca.pem"].map(|file| folder.join(file));
        for (path, text) in paths.iter().zip([&cert, &key, &self.pem]) {
            std::fs::write(path, text).unwrap();
        }
        paths
    }
}
