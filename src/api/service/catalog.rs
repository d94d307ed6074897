//! `CatalogService`.

use std::sync::Arc;

use tonic::{Request, Response, Status};

use crate::api::config::ApiConfig;
use crate::api::convert::fault::{Faults, Reason, quoted};
use crate::api::convert::{catalog as outline, offer};
use crate::api::status;
use crate::api::wire::v1;
use crate::api::wire::v1::catalog_service_server::CatalogService;
use crate::core::cases;
use crate::core::catalog::{self, FILES_MAX};
use crate::engine::{Engine, Files, read_folder};

/// Shows and checks catalogs.
#[derive(Clone, Debug)]
pub struct Catalogs {
    engine: Arc<Engine>,
    config: Arc<ApiConfig>,
}

/// Longest path of a file within a folder, in bytes.
const PATH_BYTES_MAX: usize = 256;

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
        _: Request<v1::PublishCatalogRequest>,
    ) -> Result<Response<v1::PublishCatalogResponse>, Status> {
        Err(status::unimplemented("CatalogService.PublishCatalog"))
    }

    async fn rollback_catalog(
        &self,
        _: Request<v1::RollbackCatalogRequest>,
    ) -> Result<Response<v1::RollbackCatalogResponse>, Status> {
        Err(status::unimplemented("CatalogService.RollbackCatalog"))
    }

    async fn list_catalog_versions(
        &self,
        _: Request<v1::ListCatalogVersionsRequest>,
    ) -> Result<Response<v1::ListCatalogVersionsResponse>, Status> {
        Err(status::unimplemented("CatalogService.ListCatalogVersions"))
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
        summary: Some(outline::summary(&catalog, loaded.cases.len())),
        cases: reports.iter().map(outline::case).collect(),
        hash: if valid { catalog.version.hash.to_string() } else { String::new() },
    }
}
