//! Laws of learning: what a log teaches depends on the log alone.

use proptest::prelude::*;

use super::{
    Applied, Decoded, ForgetRecord, ItemRecord, LearningRecord, Models, OutcomeRecord, Tally,
};
use crate::core::affinity::AffinitySpec;
use crate::core::codec::bits::{BitReader, BitWriter};
use crate::core::codec::bytes::{CodecError, Reader, Writer};
use crate::core::feature::FeatureVector;
use crate::core::key::Key;
use crate::core::propensity::{Candidate, Prior, PropensitySpec, Score};
use crate::core::time::UnixMs;

fn models() -> Models {
    let propensity = PropensitySpec { plain_bits: 10, deep_bits: 10, ..Default::default() };
    Models::new(propensity, AffinitySpec::default())
}

prop_compose! {
    fn any_candidate()(
        keys in any::<[u8; 5]>(),
        probability in 0.001..0.999_f64,
        evidence in 0.0..100.0_f64,
        affinity in prop::option::of(0.0..1.0_f32),
        score in prop::option::of((any::<u32>().prop_map(Key), -9.0..9.0_f32)),
    ) -> Candidate {
        let [offer, group, treatment, channel, placement] =
            keys.map(|key| Key(u32::from(key).wrapping_mul(0x9e37_79b9)));
        let prior = Prior { probability, evidence };
        let score = score.map(|(name, logit)| Score { name, logit });
        Candidate { offer, group, treatment, channel, placement, prior, affinity, score }
    }
}

prop_compose! {
    fn any_outcome()(
        id in 0..200_u64,
        at in any::<i64>(),
        customer in any::<u64>(),
        candidate in any_candidate(),
        tokens in prop::collection::vec((any::<u32>().prop_map(Key), any::<u32>()), 0..12),
        numbers in prop::collection::vec((any::<u32>().prop_map(Key), any::<f32>()), 0..6),
        label in prop_oneof![Just(0.0), Just(1.0), 0.0..1.0_f64],
        weight in prop_oneof![Just(1.0), 0.0..10.0_f64],
        served in prop::array::uniform2(0.0..1.0_f32),
    ) -> LearningRecord {
        LearningRecord::Outcome(OutcomeRecord {
            id,
            at: UnixMs(at),
            customer,
            candidate,
            features: FeatureVector::new(tokens, numbers),
            label,
            weight,
            probability_served: served[0],
            selection_probability: served[1],
        })
    }
}

prop_compose! {
    fn any_item()(
        id in 0..200_u64,
        at in any::<i64>(),
        customer in any::<u64>(),
        item in 0..20_u32,
        weight in 0.0..5.0_f32,
        history in prop::collection::vec(((0..20_u32).prop_map(Key), 0.0..5.0_f32), 0..10),
    ) -> LearningRecord {
        LearningRecord::Item(ItemRecord {
            id, at: UnixMs(at), customer, item: Key(item), weight, history,
        })
    }
}

fn any_record() -> impl Strategy<Value = LearningRecord> {
    prop_oneof![any_outcome(), any_item()]
}

/// A log with everything that can be in one.
fn any_log() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let entry = prop_oneof![
        8 => any_record().prop_map(|record| record.encode()),
        1 => prop::collection::vec(any::<u8>(), 0..40),
        1 => any_record().prop_map(|record| of_version(9, &record)),
    ];
    prop::collection::vec(entry, 1..60)
}

fn of_version(version: u8, record: &LearningRecord) -> Vec<u8> {
    let mut bytes = record.encode();
    bytes[0] = version;
    bytes
}

