//! The floor: a bare tonic server with the same messages that asks Redis as often as it must, and
//! decides nothing. `Decide` does one GET, `RecordEvents` a GET and a SET.

use std::net::Ipv4Addr;

use redis::aio::MultiplexedConnection;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Server;
use tonic::{Request, Response, Status};

use super::catalog::{CHANNEL, PLACEMENT, SLOTS};
use super::child;
use crate::api::wire::v1;
use crate::api::wire::v1::decision_service_server::{DecisionService, DecisionServiceServer};
use crate::api::wire::v1::interaction_service_server::{
    InteractionService, InteractionServiceServer,
};
use crate::cli::{Exit, Failure};

/// In front of the floor's keys.
const PREFIX: &str = "floor:";
/// Size of the record behind a key, bytes: what a customer with some history takes.
const RECORD_BYTES: usize = 600;

/// Flags of the floor.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    /// The Redis server.
    #[arg(long)]
    redis: String,
}

/// Serves until the starter is gone.
///
/// # Errors
/// When it cannot listen, or Redis does not answer.
pub fn run(args: &Args) -> Result<Exit, Failure> {
    let runtime = super::runtime()?;
    let address = runtime.block_on(async {
        let failed = |error| Failure::other("the floor cannot reach Redis", error);
        let client = redis::Client::open(args.redis.as_str()).map_err(failed)?;
        let floor =
            Floor { redis: client.get_multiplexed_async_connection().await.map_err(failed)? };
        let failed = |error| Failure::other("the floor cannot listen", error);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let server = Server::builder()
            .tcp_nodelay(true)
            .add_service(DecisionServiceServer::new(floor.clone()))
            .add_service(InteractionServiceServer::new(floor))
            .serve_with_incoming(TcpListenerStream::new(listener));
        tokio::spawn(server);
        Ok::<_, Failure>(address)
    })?;
    child::say_and_wait(&address.to_string());
    runtime.shutdown_background();
    Ok(Exit::Good)
}

/// Writes the records that the floor reads.
///
/// # Errors
/// When Redis does not answer.
pub async fn fill(redis: &str, customers: &[String]) -> Result<(), Failure> {
    let failed = |error| Failure::other("Redis cannot be filled", error);
    let client = redis::Client::open(redis).map_err(failed)?;
    let mut connection = client.get_multiplexed_async_connection().await.map_err(failed)?;
    for customer in customers {
        let mut set = redis::cmd("SET");
        set.arg(key(customer)).arg(vec![b'x'; RECORD_BYTES]);
        set.query_async::<()>(&mut connection).await.map_err(failed)?;
    }
    Ok(())
}

fn key(customer: &str) -> String {
    format!("{PREFIX}{customer}")
}

#[derive(Clone)]
struct Floor {
    redis: MultiplexedConnection,
}

impl Floor {
    async fn get(&self, customer: &str) -> Result<Vec<u8>, Status> {
        let mut redis = self.redis.clone();
        let found: Option<Vec<u8>> =
            redis::cmd("GET").arg(key(customer)).query_async(&mut redis).await.map_err(refuse)?;
        Ok(found.unwrap_or_else(|| vec![b'x'; RECORD_BYTES]))
    }

    async fn set(&self, customer: &str, record: Vec<u8>) -> Result<(), Status> {
        let mut redis = self.redis.clone();
        redis::cmd("SET")
            .arg(key(customer))
            .arg(record)
            .query_async(&mut redis)
            .await
            .map_err(refuse)
    }
}

fn refuse(error: redis::RedisError) -> Status {
    Status::unavailable(error.to_string())
}

#[tonic::async_trait]
impl DecisionService for Floor {
    async fn decide(
        &self,
        request: Request<v1::DecideRequest>,
    ) -> Result<Response<v1::DecideResponse>, Status> {
        let request = request.into_inner();
        let record = self.get(&request.customer_id).await?;
        let offers = (0..SLOTS).map(|slot| v1::OfferDecision {
            offer_id: format!("o{slot:05}"),
            treatment_id: CHANNEL.to_owned(),
            score: 1.0,
            propensity: Some(v1::Propensity { probability: 0.1, ..v1::Propensity::default() }),
            ..v1::OfferDecision::default()
        });
        let placement = v1::PlacementDecision {
            placement: PLACEMENT.to_owned(),
            offers: offers.collect(),
            ..v1::PlacementDecision::default()
        };
        let channel = v1::ChannelDecision {
            channel: CHANNEL.to_owned(),
            placements: vec![placement],
            ..v1::ChannelDecision::default()
        };
        let decision = v1::Decision {
            decision_id: record.len().to_string(),
            customer_id: request.customer_id,
            channels: vec![channel],
            ..v1::Decision::default()
        };
        let decision = Some(decision);
        Ok(Response::new(v1::DecideResponse { decision, ..v1::DecideResponse::default() }))
    }
}

#[tonic::async_trait]
impl InteractionService for Floor {
    async fn record_events(
        &self,
        request: Request<v1::RecordEventsRequest>,
    ) -> Result<Response<v1::RecordEventsResponse>, Status> {
        let mut results = Vec::new();
        for event in request.into_inner().events {
            let record = self.get(&event.customer_id).await?;
            self.set(&event.customer_id, record).await?;
            results.push(v1::RecordResult {
                id: event.event_id,
                status: v1::RecordStatus::Applied.into(),
                customer_id: event.customer_id,
                ..v1::RecordResult::default()
            });
        }
        Ok(Response::new(v1::RecordEventsResponse { results }))
    }
}
