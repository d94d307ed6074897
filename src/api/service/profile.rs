//! `ProfileService`.

use std::sync::Arc;

use tonic::codegen::BoxStream;
use tonic::{Request, Response, Status, Streaming};

use crate::api::convert::bounds::REQUEST_ID_BYTES_MAX;
use crate::api::convert::fault::{Faults, Reason};
use crate::api::convert::profile::{Sections, profile};
use crate::api::convert::time::timestamp;
use crate::api::convert::{consent, customer, update};
use crate::api::status;
use crate::api::wire::v1;
use crate::api::wire::v1::profile_service_server::ProfileService;
use crate::core::key::{id64, mix64};
use crate::core::profile::{Profile, ProfileError};
use crate::engine::{Engine, EngineError, Written};

/// Shows and changes profiles.
#[derive(Clone, Debug)]
pub struct Profiles {
    engine: Arc<Engine>,
}

impl Profiles {
    /// Reads and writes by `engine`.
    pub fn new(engine: Arc<Engine>) -> Self {
        Self { engine }
    }

    /// Applies `change` whole or not at all; what the profile refuses is a fault of `field`.
    async fn change(
        &self,
        customer: &str,
        expected: Option<u64>,
        field: &str,
        change: impl Fn(&mut Profile) -> Result<(), ProfileError> + Send + Sync,
    ) -> Result<Written, Status> {
        self.engine.change_profile(customer, expected, change).await.map_err(|error| match error {
            EngineError::Refused(refused) => {
                let mut faults = Faults::default();
                faults.add(field, Reason::TooMuch, refused.to_string());
                status::faults(faults)
            }
            error => status::engine(&error),
        })
    }
}

#[tonic::async_trait]
impl ProfileService for Profiles {
    async fn get_profile(
        &self,
        request: Request<v1::GetProfileRequest>,
    ) -> Result<Response<v1::GetProfileResponse>, Status> {
        let request = request.get_ref();
        let mut faults = Faults::default();
        let customer = customer::customer(&request.customer_id, &request.identities, &mut faults);
        let sections = Sections::asked(request, &mut faults);
        let customer = faults.done(customer).map_err(status::faults)?;
        let snapshot = self.engine.snapshot();
        let view = self.engine.profile(&customer).await;
        let view = view.map_err(|error| status::engine(&error))?;
        let (ttl, now) = (self.engine.config().profile_ttl, self.engine.now());
        let profile = Some(profile(&snapshot, &customer, &view, &sections, ttl, now));
        Ok(Response::new(v1::GetProfileResponse { profile }))
    }

    async fn update_profile(
        &self,
        request: Request<v1::UpdateProfileRequest>,
    ) -> Result<Response<v1::UpdateProfileResponse>, Status> {
        let request = request.get_ref();
        let catalog = self.engine.snapshot().catalog.clone();
        let asked = update::update(&catalog, request).map_err(status::faults)?;
        let now = self.engine.now();
        let change = |profile: &mut Profile| {
            let mut attributes = asked.attributes.iter();
            attributes
                .try_for_each(|(name, value)| profile.set_attribute(*name, value.clone(), now))
        };
        let expected = request.expected_version;
        let written = self.change(&asked.customer, expected, "set", change).await?;
        let profile_version = written.version;
        let customer_id = asked.customer;
        Ok(Response::new(v1::UpdateProfileResponse { customer_id, profile_version }))
    }

    async fn set_consent(
        &self,
        request: Request<v1::SetConsentRequest>,
    ) -> Result<Response<v1::SetConsentResponse>, Status> {
        let request = request.get_ref();
        let catalog = self.engine.snapshot().catalog.clone();
        let mut faults = Faults::default();
        let customer = customer::customer(&request.customer_id, &request.identities, &mut faults);
        faults.bound_text("request_id", &request.request_id, REQUEST_ID_BYTES_MAX);
        let flag = request.do_not_contact;
        let given = &request.consents;
        let flagged = flag.is_some();
        let mut consents = consent::consents(&self.engine, &catalog, given, flagged, &mut faults);
        let customer_id = faults.done(customer).map_err(status::faults)?;
        let now = self.engine.now();
        consents.extend(flag.map(|flag| consent::do_not_contact(flag, now)));
        let change = |profile: &mut Profile| {
            consents.iter().try_for_each(|consent| profile.set_consent(*consent, now))
        };
        let written = self.change(&customer_id, None, "consents", change).await?;
        let profile_version = written.version;
        Ok(Response::new(v1::SetConsentResponse { customer_id, profile_version }))
    }

    async fn erase_profile(
        &self,
        request: Request<v1::EraseProfileRequest>,
    ) -> Result<Response<v1::EraseProfileResponse>, Status> {
        let request = request.get_ref();
        let mut faults = Faults::default();
        let customer = customer::customer(&request.customer_id, &request.identities, &mut faults);
        let customer = faults.done(customer).map_err(status::faults)?;
        let existed = self.engine.erase_profile(&customer).await;
        let existed = existed.map_err(|error| status::engine(&error))?;
        let erased = v1::ErasedData {
            kind: "profile".to_owned(),
            count: u64::from(existed),
            crypto_erased: false,
        };
        Ok(Response::new(v1::EraseProfileResponse {
            receipt_id: receipt(&customer),
            erase_time: Some(timestamp(self.engine.now())),
            erased: vec![erased],
        }))
    }

    async fn merge_profiles(
        &self,
        _: Request<v1::MergeProfilesRequest>,
    ) -> Result<Response<v1::MergeProfilesResponse>, Status> {
        Err(status::unimplemented("ProfileService.MergeProfiles"))
    }

    async fn import_profiles(
        &self,
        _: Request<Streaming<v1::ImportProfilesRequest>>,
    ) -> Result<Response<BoxStream<v1::ImportProfilesResponse>>, Status> {
        Err(status::unimplemented("ProfileService.ImportProfiles"))
    }

    async fn export_profile(
        &self,
        _: Request<v1::ExportProfileRequest>,
    ) -> Result<Response<BoxStream<v1::ExportProfileResponse>>, Status> {
        Err(status::unimplemented("ProfileService.ExportProfile"))
    }
}

/// Names the receipt of an erasure: the same for the same customer, and no way back to the id.
fn receipt(customer: &str) -> String {
    let hash = id64(customer);
    format!("{:016x}{:016x}", mix64(hash, 0x6572_6173), mix64(hash, 0x7265_6365))
}