fn replay(mut models: Models, log: &[Vec<u8>], from: usize) -> Models {
    for (at, record) in log.iter().enumerate().skip(from) {
        models.apply(at as u64 + 1, record);
    }
    models
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn records_round_trip(record in any_record()) {
        let decoded = LearningRecord::decode(&record.encode()).unwrap();
        prop_assert_eq!(decoded, Decoded::Record(record));
    }

    #[test]
    fn a_later_build_may_append_fields(record in any_record(), more in any::<[u8; 9]>()) {
        let mut bytes = record.encode();
        bytes.extend_from_slice(&more);
        let sum = xxhash_rust::xxh3::xxh3_64(&bytes[6..]) as u32;
        bytes[2..6].copy_from_slice(&sum.to_le_bytes());
        prop_assert_eq!(LearningRecord::decode(&bytes).unwrap(), Decoded::Record(record));
    }

    #[test]
    fn damage_is_noticed(record in any_record(), at in any::<prop::sample::Index>(), bit in 0..8) {
        let mut bytes = record.encode();
        let at = at.index(bytes.len() - 2) + 2;
        bytes[at] ^= 1_u8 << bit;
        prop_assert_eq!(LearningRecord::decode(&bytes), Err(CodecError::Checksum));
        bytes.truncate(at);
        prop_assert!(LearningRecord::decode(&bytes).is_err());
    }

    #[test]
    fn any_bytes_are_read_without_harm(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = LearningRecord::decode(&bytes);
        let _ = FeatureVector::decode(&mut Reader::new(&bytes));
        let _ = Models::restore(&bytes);
        // Past the checksum too.
        let mut record = Writer(vec![1, 1]);
        record.u32(xxhash_rust::xxh3::xxh3_64(&bytes) as u32);
        record.0.extend_from_slice(&bytes);
        let _ = LearningRecord::decode(&record.0);
        record.0[1] = 2;
        let _ = LearningRecord::decode(&record.0);
        let mut checkpoint = Writer(b"arbm\x01".to_vec());
        checkpoint.u64(xxhash_rust::xxh3::xxh3_64(&bytes));
        checkpoint.0.extend_from_slice(&bytes);
        let _ = Models::restore(&checkpoint.0);
    }

    #[test]
    fn the_same_log_gives_the_same_bytes_whatever_is_held(log in any_log()) {
        let straight = replay(models(), &log, 0);
        let mut held = Vec::new();
        let mut watched = models();
        for (at, record) in log.iter().enumerate() {
            watched.apply(at as u64 + 1, record);
            if at % 3 == 0 {
                held.push((watched.clone(), watched.digest()));
            }
        }
        prop_assert_eq!(watched.checkpoint(), straight.checkpoint());
        prop_assert_eq!(watched.digest(), straight.digest());
        for (snapshot, digest) in held {
            prop_assert_eq!(snapshot.digest(), digest);
        }
    }

    #[test]
    fn a_checkpoint_and_the_rest_of_the_log_are_the_whole_log(
        log in any_log(),
        cut in any::<prop::sample::Index>(),
    ) {
        let cut = cut.index(log.len() + 1);
        let half = replay(models(), &log[..cut], 0);
        let stored = half.checkpoint();
        let restored = Models::restore(&stored).unwrap();
        prop_assert_eq!(restored.checkpoint(), stored);
        let straight = replay(models(), &log, 0);
        prop_assert_eq!(replay(restored.clone(), &log, cut).digest(), straight.digest());
        // Reading again from the start changes nothing that was applied.
        prop_assert_eq!(replay(restored, &log, 0).digest(), straight.digest());
    }

    #[test]
    fn ascending_keys_round_trip(mut keys in prop::collection::vec(any::<u32>(), 0..60)) {
        keys.sort_unstable();
        let mut bits = BitWriter::default();
        bits.ascending(keys.iter().copied());
        let bytes = bits.finish();
        prop_assert_eq!(BitReader::new(&bytes).ascending(keys.len()).unwrap(), keys);
    }
}

fn outcome(id: u64, label: f64) -> LearningRecord {
    LearningRecord::Outcome(OutcomeRecord {
        id,
        at: UnixMs(1),
        customer: 1,
        candidate: Candidate::default(),
        features: FeatureVector::default(),
        label,
        weight: 1.0,
        probability_served: 0.25,
        selection_probability: 1.0,
    })
}

