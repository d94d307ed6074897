//! What has been placed so far, and what that leaves open.

use super::board::{Bounds, Entry, Group, SlateRule};

/// Keeps count while a slate is filled.
#[derive(Clone, Debug)]
pub(super) struct Book<'b, 'a> {
    bounds: &'b Bounds<'a>,
    placed: Vec<u32>,
    excluded: Vec<u32>,
    left: Vec<u32>,
    /// By group cap: groups and how many of each stand.
    groups: Vec<Vec<(Group, u32)>>,
}

impl<'b, 'a> Book<'b, 'a> {
    pub(super) fn new(bounds: &'b Bounds<'a>) -> Self {
        Self {
            bounds,
            placed: Vec::new(),
            excluded: vec![0; bounds.exclusions.len()],
            left: bounds.caps.iter().map(|(_, _, left)| *left).collect(),
            groups: vec![Vec::new(); bounds.group_caps.len()],
        }
    }

    /// What keeps the offers of an entry from standing on `board` now.
    pub(super) fn stops(&mut self, board: usize, members: &[Entry]) -> Option<SlateRule> {
        if let [single] = members {
            return self.stops_one(board, single.offer);
        }
        // Each must fit beside those before it.
        let mut rule = None;
        let mut tried = 0;
        for member in members {
            rule = self.stops_one(board, member.offer);
            if rule.is_some() {
                break;
            }
            self.place(board, member.offer);
            tried += 1;
        }
        for member in members.iter().take(tried).rev() {
            self.remove(board, member.offer);
        }
        rule
    }

    fn stops_one(&self, board: usize, offer: u32) -> Option<SlateRule> {
        if self.placed.contains(&offer) {
            return Some(SlateRule::Placed);
        }
        let mut exclusions = self.bounds.exclusions.iter().zip(&self.excluded);
        if let Some(((name, _), _)) =
            exclusions.find(|((_, set), used)| **used > 0 && set.contains(offer))
        {
            return Some(SlateRule::Exclusion((*name).clone()));
        }
        let mut caps = self.bounds.caps.iter().zip(&self.left);
        if let Some(((name, ..), _)) =
            caps.find(|((_, set, _), left)| **left == 0 && set.contains(offer))
        {
            return Some(SlateRule::Cap((*name).clone()));
        }
        if self.groups.is_empty() {
            return None;
        }
        let group = self.bounds.groups.get(offer as usize)?;
        let full = self.bounds.group_caps.iter().zip(&self.groups).any(|(cap, counts)| {
            cap.board.is_none_or(|only| only == board)
                && counts.iter().any(|(known, count)| known == group && *count >= cap.max)
        });
        full.then_some(SlateRule::Group)
    }

    pub(super) fn place(&mut self, board: usize, offer: u32) {
        self.placed.push(offer);
        for (used, (_, set)) in self.excluded.iter_mut().zip(&self.bounds.exclusions) {
            *used += u32::from(set.contains(offer));
        }
        for (left, (_, set, _)) in self.left.iter_mut().zip(&self.bounds.caps) {
            if set.contains(offer) {
                *left = left.saturating_sub(1);
            }
        }
        self.count(board, offer, true);
    }

    /// Takes back the latest placing of `offer`.
    pub(super) fn remove(&mut self, board: usize, offer: u32) {
        self.placed.pop();
        for (used, (_, set)) in self.excluded.iter_mut().zip(&self.bounds.exclusions) {
            *used -= u32::from(*used > 0 && set.contains(offer));
        }
        for (left, (_, set, _)) in self.left.iter_mut().zip(&self.bounds.caps) {
            *left = left.saturating_add(u32::from(set.contains(offer)));
        }
        self.count(board, offer, false);
    }

    fn count(&mut self, board: usize, offer: u32, add: bool) {
        if self.groups.is_empty() {
            return;
        }
        let Some(group) = self.bounds.groups.get(offer as usize) else { return };
        for (cap, counts) in self.bounds.group_caps.iter().zip(&mut self.groups) {
            if cap.board.is_some_and(|only| only != board) {
                continue;
            }
            match counts.iter_mut().find(|(known, _)| known == group) {
                Some((_, count)) if add => *count += 1,
                Some((_, count)) => *count = count.saturating_sub(1),
                None if add => counts.push((*group, 1)),
                None => {}
            }
        }
    }

    /// Whether `offer` stands somewhere.
    pub(super) fn holds(&self, offer: u32) -> bool {
        self.placed.contains(&offer)
    }
}
