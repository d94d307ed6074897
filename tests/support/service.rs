//! A whole service for a test: the example rules, an embedded store in a folder of its own, and a
//! real socket.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arbitra::api::wire::v1;
use arbitra::api::{ApiConfig, serve};
use arbitra::engine::{Clock, Engine, EngineConfig, Running, SystemClock, prove, read_folder};
use arbitra::store::{EmbeddedConfig, EmbeddedStore, Store};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tonic::transport::Channel;

use v1::catalog_service_client::CatalogServiceClient;
use v1::decision_service_client::DecisionServiceClient;
use v1::insight_service_client::InsightServiceClient;
use v1::interaction_service_client::InteractionServiceClient;
use v1::profile_service_client::ProfileServiceClient;

/// A running service.
pub struct Service {
    /// The engine behind it.
    pub engine: Arc<Engine>,
    /// Where it answers calls.
    pub address: SocketAddr,
    /// A plain connection to it; one that was not tried yet when it speaks TLS.
    pub channel: Channel,
    running: Option<Running>,
    stop: Option<oneshot::Sender<()>>,
    serving: Option<JoinHandle<()>>,
    _folder: tempfile::TempDir,
}

/// The example rules.
pub fn rules() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("rules")
}

impl Service {
    /// With the defaults and the example rules.
    pub async fn start() -> Self {
        Self::with(ApiConfig { rules: Some(rules()), ..ApiConfig::default() }).await
    }

    /// With these bounds and the example rules.
    pub async fn with(config: ApiConfig) -> Self {
        Self::on(config, |store| store).await
    }

    /// With these bounds, on a store made of the embedded one.
    pub async fn on(
        config: ApiConfig,
        wrap: impl FnOnce(Arc<dyn Store>) -> Arc<dyn Store>,
    ) -> Self {
        Self::of(&rules(), config, wrap).await
    }

    /// With the rules of a folder.
    pub async fn of(
        rules: &Path,
        config: ApiConfig,
        wrap: impl FnOnce(Arc<dyn Store>) -> Arc<dyn Store>,
    ) -> Self {
        Self::by(rules, config, wrap, Arc::new(SystemClock)).await
    }

    /// With the rules of a folder, by another clock.
    pub async fn by(
        rules: &Path,
        config: ApiConfig,
        wrap: impl FnOnce(Arc<dyn Store>) -> Arc<dyn Store>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self::told(rules, config, wrap, clock, EngineConfig::default()).await
    }

    /// With the rules of a folder, by another clock, its engine told this.
    pub async fn told(
        rules: &Path,
        config: ApiConfig,
        wrap: impl FnOnce(Arc<dyn Store>) -> Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        engine: EngineConfig,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = EmbeddedStore::open(&EmbeddedConfig::new(folder.path())).unwrap();
        let proved = prove(&read_folder(rules).unwrap()).unwrap();
        let engine_config = EngineConfig { seed: Some(7), ..engine };
        let (engine, running) =
            Engine::start(wrap(Arc::new(store)), proved, clock, engine_config).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let served = engine.clone();
        let plain = config.tls.is_none();
        let serving = tokio::spawn(async move {
            let shutdown = async {
                let _dropped = stopped.await;
            };
            serve(listener, served, config, shutdown).await.unwrap();
        });
        let endpoint = Channel::from_shared(format!("http://{address}"))
            .unwrap()
            .connect_timeout(Duration::from_secs(5));
        let channel =
            if plain { endpoint.connect().await.unwrap() } else { endpoint.connect_lazy() };
        Self {
            engine,
            address,
            channel,
            running: Some(running),
            stop: Some(stop),
            serving: Some(serving),
            _folder: folder,
        }
    }

    pub fn decisions(&self) -> DecisionServiceClient<Channel> {
        DecisionServiceClient::new(self.channel.clone()).max_decoding_message_size(64 << 20)
    }

    pub fn interactions(&self) -> InteractionServiceClient<Channel> {
        InteractionServiceClient::new(self.channel.clone())
    }

    pub fn profiles(&self) -> ProfileServiceClient<Channel> {
        ProfileServiceClient::new(self.channel.clone())
    }

    pub fn catalogs(&self) -> CatalogServiceClient<Channel> {
        CatalogServiceClient::new(self.channel.clone())
    }

    pub fn insights(&self) -> InsightServiceClient<Channel> {
        InsightServiceClient::new(self.channel.clone())
    }

    /// Tells it to shut down, without waiting.
    pub fn begin_shutdown(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _gone = stop.send(());
        }
    }

    /// Waits until the doors are closed and the engine has stopped.
    pub async fn stopped(mut self) {
        self.begin_shutdown();
        self.serving.take().unwrap().await.unwrap();
        self.running.take().unwrap().stop(&self.engine).await;
    }
}

/// A value.
pub fn value(kind: impl Into<Given>) -> v1::Value {
    v1::Value { kind: Some(kind.into().0) }
}

/// What a value can be made of.
pub struct Given(v1::value::Kind);

impl From<&str> for Given {
    fn from(text: &str) -> Self {
        Self(v1::value::Kind::StringValue(text.to_owned()))
    }
}
impl From<i64> for Given {
    fn from(number: i64) -> Self {
        Self(v1::value::Kind::IntValue(number))
    }
}
impl From<f64> for Given {
    fn from(number: f64) -> Self {
        Self(v1::value::Kind::DoubleValue(number))
    }
}
impl From<bool> for Given {
    fn from(truth: bool) -> Self {
        Self(v1::value::Kind::BoolValue(truth))
    }
}
impl From<&[&str]> for Given {
    fn from(texts: &[&str]) -> Self {
        let values = texts.iter().map(|text| value(*text)).collect();
        Self(v1::value::Kind::ListValue(v1::ValueList { values }))
    }
}

/// A request to decide one channel.
pub fn decide(customer: &str, channels: &[&str]) -> v1::DecideRequest {
    v1::DecideRequest {
        customer_id: customer.to_owned(),
        channels: channels
            .iter()
            .map(|channel| v1::ChannelRequest {
                channel: (*channel).to_owned(),
                ..v1::ChannelRequest::default()
            })
            .collect(),
        ..v1::DecideRequest::default()
    }
}

/// Ids of all offers of a decision, by channel and placement in order.
pub fn offers(decision: &v1::Decision) -> Vec<String> {
    let placements = decision.channels.iter().flat_map(|channel| &channel.placements);
    placements.flat_map(|placement| &placement.offers).map(|offer| offer.offer_id.clone()).collect()
}

/// The attributes of a steady customer of the example bank, to whom much can be offered.
pub fn steady(customer: &str) -> v1::UpdateProfileRequest {
    let set = [
        ("age", value(40)),
        ("lifecycle", value("active")),
        ("products", value(["current_account"].as_slice())),
        ("employment", value("employed")),
        ("housing", value("owning")),
        ("monthly_income", value(2_500)),
        ("last_score", value(9)),
    ];
    v1::UpdateProfileRequest {
        customer_id: customer.to_owned(),
        set: set.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        ..v1::UpdateProfileRequest::default()
    }
}