#[test]
fn every_fate_of_a_record_is_told_and_counted() {
    let mut models = models();
    let record = outcome(5, 1.0);
    assert_eq!(models.apply(1, &record.encode()), Applied::Outcome);
    assert_eq!(models.apply(1, &record.encode()), Applied::Stale);
    assert_eq!(models.apply(2, &record.encode()), Applied::Duplicate);
    assert_eq!(models.apply(3, &of_version(2, &record)), Applied::Unknown);
    assert_eq!(models.apply(7, b"?"), Applied::Corrupt(CodecError::Truncated));
    assert_eq!(models.apply(8, &outcome(6, 0.0).encode()), Applied::Outcome);
    let counts = models.counts;
    assert_eq!((counts.outcomes, counts.duplicates, counts.unknown, counts.corrupt), (2, 1, 1, 1));
    assert_eq!(models.position(), 8);
    assert_eq!(models.propensity.learned(), 2);
}

#[test]
fn forgetting_is_learned_once_and_the_position_of_a_checkpoint_is_read_alone() {
    let mut models = models();
    let chosen = ItemRecord {
        id: 1,
        at: UnixMs(0),
        customer: 7,
        item: Key(1),
        weight: 1.0,
        history: vec![(Key(2), 1.0)],
    };
    let without = models.affinity.clone();
    models.apply(4, &LearningRecord::Item(chosen).encode());
    let forget = LearningRecord::Forget(ForgetRecord { id: 2, customer: 7 });
    assert_eq!(models.apply(5, &forget.encode()), Applied::Forgotten);
    assert_eq!(models.apply(6, &forget.encode()), Applied::Duplicate);
    assert_eq!(models.affinity.observed(), without.observed() + 1);
    assert!(models.is_sound());
    let checkpoint = models.checkpoint();
    assert_eq!(Models::position_of(&checkpoint), Ok(6));
    assert_eq!(Models::restore(&checkpoint).unwrap().digest(), models.digest());
    assert_eq!(Models::position_of(&checkpoint[..20]), Err(CodecError::Checksum));
}

#[test]
fn a_damaged_checkpoint_is_refused() {
    let mut models = models();
    models.apply(1, &outcome(5, 1.0).encode());
    let mut bytes = models.checkpoint();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    assert_eq!(Models::restore(&bytes).err(), Some(CodecError::Checksum));
    bytes[4] = 7;
    assert_eq!(Models::restore(&bytes).err(), Some(CodecError::Version(7)));
}

#[test]
fn checkpoints_of_little_are_little() {
    let mut models = Models::new(PropensitySpec::default(), AffinitySpec::default());
    for n in 0..20 {
        models.apply(n + 1, &outcome(n, 1.0).encode());
    }
    assert!(models.checkpoint().len() < 12_000, "{}", models.checkpoint().len());
}

#[test]
fn tallies_are_the_textbook_figures() {
    let mut tally = Tally::default();
    assert_eq!(tally.log_loss(), None);
    for (p, label) in [(0.9, 1.0), (0.2, 0.0), (0.6, 0.0), (0.4, 1.0)] {
        tally.observe(p, label);
    }
    let loss = -(0.9_f64.ln() + 0.8_f64.ln() + 0.4_f64.ln() + 0.4_f64.ln()) / 4.0;
    assert!((tally.log_loss().unwrap() - loss).abs() < 1e-12);
    assert!((tally.brier().unwrap() - (0.01 + 0.04 + 0.36 + 0.36) / 4.0).abs() < 1e-12);
    assert!((tally.auc().unwrap() - 0.75).abs() < 1e-12);
    let base = -((0.5_f64).ln() + (1.0 / 3.0_f64).ln() + 0.5_f64.ln() + (2.0 / 5.0_f64).ln()) / 4.0;
    assert!((tally.base_log_loss().unwrap() - base).abs() < 1e-12);
    assert_eq!(tally.calibration().iter().map(|bin| bin.count).sum::<u64>(), 4);
    tally.observe(f64::NAN, 1.0);
    assert_eq!(tally.count, 4);
}
