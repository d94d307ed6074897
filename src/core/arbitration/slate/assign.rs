//! The best assignment of offers to slots, where nothing but 'each once' binds: the Hungarian
//! method (Kuhn 1955, Munkres 1957), as shortest augmenting paths with potentials (Jonker,
//! Volgenant 1987), in O(n² m) for n slots and m offers.

/// For each row of `values` (rows of equal length) the column that it takes in the assignment with
/// the largest sum; each column is taken at most once; a row may stay without, which is worth 0.
/// Pairs of negative value are not made.
pub(super) fn assign(values: &[Vec<f64>]) -> Vec<Option<usize>> {
    let rows = values.len();
    let own = values.first().map_or(0, Vec::len);
    // One column of its own for each row that stays without.
    let columns = own + rows;
    let cost = |row: usize, column: usize| {
        let found = values.get(row - 1).and_then(|values| values.get(column - 1));
        -found.copied().unwrap_or(0.0)
    };
    // Index 0 stands for 'none' in what follows; rows and columns count from 1.
    let mut state = State {
        by_row: vec![0.0; rows + 1],
        by_column: vec![0.0; columns + 1],
        row_of: vec![0; columns + 1],
    };
    for row in 1..=rows {
        state.augment(row, columns, &cost);
    }
    let mut taken = vec![None; rows];
    for (column, row) in state.row_of.iter().enumerate().skip(1).take(own) {
        let made = *row > 0 && cost(*row, column) <= 0.0;
        if let Some(place) = taken.get_mut(row.wrapping_sub(1))
            && made
        {
            *place = Some(column - 1);
        }
    }
    taken
}

struct State {
    /// Potentials.
    by_row: Vec<f64>,
    by_column: Vec<f64>,
    /// The row that holds each column; 0: none.
    row_of: Vec<usize>,
}

impl State {
    /// Gives `row` a column, moving others along the cheapest path.
    #[expect(clippy::indexing_slicing, reason = "all have a place for 0..=columns or 0..=rows")]
    fn augment(&mut self, row: usize, columns: usize, cost: &impl Fn(usize, usize) -> f64) {
        let mut least = vec![f64::INFINITY; columns + 1];
        let mut way = vec![0_usize; columns + 1];
        let mut seen = vec![false; columns + 1];
        self.row_of[0] = row;
        let mut at = 0;
        while self.row_of[at] != 0 {
            seen[at] = true;
            let current = self.row_of[at];
            let (mut delta, mut next) = (f64::INFINITY, 0);
            for column in 1..=columns {
                if seen[column] {
                    continue;
                }
                let reduced = cost(current, column) - self.by_row[current] - self.by_column[column];
                if reduced < least[column] {
                    least[column] = reduced;
                    way[column] = at;
                }
                if least[column] < delta {
                    delta = least[column];
                    next = column;
                }
            }
            for column in 0..=columns {
                if seen[column] {
                    self.by_row[self.row_of[column]] += delta;
                    self.by_column[column] -= delta;
                } else {
                    least[column] -= delta;
                }
            }
            at = next;
        }
        while at != 0 {
            let before = way[at];
            self.row_of[at] = self.row_of[before];
            at = before;
        }
    }
}
