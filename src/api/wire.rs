//! The wire: messages, clients and servers generated from `proto/arbitra/v1` by `build.rs`.
//! Wire types stay in `api` and its callers; `core`, `engine` and `store` do not know them.

/// Package `arbitra.v1`.
#[allow(missing_docs, clippy::all, clippy::pedantic, rustdoc::all, reason = "generated code")]
pub mod v1 {
    tonic::include_proto!("arbitra.v1");
}

/// The descriptors of `arbitra.v1` and all that it imports, as an encoded
/// `google.protobuf.FileDescriptorSet`; what reflection serves.
pub const FILE_DESCRIPTOR_SET: &[u8] = tonic::include_file_descriptor_set!("arbitra.v1");

#[cfg(test)]
mod tests {
    use prost::Message as _;

    use super::{FILE_DESCRIPTOR_SET, v1};

    #[test]
    fn reflection_serves_every_service() {
        let set = prost_types::FileDescriptorSet::decode(FILE_DESCRIPTOR_SET).unwrap();
        let mut services: Vec<_> = set
            .file
            .iter()
            .flat_map(|file| &file.service)
            .map(prost_types::ServiceDescriptorProto::name)
            .collect();
        services.sort_unstable();
        assert_eq!(
            services,
            [
                "CatalogService",
                "DecisionService",
                "InsightService",
                "InteractionService",
                "ProfileService"
            ]
        );
    }

    #[test]
    fn equal_messages_are_equal_bytes() {
        let number = |n| v1::Value { kind: Some(v1::value::Kind::IntValue(n)) };
        let mut forth = v1::DecideRequest::default();
        let mut back = v1::DecideRequest::default();
        for n in 0..100 {
            forth.context.insert(n.to_string(), number(n));
            back.context.insert((99 - n).to_string(), number(99 - n));
        }
        let bytes = forth.encode_to_vec();
        assert_eq!(bytes, back.encode_to_vec());
        assert_eq!(v1::DecideRequest::decode(&*bytes).unwrap(), forth);
    }

    #[test]
    fn bottomless_values_are_refused() {
        let mut value = v1::Value::default();
        for _ in 0..200 {
            value = v1::Value {
                kind: Some(v1::value::Kind::ListValue(v1::ValueList { values: vec![value] })),
            };
        }
        assert!(v1::Value::decode(&*value.encode_to_vec()).is_err());
    }
}
