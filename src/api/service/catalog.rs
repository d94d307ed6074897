//! `CatalogService`.

use std::sync::Arc;

use tonic::{Request, Response, Status};

use crate::api::config::ApiConfig;
use crate::api::convert::bounds::REQUEST_ID_BYTES_MAX;
use crate::api::convert::fault::{Faults, Reason, quoted};
use crate::api::convert::{catalog as outline, name, offer};
use crate::api::status;
use crate::api::wire::v1;
use crate::api::wire::v1::catalog_service_server::CatalogService;
use crate::core::cases;
use crate::core::catalog::{self, FILES_MAX};
use crate::core::key::Key;
use crate::engine::{
    Counts, Engine, Files, Publication, Publish, PublishError, Rollback, read_folder,
};

/// Shows and checks catalogs.
#[derive(Clone, Debug)]
pub struct Catalogs {
    engine: Arc<Engine>,
    config: Arc<ApiConfig>,
}

/// Longest path of a file within a folder, in bytes.
const PATH_BYTES_MAX: usize = 256;
/// Longest comment on a version, in bytes.
const COMMENT_BYTES_MAX: usize = 4096;
/// Longest author of a version, in bytes.
const AUTHOR_BYTES_MAX: usize = 256;

impl Catalogs {
    /// Shows what `engine` serves.
    pub fn new(engine: Arc<Engine>, config: Arc<ApiConfig>) -> Self {
        Self { engine, config }
    }
}

#[tonic::async_trait]
impl CatalogService for Catalogs {
    async fn get_catalog(
        &self,
        _: Request<v1::GetCatalogRequest>,
    ) -> Result<Response<v1::GetCatalogResponse>, Status> {
        let catalog = self.engine.snapshot().catalog.clone();
        let loaded_at = self.engine.rules_status().loaded_at;
        let catalog = Some(outline::outline(&catalog, loaded_at));
        Ok(Response::new(v1::GetCatalogResponse { catalog }))
    }

    async fn list_offers(
        &self,
        request: Request<v1::ListOffersRequest>,
    ) -> Result<Response<v1::ListOffersResponse>, Status> {
        let catalog = self.engine.snapshot().catalog.clone();
        let query = offer::query(&catalog, request.get_ref()).map_err(status::faults)?;
        Ok(Response::new(query.list(&catalog)))
    }

    async fn validate_catalog(
        &self,
        request: Request<v1::ValidateCatalogRequest>,
    ) -> Result<Response<v1::ValidateCatalogResponse>, Status> {
        let v1::ValidateCatalogRequest { files, skip_cases } = request.into_inner();
        let folder = self.config.rules.clone();
        let files = given(files)?;
        // Compiling is work, not waiting: it must not hold up the calls of others.
        let checked = tokio::task::spawn_blocking(move || {
            let files = match (files, folder) {
                (Some(files), _) => files,
                (None, Some(folder)) => read_folder(&folder).map_err(|error| {
                    status::precondition("FOLDER_UNREADABLE", error.to_string())
                })?,
                (None, None) => {
                    let message = "the server was not started with a folder; send its files";
                    return Err(status::precondition("NO_FOLDER", message));
                }
            };
            Ok(validate(&files, skip_cases))
        });
        checked.await.map_err(|error| status::internal(&error))?.map(Response::new)
    }

    async fn publish_catalog(
        &self,
        request: Request<v1::PublishCatalogRequest>,
    ) -> Result<Response<v1::PublishCatalogResponse>, Status> {
        let request = request.into_inner();
        let texts = [
            ("comment", &request.comment, COMMENT_BYTES_MAX),
            ("author", &request.author, AUTHOR_BYTES_MAX),
            ("request_id", &request.request_id, REQUEST_ID_BYTES_MAX),
        ];
        bounded(&texts)?;
        let Some(files) = given(request.files)? else {
            let message = "send the files of the folder to publish";
            return Err(required("files", message));
        };
        let published = self.engine.publish(Publish {
            files,
            author: request.author,
            comment: request.comment,
            expected: request.expected_number,
            request_id: request.request_id,
        });
        let published = published.await.map_err(|error| refused(&error))?;
        let (faults, _omitted) = outline::faults(published.warnings);
        let version = Some(self.info(&published.version));
        Ok(Response::new(v1::PublishCatalogResponse { version, faults }))
    }

    async fn rollback_catalog(
        &self,
        request: Request<v1::RollbackCatalogRequest>,
    ) -> Result<Response<v1::RollbackCatalogResponse>, Status> {
        let request = request.into_inner();
        let texts = [
            ("comment", &request.comment, COMMENT_BYTES_MAX),
            ("author", &request.author, AUTHOR_BYTES_MAX),
            ("request_id", &request.request_id, REQUEST_ID_BYTES_MAX),
        ];
        bounded(&texts)?;
        if request.number == 0 {
            return Err(required("number", "name the version to return to, from 1"));
        }
        let rolled = self.engine.roll_back(Rollback {
            number: request.number,
            author: request.author,
            comment: request.comment,
            expected: request.expected_number,
            request_id: request.request_id,
        });
        let rolled = rolled.await.map_err(|error| refused(&error))?;
        let version = Some(self.info(&rolled.version));
        Ok(Response::new(v1::RollbackCatalogResponse { version }))
    }

