//! The CSV file that a plan is made from.

use std::collections::BTreeMap;
use std::path::Path;

use sinch_numbers::{ErrorKind, PhoneNumber};

use crate::Failure;
use crate::args::Verb;
use crate::jobs::state::{Cells, VOICE};

/// A row: its line in the file, its number, and its other cells that are not empty.
pub(crate) struct Row {
    pub(crate) line: u64,
    pub(crate) number: String,
    pub(crate) cells: Cells,
}

const NUMBER: &str = "phoneNumber";
const LINKS: [&str; 6] =
    ["servicePlanId", "campaignId", "voiceType", "appId", "trunkId", "serviceId"];
const REQUIRED: [&str; 6] =
    ["displayName", "streetNumber", "streetInfo", "city", "state", "postalCode"];

/// The columns that a verb reads besides the number.
fn columns(verb: Verb) -> Vec<&'static str> {
    match verb {
        Verb::Relink => LINKS.to_vec(),
        Verb::Update => [&["displayName"][..], &LINKS].concat(),
        Verb::Emergency => [&REQUIRED[..], &["location", "postalCodePlusFour"]].concat(),
        Verb::Release => Vec::new(),
    }
}

/// Reads the rows of a file. The failure names everything that is wrong, by line and column; it quotes no cell but numbers.
pub(crate) fn read(verb: Verb, path: &Path) -> Result<Vec<Row>, Failure> {
    let shown = path.display();
    let bytes = std::fs::read(path)
        .map_err(|error| Failure::refused(format!("--from: {shown}: {error}")))?;
    parse(verb, &bytes).map_err(|problems| {
        let count = problems.len();
        let errors = if count == 1 { "error" } else { "errors" };
        let failure = Failure::refused(format!("--from: {shown}: {count} {errors}"));
        problems.into_iter().fold(failure, Failure::advise)
    })
}

fn parse(verb: Verb, bytes: &[u8]) -> Result<Vec<Row>, Vec<String>> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(bytes);
    let mut problems = Vec::new();
    let mut records = reader.byte_records();
    let Some(Ok(header)) = records.next() else {
        return Err(vec!["line 1: there is no header".to_owned()]);
    };
    let header: Vec<_> =
        header.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect();
    check_header(verb, &header, &mut problems);
    if !problems.is_empty() {
        return Err(problems);
    }
    let (mut rows, mut seen) = (Vec::new(), BTreeMap::new());
    let (mut line, mut at) = (1, 0);
    for record in records {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                problems.push(error.to_string());
                break;
            }
        };
        // The position is that of the line ends before the row, which may be several.
        let position = record.position().map_or(0, csv::Position::byte);
        let start = usize::try_from(position).unwrap_or(usize::MAX).min(bytes.len());
        let ends = bytes[start..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
        let start = start + ends.count();
        line += bytes[at..start].split(|byte| *byte == b'\n').skip(1).count() as u64;
        at = start;
        if record.len() != header.len() {
            let (cells, columns) = (record.len(), header.len());
            problems.push(format!("line {line}: has {cells} cells, the header has {columns}"));
            continue;
        }
        let before = problems.len();
        let mut cells = Cells::new();
        for (name, cell) in header.iter().zip(&record) {
            match std::str::from_utf8(cell) {
                Ok("") => {}
                Ok(text) => {
                    cells.insert(name.clone(), text.to_owned());
                }
                Err(_) => problems.push(format!("line {line}, column {name}: is not UTF-8")),
            }
        }
        let number = cells.remove(NUMBER).unwrap_or_default();
        let mut wrong = |column: &str, problem: String| {
            problems.push(format!("line {line}, column {column}: {problem}"));
        };
        if let Err(error) = PhoneNumber::try_from(number.as_str()) {
            wrong(
                NUMBER,
                match error.kind() {
                    ErrorKind::InvalidInput(input) => input.problem.clone(),
                    _ => error.to_string(),
                },
            );
        } else if let Some(first) = seen.insert(number.clone(), line) {
            wrong(NUMBER, format!("{number} stands on line {first} already"));
        }
        check_row(verb, &mut cells, &mut wrong);
        if problems.len() == before && cells.is_empty() && verb != Verb::Release {
            problems.push(format!("line {line}: all cells are empty, so nothing is to be done"));
        }
        rows.push(Row { line, number, cells });
    }
    if rows.is_empty() && problems.is_empty() {
        problems.push("line 2: there are no numbers".to_owned());
    }
    if problems.is_empty() { Ok(rows) } else { Err(problems) }
}

fn check_header(verb: Verb, header: &[String], problems: &mut Vec<String>) {
    let known = columns(verb);
    for (at, name) in header.iter().enumerate() {
        if header[..at].contains(name) {
            problems.push(format!("line 1, column {name}: stands there twice"));
        } else if name != NUMBER && !known.contains(&name.as_str()) {
            let known = [&[NUMBER][..], &known].concat().join(", ");
            problems.push(format!("line 1, column {name}: is not known here; there are {known}"));
        }
    }
    let needed = if verb == Verb::Emergency { &REQUIRED[..] } else { &[] };
    for name in [NUMBER].iter().chain(needed) {
        if !header.iter().any(|found| found == name) {
            problems.push(format!("line 1, column {name}: is missing"));
        }
    }
}

