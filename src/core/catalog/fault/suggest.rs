//! 'Did you mean': the nearest known name.

/// The one of `known` that is nearest to `name`, if any is near enough: Jaro-Winkler similarity of
/// at least 0.8, or an edit distance of at most a third of the longer name.
#[must_use]
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = name.to_lowercase();
    known
        .into_iter()
        .filter(|candidate| *candidate != name)
        .map(|candidate| {
            let other = candidate.to_lowercase();
            let distance = strsim::damerau_levenshtein(&lower, &other);
            let longer = lower.chars().count().max(other.chars().count());
            let near = distance * 3 <= longer || strsim::jaro_winkler(&lower, &other) >= 0.8;
            (near, distance, candidate)
        })
        .filter(|(near, ..)| *near)
        .min_by_key(|(_, distance, candidate)| (*distance, *candidate))
        .map(|(.., candidate)| candidate)
}

/// The hint for an unknown `name`: the nearest known one, or all of them when they are few.
#[must_use]
pub fn did_you_mean<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    const LISTED_MAX: usize = 12;
    let known: Vec<&str> = known.into_iter().take(100_000).collect();
    // Edit distance is quadratic in length: absurd names get no guess.
    if name.len() <= 200
        && let Some(nearest) = nearest(name, known.iter().copied())
    {
        return Some(format!("did you mean `{nearest}`?"));
    }
    match known.len() {
        0 => None,
        1..=LISTED_MAX => {
            let list: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
            Some(format!("known here: {}", list.join(", ")))
        }
        _ => None,
    }
}
