//! The wire: messages, clients and servers generated from `proto/arbitra/v1` by `build.rs`.
//! Wire types stay in `api` and its callers; `core`, `engine` and `store` do not know them.

/// Package `arbitra.v1`.
#[allow(
    missing_docs,
    clippy::all,
    clippy::pedantic,
    rustdoc::all,
    reason = "generated code"
)]
pub mod v1 {
    tonic::include_proto!("arbitra.v1");
}

/// The descriptors of `arbitra.v1` and all that it imports, as an encoded
/// `google.protobuf.FileDescriptorSet`; what reflection serves.
pub const FILE_DESCRIPTOR_SET: &[u8] = tonic::include_file_descriptor_set!("arbitra.v1");
