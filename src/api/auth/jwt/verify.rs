//! Signatures by `ring`, for `jsonwebtoken`: so that no second library of cryptography comes in.
//! There is no signing, and nothing symmetric.

use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind, EncodingKey};
use ring::signature::{self, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey};

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: no_signer,
    verifier_factory: verifier,
    // Only asked for thumbprints and for sets made of private keys; neither is done here.
    key_utils: KeyUtils::new_unimplemented(),
};

/// Makes it the one that is used; again does nothing.
pub(super) fn install() {
    let _already = PROVIDER.install_default();
}

fn no_signer(_: &Algorithm, _: &EncodingKey) -> Result<Box<dyn JwtSigner>, Error> {
    Err(ErrorKind::UnsupportedAlgorithm.into())
}

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>, Error> {
    match algorithm {
        Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512 => {
            Err(ErrorKind::UnsupportedAlgorithm.into())
        }
        _ => Ok(Box::new(Ring { algorithm: *algorithm, key: key.clone() })),
    }
}

struct Ring {
    algorithm: Algorithm,
    key: DecodingKey,
}

impl JwtVerifier for Ring {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

impl ::signature::Verifier<Vec<u8>> for Ring {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), ::signature::Error> {
        let holds = match (rsa(self.algorithm), self.key.kind()) {
            (Some(parameters), DecodingKeyKind::RsaModulusExponent { n, e }) => {
                RsaPublicKeyComponents { n, e }.verify(parameters, message, signature).is_ok()
            }
            (None, DecodingKeyKind::SecretOrDer(key)) => {
                let holds = |algorithm| {
                    UnparsedPublicKey::new(algorithm, key).verify(message, signature).is_ok()
                };
                match self.algorithm {
                    Algorithm::ES256 => holds(&signature::ECDSA_P256_SHA256_FIXED),
                    Algorithm::ES384 => holds(&signature::ECDSA_P384_SHA384_FIXED),
                    Algorithm::EdDSA => {
                        let ed25519 = UnparsedPublicKey::new(&signature::ED25519, key);
                        ed25519.verify(message, signature).is_ok()
                    }
                    _ => false,
                }
            }
            _ => false,
        };
        if holds { Ok(()) } else { Err(::signature::Error::new()) }
    }
}

fn rsa(algorithm: Algorithm) -> Option<&'static RsaParameters> {
    match algorithm {
        Algorithm::RS256 => Some(&signature::RSA_PKCS1_2048_8192_SHA256),
        Algorithm::RS384 => Some(&signature::RSA_PKCS1_2048_8192_SHA384),
        Algorithm::RS512 => Some(&signature::RSA_PKCS1_2048_8192_SHA512),
        Algorithm::PS256 => Some(&signature::RSA_PSS_2048_8192_SHA256),
        Algorithm::PS384 => Some(&signature::RSA_PSS_2048_8192_SHA384),
        Algorithm::PS512 => Some(&signature::RSA_PSS_2048_8192_SHA512),
        _ => None,
    }
}