    async fn promote_model(
        &self,
        request: Request<v1::PromoteModelRequest>,
    ) -> Result<Response<v1::PromoteModelResponse>, Status> {
        let model = request.into_inner().model;
        let snapshot = self.engine.snapshot();
        let challengers = &snapshot.catalog.models.challengers;
        let key = Key::of(&model);
        let known = challengers.names.iter().any(|name| **name == *model);
        if !known || snapshot.models.challengers.get(key).is_none() {
            let names = challengers.names.iter().map(AsRef::as_ref);
            let wrong = name::unknown(Reason::UnknownName, "challenger", &model, names);
            let mut faults = Faults::default();
            faults.note("model", wrong);
            return Err(status::faults(faults));
        }
        let promoted = self.engine.promote(key).await.map_err(|error| status::engine(&error))?;
        Ok(Response::new(v1::PromoteModelResponse { log_position: promoted }))
    }

    async fn list_catalog_versions(
        &self,
        request: Request<v1::ListCatalogVersionsRequest>,
    ) -> Result<Response<v1::ListCatalogVersionsResponse>, Status> {
        let v1::ListCatalogVersionsRequest { page_size, page_token } = request.into_inner();
        let size = page(page_size)?;
        // The token is the number of the last version of the page before.
        let before = match page_token.as_str() {
            "" => u64::MAX,
            token => token.parse().map_err(|_| {
                let mut faults = Faults::default();
                let message = "give the `next_page_token` of the page before, or none";
                faults.add("page_token", Reason::Malformed, message);
                status::faults(faults)
            })?,
        };
        let versions = self.engine.publications().await.map_err(|error| refused(&error))?;
        let mut rest = versions.iter().filter(|version| version.number < before).peekable();
        let mut listed = Vec::new();
        while let Some(version) = rest.next_if(|_| listed.len() < size) {
            listed.push(self.info(version));
        }
        let last = listed.last().and_then(|info| info.version.as_ref());
        let next_page_token = match (rest.peek(), last) {
            (Some(_), Some(last)) => last.number.to_string(),
            _ => String::new(),
        };
        Ok(Response::new(v1::ListCatalogVersionsResponse { versions: listed, next_page_token }))
    }
}

impl Catalogs {
    fn info(&self, version: &Publication) -> v1::CatalogVersionInfo {
        outline::publication(version, self.engine.snapshot().catalog.version.number)
    }
}

/// Refuses texts of more bytes than allowed.
fn bounded(texts: &[(&str, &String, usize)]) -> Result<(), Status> {
    let mut faults = Faults::default();
    for (field, text, bytes_max) in texts {
        faults.bound_text(field, text, *bytes_max);
    }
    faults.done(Some(())).map_err(status::faults)
}

fn required(field: &str, message: &str) -> Status {
    let mut faults = Faults::default();
    faults.add(field, Reason::Required, message);
    status::faults(faults)
}

/// Versions in one answer.
fn page(size: i32) -> Result<usize, Status> {
    const DEFAULT: usize = 50;
    const MAX: usize = 1_000;
    match usize::try_from(size) {
        Ok(0) => Ok(DEFAULT),
        Ok(size) => Ok(size.min(MAX)),
        Err(_) => {
            let mut faults = Faults::default();
            faults.add("page_size", Reason::OutOfRange, "must not be negative");
            Err(status::faults(faults))
        }
    }
}

/// Why nothing was published, for the wire.
fn refused(error: &PublishError) -> Status {
    match error {
        PublishError::Engine(error) => status::engine(error),
        PublishError::Rules(_) => {
            status::precondition("RULES_REFUSED", format!("{error}; `ValidateCatalog` lists all"))
        }
        PublishError::Stale { .. } => status::aborted("VERSION_MISMATCH", error.to_string()),
        PublishError::Unknown { .. } => status::not_found("UNKNOWN_VERSION", error.to_string()),
    }
}

/// The files of a request; `None` where it has none.
fn given(files: Vec<v1::RuleFile>) -> Result<Option<Files>, Status> {
    let mut faults = Faults::default();
    faults.bound_count("files", files.len(), FILES_MAX);
    for (number, file) in files.iter().enumerate().take(FILES_MAX) {
        let field = format!("files[{number}].path");
        faults.bound_text(&field, &file.path, PATH_BYTES_MAX);
        let within = !file.path.is_empty()
            && file.path.split('/').all(|part| !matches!(part, "" | "." | ".."));
        if !within {
            let message = format!("`{}` is no path within a folder", quoted(&file.path));
            faults.add(&field, Reason::Malformed, message);
        }
    }
    faults.done(Some(())).map_err(status::faults)?;
    let files: Files = files.into_iter().map(|file| (file.path, file.content.to_vec())).collect();
    Ok((!files.is_empty()).then_some(files))
}

fn validate(files: &[(String, Vec<u8>)], skip_cases: bool) -> v1::ValidateCatalogResponse {
    let loaded = match catalog::load(files) {
        Ok(loaded) => loaded,
        Err(found) => {
            let (faults, faults_omitted) = outline::faults(found);
            return v1::ValidateCatalogResponse {
                faults,
                faults_omitted,
                ..v1::ValidateCatalogResponse::default()
            };
        }
    };
    let catalog = Arc::new(loaded.catalog);
    let reports = if skip_cases { Vec::new() } else { cases::run(&catalog, &loaded.cases) };
    let valid = reports.iter().all(cases::CaseReport::passed);
    let (faults, faults_omitted) = outline::faults(loaded.warnings);
    v1::ValidateCatalogResponse {
        valid,
        faults,
        faults_omitted,
        summary: Some(outline::summary(&Counts::of(&catalog, loaded.cases.len()))),
        cases: reports.iter().map(outline::case).collect(),
        hash: if valid { catalog.version.hash.to_string() } else { String::new() },
    }
}