/// Checks what belongs together, and adds the voice type that an id stands for.
fn check_row(verb: Verb, cells: &mut Cells, wrong: &mut dyn FnMut(&str, String)) {
    if verb == Verb::Emergency {
        for name in REQUIRED.into_iter().filter(|name| !cells.contains_key(*name)) {
            wrong(name, "is empty; an emergency address needs it".to_owned());
        }
        return;
    }
    if cells.contains_key("campaignId") && !cells.contains_key("servicePlanId") {
        wrong("campaignId", "goes with a servicePlanId, which is empty".to_owned());
    }
    let given: Vec<_> = VOICE.iter().filter(|(_, id)| cells.contains_key(*id)).collect();
    for (_, id) in given.iter().skip(1) {
        wrong(id, format!("excludes {}: calls go to one of them", given[0].1));
    }
    match (cells.get("voiceType"), given.first()) {
        (None, None) => {}
        (None, Some((kind, _))) => {
            cells.insert("voiceType".to_owned(), (*kind).to_owned());
        }
        (Some(kind), given) => match VOICE.iter().find(|(known, _)| known == kind) {
            None => wrong("voiceType", "is none of RTC, EST and FAX".to_owned()),
            Some((_, id)) if given.is_none_or(|(_, given)| given != id) => {
                wrong("voiceType", format!("{kind} needs a cell in the column {id}"));
            }
            Some(_) => {}
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_wrong_is_named_by_line_and_column() {
        let rows: [(Verb, &str, &[&str]); 14] = [
            (Verb::Relink, "", &["line 1: there is no header"]),
            (Verb::Release, "phoneNumber\n", &["line 2: there are no numbers"]),
            (
                Verb::Release,
                "number\n+12025550134\n",
                &["line 1, column number: is not known", "line 1, column phoneNumber: is missing"],
            ),
            (
                Verb::Relink,
                "phoneNumber,displayName\n",
                &["line 1, column displayName: is not known"],
            ),
            (
                Verb::Relink,
                "phoneNumber,appId,appId\n",
                &["line 1, column appId: stands there twice"],
            ),
            (
                Verb::Emergency,
                "phoneNumber,displayName,streetNumber,streetInfo,state,postalCode\n",
                &["line 1, column city: is missing"],
            ),
            (
                Verb::Relink,
                "phoneNumber,appId\n12,a\n\n+12025550134,\n+12025550134,a,b\n+12025550134,a\n",
                &[
                    "line 2, column phoneNumber: \"12\" has no leading +",
                    "line 4: all cells are empty",
                    "line 5: has 3 cells, the header has 2",
                    "line 6, column phoneNumber: +12025550134 stands on line 4 already",
                ],
            ),
            (
                Verb::Update,
                "phoneNumber,campaignId\n+12025550134,C\n",
                &["line 2, column campaignId: goes with a servicePlanId"],
            ),
            (
                Verb::Update,
                "phoneNumber,appId,trunkId\n+12025550134,a,t\n",
                &["line 2, column trunkId: excludes appId"],
            ),
            (
                Verb::Update,
                "phoneNumber,voiceType,trunkId\n+12025550134,RTC,t\n",
                &["line 2, column voiceType: RTC needs a cell in the column appId"],
            ),
            (
                Verb::Update,
                "phoneNumber,voiceType\n+12025550134,EST\n",
                &["line 2, column voiceType: EST needs a cell in the column trunkId"],
            ),
            (
                Verb::Update,
                "phoneNumber,voiceType,trunkId\n+12025550134,SIP,t\n",
                &["line 2, column voiceType: is none of"],
            ),
            (
                Verb::Emergency,
                "phoneNumber,displayName,streetNumber,streetInfo,city,state,postalCode\n+12025550134,a,1,s,,IL,\n",
                &["line 2, column city: is empty", "line 2, column postalCode: is empty"],
            ),
            (
                Verb::Release,
                "phoneNumber\n\"+12025550134\n+12025550101\n",
                &["line 2, column phoneNumber: "],
            ),
        ];
        for (verb, text, expected) in rows {
            let problems = parse(verb, text.as_bytes()).err().unwrap_or_default();
            assert_eq!(problems.len(), expected.len(), "{text}: {problems:?}");
            for (problem, expected) in problems.iter().zip(expected) {
                assert!(problem.starts_with(expected), "{text}: {problem}");
            }
        }
        let problems = parse(Verb::Update, b"phoneNumber,displayName\n+12025550134,\xff\n");
        assert_eq!(problems.err().unwrap(), ["line 2, column displayName: is not UTF-8"]);
    }

    #[test]
    fn cells_are_read_as_spreadsheets_write_them() {
        let text = "\u{feff}phoneNumber, servicePlanId,trunkId,voiceType\r\n\"+12025550134\",plan-1 ,,\r\n+12025550101,,\"t,1\",\r\n";
        let rows = parse(Verb::Relink, text.as_bytes()).unwrap_or_default();
        let shown: Vec<_> = rows
            .iter()
            .map(|row| (row.line, row.number.as_str(), format!("{:?}", row.cells)))
            .collect();
        assert_eq!(
            shown,
            [
                (2, "+12025550134", r#"{"servicePlanId": "plan-1"}"#.to_owned()),
                (3, "+12025550101", r#"{"trunkId": "t,1", "voiceType": "EST"}"#.to_owned()),
            ]
        );
    }
}
