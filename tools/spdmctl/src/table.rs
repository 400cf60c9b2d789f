// SPDX-License-Identifier: GPL-2.0

//! Columns for people.

use std::fmt;

/// Rows under a header, every column as wide as its widest cell.
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these column titles and no rows yet.
    pub fn new(titles: &[&str]) -> Self {
        Self {
            rows: vec![titles.iter().map(|title| (*title).to_owned()).collect()],
        }
    }

    /// Appends a row; missing cells at its end stay blank.
    ///
    /// Control characters are shown, not sent to the terminal: names in certificates are what a
    /// device likes them to be.
    pub fn row<I>(&mut self, cells: I)
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        let cells = cells.into_iter().map(|cell| printable(&cell.into()));
        self.rows.push(cells.collect());
    }

    /// True if there is nothing under the header.
    pub fn is_empty(&self) -> bool {
        self.rows.len() == 1
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns)
            .map(|column| {
                let cells = self.rows.iter().filter_map(|row| row.get(column));
                cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
            })
            .collect();
        for row in &self.rows {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                line.push_str(&format!("{cell:<width$}  "));
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// `text` with its control characters escaped.
fn printable(text: &str) -> String {
    text.chars()
        .flat_map(|character| {
            let escaped = character.is_control();
            let plain = (!escaped).then_some(character);
            let escape = escaped.then(|| character.escape_default());
            plain.into_iter().chain(escape.into_iter().flatten())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminals_get_no_control_characters() {
        let mut table = Table::new(&["A"]);
        table.row(["\x1b[31mred\u{9b}\n"]);
        assert_eq!(table.to_string(), "A\n\\u{1b}[31mred\\u{9b}\\n\n");
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell_and_lines_end_without_blanks() {
        let mut table = Table::new(&["A", "LONG"]);
        table.row(["wide", "x"]);
        table.row(["y"]);
        assert_eq!(table.to_string(), "A     LONG\nwide  x\ny\n");
    }
}
