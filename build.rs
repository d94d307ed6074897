//! Turns `proto/` into the wire code, and into the descriptors that reflection serves, without
//! protoc.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use prost::Message as _;

const ROOT: &str = "proto";
const PACKAGE: &str = "arbitra/v1";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed={ROOT}/{PACKAGE}");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let descriptors = protox::compile(protos()?, [ROOT])?;
    fs::write(out.join("arbitra.v1.bin"), descriptors.encode_to_vec())?;
    tonic_prost_build::configure()
        // Ordered maps: equal messages are equal bytes.
        .btree_map(".")
        // Payloads are slices of the buffer they came in.
        .bytes(".")
        // A method that is declared and not built answers UNIMPLEMENTED.
        .generate_default_stubs(true)
        .compile_fds(descriptors)?;
    Ok(())
}

/// The proto files, sorted, so that the generated code does not depend on the file system.
fn protos() -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(Path::new(ROOT).join(PACKAGE))? {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == "proto") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
