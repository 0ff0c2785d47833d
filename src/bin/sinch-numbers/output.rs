//! Standard output: items as a table, JSON, lines of JSON, or CSV.

use std::io::{self, IsTerminal as _, StdoutLock, Write};

use clap::ValueEnum;
use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width, presets};
use serde::Serialize;
use serde_json::Value;

use crate::Failure;
use crate::args::OutputArgs;
use crate::columns::{Column, Kind};

/// The format of standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Table,
    /// One JSON document
    Json,
    /// A line of JSON for each item
    Ndjson,
    /// For spreadsheets
    Csv,
}

impl OutputArgs {
    /// The format that was asked for, or that fits where standard output goes.
    pub(crate) fn format(&self) -> Format {
        let terminal = || io::stdout().is_terminal();
        self.output.unwrap_or_else(|| if terminal() { Format::Table } else { Format::Ndjson })
    }
}

/// The blanks between two columns.
const GAP: u16 = 2;
/// The length of the longest word that is not broken.
const MAX_WORD: usize = 32;
/// The minimum width of a column.
const MIN_WIDTH: usize = 8;

/// Writes the items of a command to standard output, each as it comes; a table at the end.
pub(crate) struct Output {
    format: Format,
    /// One item on its own, or any number of them.
    alone: bool,
    columns: Vec<Column>,
    /// Whether `--fields` selects the columns; otherwise JSON is written as it came.
    selected: bool,
    rows: Vec<Vec<String>>,
    begun: bool,
    out: io::BufWriter<StdoutLock<'static>>,
}

impl Output {
    /// Begins the output of one item.
    pub(crate) fn of_one(args: &OutputArgs, kind: Kind) -> Result<Self, Failure> {
        Self::new(args, kind, true)
    }

    /// Begins the output of any number of items.
    pub(crate) fn of_many(args: &OutputArgs, kind: Kind) -> Result<Self, Failure> {
        Self::new(args, kind, false)
    }

    fn new(args: &OutputArgs, kind: Kind, alone: bool) -> Result<Self, Failure> {
        let format = args.format();
        let selected = !args.fields.is_empty();
        let columns = match format {
            _ if selected => kind.named(&args.fields)?,
            Format::Csv => kind.all(),
            _ if alone => kind.alone(),
            _ => kind.in_table(),
        };
        let out = io::BufWriter::with_capacity(64 * 1024, io::stdout().lock());
        Ok(Self { format, alone, columns, selected, rows: Vec::new(), begun: false, out })
    }

    /// Writes an item, which is a JSON object.
    pub(crate) fn item(&mut self, json: &str) -> Result<(), Failure> {
        match self.format {
            Format::Table => {
                let item = parse(json)?;
                let cells = self.columns.iter().map(|column| without_controls(&column.text(&item)));
                self.rows.push(cells.collect());
            }
            Format::Csv => {
                let item = parse(json)?;
                let header = self.columns.iter().map(|column| column.name.clone());
                let header: Vec<_> = if self.begun { Vec::new() } else { header.collect() };
                if !header.is_empty() {
                    self.record(&header)?;
                }
                let cells: Vec<_> = self.columns.iter().map(|column| column.text(&item)).collect();
                self.record(&cells)?;
            }
            Format::Json => {
                let before: &[u8] = match (self.alone, self.begun) {
                    (true, _) => b"",
                    (false, false) => b"[\n",
                    (false, true) => b",\n",
                };
                self.out.write_all(before)?;
                self.json(json)?;
            }
            Format::Ndjson => {
                self.json(json)?;
                self.out.write_all(b"\n")?;
            }
        }
        self.begun = true;
        Ok(())
    }

    /// Writes an item as JSON, piece by piece, as it may be long.
    pub(crate) fn document(&mut self, item: &impl Serialize) -> Result<(), Failure> {
        serde_json::to_writer(&mut self.out, item).map_err(io::Error::from)?;
        self.begun = true;
        Ok(())
    }

