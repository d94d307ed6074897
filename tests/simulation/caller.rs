//! Callers: they ask, ask again until they are answered, and keep their own tally.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use arbitra::core::decide::{ChannelDecision, ChannelRequest, PlacementRequest, Request};
use arbitra::core::interaction::{Event, Outcome, OutcomeKind};
use arbitra::core::key::{Key, id64};
use arbitra::engine::{DecideCall, Decided, Engine, EventCall, ItemOutcome, OutcomeCall, Recorded};

use super::chance::Chance;
use super::replica::Replica;

pub type Replicas = Arc<tokio::sync::Mutex<Vec<Replica>>>;

/// What all callers were told.
#[derive(Default)]
pub struct Tally {
    /// Purchases by customer: acknowledged ids.
    pub purchases: BTreeMap<&'static str, u64>,
    /// Letters by customer: what was offered in each.
    pub letters: BTreeMap<&'static str, Vec<u32>>,
    /// Offers accepted.
    pub accepts: u64,
    /// What the run did, in order: equal for equal seeds.
    pub trace: u64,
}

pub struct Caller {
    pub customer: &'static str,
    pub name: u64,
    pub replicas: Replicas,
    pub chance: Arc<Chance>,
    pub tally: Arc<Mutex<Tally>>,
    /// The last version of the profile that was acknowledged to it.
    pub seen: u64,
}

impl Caller {
    pub async fn run(mut self, turns: u64) {
        for turn in 0..turns {
            tokio::time::sleep(self.chance.ms(300)).await;
            match self.chance.below(4) {
                0 | 1 => self.buy(turn).await,
                2 => self.get_a_letter(turn).await,
                _ => self.visit(turn).await,
            }
        }
    }

    fn id(&self, what: &str, turn: u64) -> u64 {
        id64(&format!("{} {} {what} {turn}", self.customer, self.name))
    }

    /// Calls some replica; again elsewhere until one answers.
    async fn ask<F, T>(&self, work: impl Fn(Arc<Engine>) -> F) -> T
    where
        F: Future<Output = Option<T>> + Send + 'static,
        T: Send + 'static,
    {
        for _ in 0..2_000 {
            let answered = {
                let mut replicas = self.replicas.lock().await;
                let one = self.chance.below(replicas.len() as u64) as usize;
                replicas[one].call(&work)
            };
            let patience = Duration::from_millis(500) + self.chance.ms(3_000);
            if let Ok(Ok(Some(answer))) = tokio::time::timeout(patience, answered).await {
                self.tally.lock().unwrap().trace += self.chance.draw() & 0xffff;
                return answer;
            }
            tokio::time::sleep(self.chance.ms(400)).await;
        }
        panic!("nobody answers");
    }

    fn note(&mut self, recorded: &Recorded) {
        self.seen = self.seen.max(recorded.profile_version);
    }

    async fn buy(&mut self, turn: u64) {
        let id = self.id("purchase", turn);
        let customer = self.customer;
        let buy = |engine: Arc<Engine>| async move {
            let event = Event { id, name: "purchase".into(), at: engine.now(), frame: frame() };
            let call = EventCall { customer: customer.to_owned(), event };
            engine.record_events(vec![call]).await.remove(0).ok()
        };
        let recorded = self.ask(buy).await;
        self.note(&recorded);
        *self.tally.lock().unwrap().purchases.entry(customer).or_default() += 1;
        if self.chance.once_in(3) {
            let again = self.ask(buy).await;
            assert_eq!(again.outcome, ItemOutcome::Duplicate, "a purchase counts twice");
        }
    }

    async fn decide(&self, channel: u16, slots: u32, request: u64) -> Decided {
        let customer = self.customer;
        let decide = |engine: Arc<Engine>| async move {
            let placement = PlacementRequest { placement: 0, slots, only: vec![], without: vec![] };
            let placements = vec![placement];
            let asked = ChannelRequest { channel, locale: None, placements, scheme: None };
            let call = DecideCall {
                customer: customer.to_owned(),
                request_id: Some(request),
                request: Request { channels: vec![asked], ..Request::default() },
                snapshot: engine.snapshot(),
                dry_run: false,
                as_of: None,
                seed: None,
                assume_consent: false,
                deadline: Instant::now() + Duration::from_secs(60),
            };
            engine.decide(call).await.ok()
        };
        let decided = self.ask(decide).await;
        if decided.degradations.is_empty() && !decided.repeated {
            assert!(decided.versions.profile >= self.seen, "a decision misses what was recorded");
        }
        decided
    }

    async fn get_a_letter(&mut self, turn: u64) {
        let request = self.id("letter", turn);
        let first = self.decide(0, 1, request).await;
        if let Some(offer) = offers(&first.decision.channels).first() {
            let mut tally = self.tally.lock().unwrap();
            tally.letters.entry(self.customer).or_default().push(*offer);
        }
        if self.chance.once_in(3) {
            let again = self.decide(0, 1, request).await;
            if std::env::var("SIM_LAX").is_err()
                && first.degradations.is_empty()
                && again.degradations.is_empty()
            {
                // Nothing offered is nothing kept: why may be found out anew.
                let (one, two) = (&first.decision, &again.decision);
                let same = one.id.low() == two.id.low()
                    && offers(&one.channels) == offers(&two.channels)
                    && (offers(&one.channels).is_empty() || one.channels == two.channels);
                let told = |decided: &Decided| {
                    (
                        decided.repeated,
                        decided.decision.id.low(),
                        offers(&decided.decision.channels),
                    )
                };
                assert!(
                    same,
                    "a repeated request is answered otherwise: {:?}, {:?}",
                    told(&first),
                    told(&again)
                );
            }
        }
    }

    async fn visit(&mut self, turn: u64) {
        let decided = self.decide(1, 2, self.id("visit", turn)).await;
        let Some(offer) = offers(&decided.decision.channels).first().copied() else { return };
        let key = decided.snapshot.catalog.offers[offer as usize].key;
        let decision = decided.decision.id.low();
        for kind in [OutcomeKind::Impression, OutcomeKind::Accept] {
            let id = self.id(&format!("{kind:?}"), turn);
            let customer = self.customer;
            let tell = |engine: Arc<Engine>| async move {
                let outcome = Outcome {
                    id,
                    decision: Some(decision),
                    offer: key,
                    group: Key::of("gifts"),
                    treatment: Key::default(),
                    channel: Key::of("web"),
                    kind,
                    interaction: None,
                    reason: Key::default(),
                    value: None,
                    order: None,
                    at: engine.now(),
                };
                let call = OutcomeCall { customer: customer.to_owned(), outcome, context: vec![] };
                engine.record_outcomes(vec![call]).await.remove(0).ok()
            };
            let recorded = self.ask(tell).await;
            self.note(&recorded);
            if self.chance.once_in(3) {
                let again = self.ask(tell).await;
                assert_eq!(again.outcome, ItemOutcome::Duplicate, "an outcome counts twice");
            }
        }
        self.tally.lock().unwrap().accepts += 1;
    }
}

fn frame() -> Vec<Option<arbitra::core::value::Value>> {
    vec![Some(arbitra::core::value::Value::Double(10.0))]
}

pub fn offers(channels: &[ChannelDecision]) -> Vec<u32> {
    let placements = channels.iter().flat_map(|channel| &channel.placements);
    placements.flat_map(|placement| &placement.offers).map(|placed| placed.offer).collect()
}
