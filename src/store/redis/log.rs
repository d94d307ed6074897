//! The learning log: a stream whose ids are the positions.

use std::time::Duration;

use bytes::Bytes;
use redis::Value;

use super::connection::Place;
use super::link::{Question, call};
use super::store::{RedisStore, stored};
use crate::store::seal::{seal, unseal};
use crate::store::{LogEntry, LogRange, StoreError};

/// What the checksum of an entry is bound to; its position is only known to the server.
const PLACE: &[u8] = b"log";
/// Entries removed by one command: a longer one would hold up the server.
const TRIM_MAX: u64 = 4096;
/// Entries in one page of a read: bounds the memory of reader and server.
const PAGE_MAX: usize = 512;
/// The longest one read waits; a longer wait ends early with no entries.
const WAIT_MAX: Duration = Duration::from_secs(30);

/// Entries as the server sends them: id; field and value.
type Page = Vec<(String, Vec<Value>)>;

pub(super) fn seal_entry(entry: &[u8]) -> Vec<u8> {
    seal(PLACE, entry)
}

impl RedisStore {
    pub(super) async fn append(&self, entries: &[Bytes]) -> Result<u64, StoreError> {
        let script = &self.scripts.append;
        let mut call = call(script, &[&self.keys.log, &self.keys.log_last]);
        for entry in entries {
            call.arg(seal_entry(entry));
        }
        self.connections.script(Place::write(&self.keys.log), script, &call).await
    }

    pub(super) async fn read(
        &self,
        after: u64,
        entries_max: usize,
        wait: Duration,
    ) -> Result<Vec<LogEntry>, StoreError> {
        if let Some(outbox) = &self.outbox {
            outbox.keep_swept();
            outbox.seen(after);
        }
        let entries = self.read_page(after, entries_max, wait).await?;
        if entries.first().is_some_and(|(position, _)| *position == after.saturating_add(1)) {
            return Ok(entries);
        }
        let range = self.range().await?;
        range.continues(after)?;
        if entries.is_empty() && range.last > after {
            // Appended between the two questions.
            return self.read_page(after, entries_max, Duration::ZERO).await;
        }
        if entries.is_empty() {
            return Ok(entries);
        }
        Err(self.connections.corrupt(format!("the learning log has a gap after {after}")))
    }

    /// Entries side by side, though perhaps not right after `after`.
    async fn read_page(
        &self,
        after: u64,
        entries_max: usize,
        wait: Duration,
    ) -> Result<Vec<LogEntry>, StoreError> {
        let wait = wait.min(WAIT_MAX);
        let mut read = redis::cmd("XREAD");
        read.arg("COUNT").arg(entries_max.clamp(1, PAGE_MAX));
        let wait_ms = wait.as_millis();
        if wait_ms > 0 {
            // A wait of 0 would mean for ever.
            read.arg("BLOCK").arg(wait_ms.to_string());
        }
        read.arg("STREAMS").arg(&self.keys.log).arg(format!("{after}-0"));
        let deadline = wait.saturating_add(self.bulk_timeout);
        let (place, question) = (Place::read(&self.keys.log), Question::Command(&read));
        let streams: Option<Vec<(Value, Page)>> =
            self.connections.alone(deadline, place, question).await?;
        let page = streams.and_then(|streams| streams.into_iter().next());
        let mut entries: Vec<LogEntry> = Vec::new();
        for (id, fields) in page.into_iter().flat_map(|(_, page)| page) {
            let (position, entry) = self.entry(&id, fields)?;
            if entries.last().is_some_and(|(last, _)| position != last + 1) {
                return Err(self.connections.corrupt(format!("a gap in the log before {id}")));
            }
            entries.push((position, entry));
        }
        Ok(entries)
    }

    fn entry(&self, id: &str, fields: Vec<Value>) -> Result<LogEntry, StoreError> {
        let opened = || {
            let position = id.strip_suffix("-0")?.parse().ok()?;
            let sealed = stored(fields.into_iter().nth(1)?).ok()??;
            Some((position, unseal(PLACE, sealed)?))
        };
        let corrupt = || format!("entry `{id}` of the learning log fails its checksum");
        opened().ok_or_else(|| self.connections.corrupt(corrupt()))
    }

    pub(super) async fn range(&self) -> Result<LogRange, StoreError> {
        let mut pipe = redis::pipe();
        pipe.atomic();
        pipe.cmd("GET").arg(&self.keys.log_last);
        pipe.cmd("XRANGE").arg(&self.keys.log).arg("-").arg("+").arg("COUNT").arg(1);
        let place = Place::read(&self.keys.log);
        let (last, oldest): (Option<u64>, Page) = self.connections.pipeline(place, &pipe).await?;
        let last = last.unwrap_or(0);
        let first = match oldest.first() {
            None => last.saturating_add(1),
            Some((id, _)) => id
                .strip_suffix("-0")
                .and_then(|position| position.parse().ok())
                .ok_or_else(|| self.connections.corrupt(format!("a log entry with id `{id}`")))?,
        };
        Ok(LogRange { first, last })
    }

    pub(super) async fn trim(&self, through: u64) -> Result<(), StoreError> {
        loop {
            let LogRange { first, last } = self.range().await?;
            let until = through.min(last).saturating_add(1);
            if first >= until {
                return Ok(());
            }
            let mut trim = redis::cmd("XTRIM");
            let step = until.min(first.saturating_add(TRIM_MAX));
            trim.arg(&self.keys.log).arg("MINID").arg("=").arg(format!("{step}-0"));
            let () = self.connections.command(Place::write(&self.keys.log), &trim).await?;
        }
    }
}
