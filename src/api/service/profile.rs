//! `ProfileService`.

use std::sync::Arc;

use futures::stream::{self, StreamExt};
use tonic::codegen::BoxStream;
use tonic::{Request, Response, Status, Streaming};

use super::identify::{attach, identify};
use super::{export, import};
use crate::api::convert::bounds::REQUEST_ID_BYTES_MAX;
use crate::api::convert::fault::{Faults, Reason};
use crate::api::convert::profile::{Sections, profile};
use crate::api::convert::{consent, customer, merge, update};
use crate::api::status;
use crate::api::wire::v1;
use crate::api::wire::v1::profile_service_server::ProfileService;
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

    /// What it reads and writes by.
    pub(super) fn engine(&self) -> Arc<Engine> {
        self.engine.clone()
    }

    /// Fills in the customer that several identities mean.
    async fn identify(
        &self,
        customer_id: &mut String,
        identities: &[v1::Identity],
    ) -> Result<(), Status> {
        if let Some(known) = identify(&self.engine, customer_id, identities).await? {
            *customer_id = known;
        }
        Ok(())
    }

    /// The customer that a request is about, where it says nothing else.
    pub(super) async fn whom(
        &self,
        id: &str,
        identities: &[v1::Identity],
    ) -> Result<String, Status> {
        let mut id = id.to_owned();
        self.identify(&mut id, identities).await?;
        let mut faults = Faults::default();
        let customer = customer::customer(&id, identities, &mut faults);
        faults.done(customer).map_err(status::faults)
    }

    async fn attached(
        &self,
        customer: String,
        identities: &[v1::Identity],
    ) -> Result<String, Status> {
        attach(&self.engine, customer, identities).await
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
        let mut request = request.into_inner();
        self.identify(&mut request.customer_id, &request.identities).await?;
        let mut faults = Faults::default();
        let customer = customer::customer(&request.customer_id, &request.identities, &mut faults);
        let sections = Sections::asked(&request, &mut faults);
        let customer = faults.done(customer).map_err(status::faults)?;
        let snapshot = self.engine.snapshot();
        let view = self.engine.profile(&customer).await;
        let view = view.map_err(|error| status::engine(&error))?;
        let (ttl, now) = (self.engine.config().profile_ttl, self.engine.now());
        let profile = Some(profile(&snapshot, &view.customer, &view, &sections, ttl, now));
        Ok(Response::new(v1::GetProfileResponse { profile }))
    }

    async fn update_profile(
        &self,
        request: Request<v1::UpdateProfileRequest>,
    ) -> Result<Response<v1::UpdateProfileResponse>, Status> {
        let mut request = request.into_inner();
        self.identify(&mut request.customer_id, &request.identities).await?;
        let catalog = self.engine.snapshot().catalog.clone();
        let asked = update::update(&catalog, &request).map_err(status::faults)?;
        let now = self.engine.now();
        let change = |profile: &mut Profile| {
            let mut attributes = asked.attributes.iter();
            attributes
                .try_for_each(|(name, value)| profile.set_attribute(*name, value.clone(), now))
        };
        let expected = request.expected_version;
        let written = self.change(&asked.customer, expected, "set", change).await?;
        let mut profile_version = written.version;
        // A merge is for good: it comes after all that can refuse.
        let customer_id = self.attached(written.customer, &request.identities).await?;
        if !request.identities.is_empty() {
            let view = self.engine.profile(&customer_id).await;
            profile_version = view.map_err(|error| status::engine(&error))?.version;
        }
        Ok(Response::new(v1::UpdateProfileResponse { customer_id, profile_version }))
    }

    async fn set_consent(
        &self,
        request: Request<v1::SetConsentRequest>,
    ) -> Result<Response<v1::SetConsentResponse>, Status> {
        let mut request = request.into_inner();
        self.identify(&mut request.customer_id, &request.identities).await?;
        let catalog = self.engine.snapshot().catalog.clone();
        let mut faults = Faults::default();
        let customer = customer::customer(&request.customer_id, &request.identities, &mut faults);
        faults.bound_text("request_id", &request.request_id, REQUEST_ID_BYTES_MAX);
        let flag = request.do_not_contact;
        let given = &request.consents;
        let flagged = flag.is_some();
        let mut consents = consent::consents(&self.engine, &catalog, given, flagged, &mut faults);
        let customer_id = faults.done(customer).map_err(status::faults)?;
        let customer_id = self.attached(customer_id, &request.identities).await?;
        let now = self.engine.now();
        consents.extend(flag.map(|flag| consent::do_not_contact(flag, now)));
        let change = |profile: &mut Profile| {
            consents.iter().try_for_each(|consent| profile.set_consent(*consent, now))
        };
        let written = self.change(&customer_id, None, "consents", change).await?;
        let (customer_id, profile_version) = (written.customer, written.version);
        Ok(Response::new(v1::SetConsentResponse { customer_id, profile_version }))
    }

    async fn erase_profile(
        &self,
        request: Request<v1::EraseProfileRequest>,
    ) -> Result<Response<v1::EraseProfileResponse>, Status> {
        let request = request.get_ref();
        let customer = self.whom(&request.customer_id, &request.identities).await?;
        let erased = self.engine.erase_profile(&customer).await;
        let erased = erased.map_err(|error| status::engine(&error))?;
        Ok(Response::new(merge::receipt(&erased)))
    }

    async fn merge_profiles(
        &self,
        request: Request<v1::MergeProfilesRequest>,
    ) -> Result<Response<v1::MergeProfilesResponse>, Status> {
        let request = request.get_ref();
        merge::check(request).map_err(status::faults)?;
        let v1::MergeProfilesRequest { customer_id, merged_customer_ids, .. } = request;
        let merged = self.engine.merge_profiles(customer_id, merged_customer_ids).await;
        let merged = merged.map_err(|error| status::engine(&error))?;
        Ok(Response::new(v1::MergeProfilesResponse {
            customer_id: merged.customer,
            profile_version: merged.version,
        }))
    }

    async fn import_profiles(
        &self,
        request: Request<Streaming<v1::ImportProfilesRequest>>,
    ) -> Result<Response<BoxStream<v1::ImportProfilesResponse>>, Status> {
        Ok(Response::new(import::answers(self.clone(), request.into_inner())))
    }

    async fn export_profile(
        &self,
        request: Request<v1::ExportProfileRequest>,
    ) -> Result<Response<BoxStream<v1::ExportProfileResponse>>, Status> {
        let request = request.get_ref();
        let customer = self.whom(&request.customer_id, &request.identities).await?;
        let pieces = export::pieces(&self.engine, &customer).await?;
        let pieces = pieces.into_iter().map(Some);
        let pieces = pieces.map(|record| Ok(v1::ExportProfileResponse { record }));
        Ok(Response::new(stream::iter(pieces).boxed()))
    }
}
