//! The one customer that a browser or app may speak of: the one whom the company's token names.

use std::sync::Arc;

use tonic::{Request, Status};

use crate::api::status;
use crate::api::wire::v1;

/// The methods that are open to browsers.
const METHODS: [&str; 3] = [
    "/arbitra.v1.DecisionService/Decide",
    "/arbitra.v1.InteractionService/RecordEvents",
    "/arbitra.v1.InteractionService/RecordOutcomes",
];

/// Whom a browser acts for; stands in the extensions of its calls.
#[derive(Clone, Debug)]
pub struct ActsFor(pub Arc<str>);

impl ActsFor {
    /// Whether the method at `path` is open to browsers.
    #[must_use]
    pub fn may_call(path: &str) -> bool {
        METHODS.contains(&path)
    }

    /// Whom the call may speak of; `None`: of everybody.
    #[must_use]
    pub fn of<T>(request: &Request<T>) -> Option<Self> {
        request.extensions().get().cloned()
    }

    /// Lets a request through that is about this customer: by id, by the one identity that stands for
    /// it, or by neither, which is taken for this customer.
    ///
    /// # Errors
    /// PERMISSION_DENIED when it is about anybody else; who that is is not repeated.
    pub fn bind(
        &self,
        customer_id: &mut String,
        identities: &[v1::Identity],
    ) -> Result<(), Status> {
        match (customer_id.as_str(), identities) {
            ("", []) => customer_id.push_str(&self.0),
            (id, []) if *id == *self.0 => {}
            ("", [one]) if format!("{}:{}", one.r#type, one.id) == *self.0 => {}
            _ => return Err(status::not_yours()),
        }
        Ok(())
    }

    /// The same for a request to decide, which may also not suppose what is not so, nor ask for
    /// reasons: these tell how others are chosen for.
    ///
    /// # Errors
    /// PERMISSION_DENIED.
    pub fn bind_decision(&self, request: &mut v1::DecideRequest) -> Result<(), Status> {
        if request.dry_run
            || request.what_if.is_some()
            || request.view == v1::DecisionView::Full as i32
        {
            return Err(status::not_for_browsers());
        }
        self.bind(&mut request.customer_id, &request.identities)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_speaks_of_its_customer_alone() {
        let own = ActsFor("cookie:8f3a".into());
        let identity =
            |ty: &str, id: &str| v1::Identity { r#type: ty.to_owned(), id: id.to_owned() };
        let bound = |id: &str, identities: &[v1::Identity]| {
            let mut id = id.to_owned();
            own.bind(&mut id, identities).map(|()| id)
        };
        assert_eq!(bound("", &[]).unwrap(), "cookie:8f3a");
        assert_eq!(bound("cookie:8f3a", &[]).unwrap(), "cookie:8f3a");
        bound("", &[identity("cookie", "8f3a")]).unwrap();
        for (id, identities) in [
            ("ana", vec![]),
            ("", vec![identity("cookie", "8f3b")]),
            ("", vec![identity("cookie", "8f3a"), identity("email", "x")]),
            // What stands beside the id would be attached to the customer.
            ("cookie:8f3a", vec![identity("email", "ana@bank.example")]),
        ] {
            let refused = bound(id, &identities).unwrap_err();
            assert_eq!(refused.code(), tonic::Code::PermissionDenied);
            assert!(!refused.message().contains("ana"));
        }
    }
}
