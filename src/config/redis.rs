//! How Redis is reached: the address, and the files beside it.

use super::args::StoreArgs;
use super::check::Faults;
use crate::store::{RedisAddress, RedisConfig, RedisTls};

/// Largest file of a password or of certificates, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// The Redis at `address`, or every fault.
pub(super) fn check(args: &StoreArgs, address: &str, faults: &mut Faults) -> Option<RedisConfig> {
    let address = address.parse::<RedisAddress>().map_err(|error| error.to_string());
    let address = faults.take("--store", address);
    let mut file =
        |flag, path: &Option<String>| path.as_ref().map(|path| faults.take(flag, read(path)));
    let password = file("--redis-password-file", &args.redis_password_file);
    let authorities = file("--redis-ca", &args.redis_ca);
    let cert = file("--redis-cert", &args.redis_cert);
    let key = file("--redis-key", &args.redis_key);
    let address = match password {
        None => address?,
        Some(password) => {
            let password = String::from_utf8(password?).map_err(|_| "is not text".to_owned());
            address?.with_password(&faults.take("--redis-password-file", password)?)
        }
    };
    let authorities = authorities.map_or(Some(None), |read| read.map(Some))?;
    let identity = match (cert, key) {
        (Some(cert), Some(key)) => Some((cert?, key?)),
        _ => None,
    };
    let (tls, prefix) = (RedisTls { authorities, identity }, args.redis_prefix.clone());
    Some(RedisConfig { tls, prefix, ..RedisConfig::new(address) })
}

fn read(path: &str) -> Result<Vec<u8>, String> {
    let fault = |cause: std::io::Error| format!("`{path}` cannot be read: {cause}");
    if std::fs::metadata(path).map_err(fault)?.len() > FILE_BYTES_MAX {
        return Err(format!("`{path}` is over {FILE_BYTES_MAX} bytes"));
    }
    std::fs::read(path).map_err(fault)
}