    /// Writes JSON on one line: as it came, or only the wanted fields.
    fn json(&mut self, json: &str) -> Result<(), Failure> {
        if self.selected {
            let item = parse(json)?;
            for (index, column) in self.columns.iter().enumerate() {
                self.out.write_all(if index == 0 { b"{" } else { b"," })?;
                serde_json::to_writer(&mut self.out, &column.name).map_err(io::Error::from)?;
                self.out.write_all(b":")?;
                serde_json::to_writer(&mut self.out, &column.value(&item))
                    .map_err(io::Error::from)?;
            }
            self.out.write_all(b"}")?;
            return Ok(());
        }
        let json = json.trim();
        // If the least byte is a control character, it is a tab or a line end between two tokens.
        if json.bytes().fold(u8::MAX, u8::min) < b' ' {
            // A blank is equivalent there.
            return Ok(self.out.write_all(json.replace(['\n', '\r'], " ").as_bytes())?);
        }
        Ok(self.out.write_all(json.as_bytes())?)
    }

    fn record(&mut self, cells: &[String]) -> Result<(), Failure> {
        let mut writer = csv::Writer::from_writer(&mut self.out);
        writer.write_record(cells).map_err(io::Error::from)?;
        writer.flush()?;
        Ok(())
    }

    /// Flushes the items written so far, for an output that takes long.
    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        for row in std::mem::take(&mut self.rows) {
            writeln!(self.out, "{}", row.join("  ").trim_end())?;
        }
        Ok(self.out.flush()?)
    }

    /// Ends the output.
    pub(crate) fn finish(mut self) -> Result<(), Failure> {
        match self.format {
            Format::Table => self.table()?,
            Format::Json if self.alone => self.out.write_all(b"\n")?,
            Format::Json if self.begun => self.out.write_all(b"\n]\n")?,
            Format::Json => self.out.write_all(b"[]\n")?,
            Format::Csv if !self.begun => {
                let header: Vec<_> =
                    self.columns.iter().map(|column| column.name.clone()).collect();
                self.record(&header)?;
            }
            Format::Csv | Format::Ndjson => {}
        }
        Ok(self.out.flush()?)
    }

    fn table(&mut self) -> Result<(), Failure> {
        let rows = std::mem::take(&mut self.rows);
        let mut table = Table::new();
        table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
        if let Some((width, _)) = terminal_size::terminal_size_of(io::stdout()) {
            table.set_width(width.0);
        }
        if self.alone {
            // Empty columns are left out, unless they were asked for.
            let rows = rows.iter().flat_map(|row| self.columns.iter().zip(row));
            for (column, cell) in rows.filter(|(_, cell)| self.selected || !cell.is_empty()) {
                table.add_row([&column.heading, cell]);
            }
        } else if !rows.is_empty() {
            table.set_header(self.columns.iter().map(|column| column.heading.to_uppercase()));
            table.add_rows(rows);
        }
        let mut left = table.width().map(usize::from);
        for column in table.column_iter_mut() {
            column.set_padding((0, GAP));
        }
        let words = longest_words(&table);
        for (index, (column, word)) in table.column_iter_mut().zip(&words).enumerate() {
            // Numbers and codes stay in one piece, to be copied, as long as the columns behind have room as well.
            let (gap, behind) = (usize::from(GAP), words.len() - index - 1);
            let least = word + gap;
            let narrow = left.is_some_and(|left| left < least + behind * (MIN_WIDTH + gap));
            let taken = if narrow { MIN_WIDTH + gap } else { least };
            left = left.map(|left| left.saturating_sub(taken));
            if let (false, Ok(least)) = (narrow, u16::try_from(least)) {
                column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(least)));
            }
        }
        for line in table.lines() {
            writeln!(self.out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// Returns the length of the longest word of each column, ignoring words that are long enough to be broken.
fn longest_words(table: &Table) -> Vec<usize> {
    let longest = |text: String| {
        let words = text.split_whitespace().map(|word| word.chars().count());
        words.filter(|length| *length <= MAX_WORD).max()
    };
    let rows = table.header().into_iter().chain(table.row_iter());
    rows.fold(Vec::new(), |mut words, row| {
        for (index, cell) in row.cell_iter().enumerate() {
            let word = longest(cell.content()).unwrap_or(0);
            match words.get_mut(index) {
                Some(known) => *known = word.max(*known),
                None => words.push(word),
            }
        }
        words
    })
}

/// Replaces control characters, which a terminal would execute.
fn without_controls(text: &str) -> String {
    let replaced =
        |c: char| if c.is_control() && c != '\n' { char::REPLACEMENT_CHARACTER } else { c };
    text.chars().map(replaced).collect()
}

fn parse(json: &str) -> Result<Value, Failure> {
    let parsed = serde_json::from_str(json);
    parsed.map_err(|error| Failure::other(format!("the response cannot be shown: {error}")))
}
