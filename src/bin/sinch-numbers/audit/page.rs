//! The audit as a page: one file that loads nothing, for browsers and paper.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::cost::Cost;
use super::finding::{Finding, Subject};
use super::show::{or_unknown, utc};
use super::{Audit, CAMPAIGN_NEAR, Coverage};

const STYLE: &str = include_str!("page.css");
/// The content security policy: the page loads nothing.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

impl Audit {
    /// Writes the page.
    pub(super) fn page(&self) -> String {
        let mut page = Page(String::new());
        let title = format!("Audit of {}", escaped(&self.project));
        page.raw(&format!(
            "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <link rel=\"icon\" href=\"data:,\">\n<title>{title}</title>\n<style>\n{STYLE}</style></head>\n\
             <body><header><h1>{title}</h1><p>{}</p></header>\n<main>\n",
            utc(self.at)
        ));
        self.tiles(&mut page);
        self.addresses(&mut page);
        self.failed_jobs(&mut page);
        self.expiring(&mut page);
        self.full_campaigns(&mut page);
        self.money(&mut page);
        self.without_links(&mut page);
        page.raw(
            "</main>\n<footer>An address that is on file was found when it was read. Whether emergency services \
             know it, the service does not say.</footer>\n</body></html>\n",
        );
        page.0
    }

    fn count(&self, subject: Subject) -> u64 {
        self.about(subject).count() as u64
    }

    fn tiles(&self, page: &mut Page) {
        let tile = |count: u64, class: &'static str, text: &'static str| {
            (count.to_string(), if count == 0 { "good" } else { class }, text)
        };
        let needed = self.needed();
        let covered = match needed.numbers() {
            0 => "–".to_owned(),
            // Only all is all.
            all => format!("{} %", needed.on_file * 100 / all),
        };
        let grade = if needed.on_file == needed.numbers() { "good" } else { "bad" };
        page.raw("<ul class=\"tiles\">");
        for (value, class, text) in [
            (self.numbers.to_string(), "", "numbers"),
            (covered, grade, "of those that need an emergency address have one on file"),
            tile(self.count(Subject::NoEmergencyAddress), "bad", "without the address they need"),
            tile(self.count(Subject::CouldNotBeRead), "warn", "could not be read"),
            tile(self.count(Subject::ProvisioningFailed), "bad", "failed jobs"),
            tile(self.count(Subject::ExpiresSoon), "warn", "expire within 30 days"),
            tile(self.count(Subject::CampaignLimit), "warn", "campaigns near their limit"),
            tile(self.count(Subject::Unlinked), "warn", "linked to nothing"),
        ] {
            page.raw(&format!("<li class=\"{class}\"><b>{value}</b>{text}</li>"));
        }
        page.raw("</ul>\n");
    }

    /// The coverage of all numbers that need an address.
    fn needed(&self) -> Coverage {
        self.coverage.values().fold(Coverage::default(), |sum, of| Coverage {
            on_file: sum.on_file + of.on_file,
            none: sum.none + of.none,
            could_not_be_read: sum.could_not_be_read + of.could_not_be_read,
        })
    }

    fn addresses(&self, page: &mut Page) {
        page.section(
            "Emergency addresses",
            "US and Canadian numbers with voice can call emergency services, which need an address to come to.",
        );
        page.raw(
            "<div class=\"key\"><span><i class=\"good\"></i>on file</span><span><i class=\"bad\"></i>none</span>\
             <span><i class=\"warn\"></i>could not be read</span></div>",
        );
        page.table(&["Country", "#Numbers", "#On file", "#None", "#Could not be read", "*"]);
        for row in self.coverage_rows() {
            let (of, need) = (row.of, row.region_code != "others");
            let region = if need { row.region_code } else { "other numbers, which need none" };
            let parts = [("good", of.on_file), ("bad", of.none), ("warn", of.could_not_be_read)];
            let parts = parts.map(|(class, count)| (class, share(count, of.numbers())));
            page.row(&[
                Cell::Text(region),
                Cell::Count("Numbers", row.numbers),
                Cell::Count("On file", of.on_file),
                Cell::Count("None", of.none),
                Cell::Count("Could not be read", of.could_not_be_read),
                if need { Cell::Bar(&parts) } else { Cell::Text("") },
            ]);
        }
        page.end_table();
        page.numbers("Without the address they need", self.about(Subject::NoEmergencyAddress));
        page.details("Could not be read", "Why", self.about(Subject::CouldNotBeRead));
    }

    fn failed_jobs(&self, page: &mut Page) {
        let rows = self.failure_rows();
        let Some(most) = rows.first().map(|row| row.jobs) else { return };
        page.section(
            "Failed provisioning",
            "What failed stays as it was before, until somebody acts.",
        );
        page.table_of_text(&["Code", "#Jobs", "*", "Meaning", "What to do", "Who", "Try again"]);
        for row in rows {
            page.row(&[
                Cell::Code(row.code),
                Cell::Count("Jobs", row.jobs),
                Cell::Bar(&[("bad", share(row.jobs, most))]),
                Cell::Prose(row.meaning),
                Cell::Prose(row.action),
                Cell::Named("Who", row.actor),
                Cell::Named("Try again", row.retry),
            ]);
        }
        page.end_table();
        page.details("Numbers", "Job", self.about(Subject::ProvisioningFailed));
    }

    fn expiring(&self, page: &mut Page) {
        if self.count(Subject::ExpiresSoon) > 0 {
            page.section("Expire within 30 days", "Released numbers, and those whose term ends.");
            page.details("", "End", self.about(Subject::ExpiresSoon));
        }
    }

    fn full_campaigns(&self, page: &mut Page) {
        if self.campaigns.is_empty() {
            return;
        }
        page.section(
            "Numbers of each campaign",
            "A campaign holds 50 numbers, unless it is of a sole proprietor (1) or has a number pool.",
        );
        page.table(&["Campaign", "#Numbers", "#Being linked", "#Limit", "*"]);
        for row in self.campaign_rows() {
            let all = row.numbers + row.coming;
            let class = match all {
                all if all >= row.limit => "bad",
                all if all >= CAMPAIGN_NEAR => "warn",
                _ => "",
            };
            page.row(&[
                Cell::Code(row.campaign_id),
                Cell::Count("Numbers", row.numbers),
                Cell::Count("Being linked", row.coming),
                Cell::Count("Limit", row.limit),
                Cell::Bar(&[(class, share(all, row.limit))]),
            ]);
        }
        page.end_table();
    }

    fn money(&self, page: &mut Page) {
        let without = match self.without_price {
            0 => String::new(),
            count => format!(" The service does not say what {count} of the numbers cost."),
        };
        page.section("Cost a month", &format!("As the numbers are rented now.{without}"));
        let mut sums = BTreeMap::<&str, (u64, Option<Cost>)>::new();
        for ((currency, _), (count, cost)) in &self.costs {
            let (all, sum) = sums.entry(currency).or_insert((0, Some(Cost::NOTHING)));
            *all += count;
            *sum = sum.and_then(|sum| sum.plus(*cost));
        }
        page.table(&["Country", "#Numbers", "#A month", "Currency", "*"]);
        for (currency, (numbers, sum)) in sums {
            let rows = self.costs.iter().filter(|((of, _), _)| of == currency);
            let mut countries = 0;
            for ((_, region), (count, cost)) in rows {
                countries += 1;
                page.row(&[
                    Cell::Text(or_unknown(region)),
                    Cell::Count("Numbers", *count),
                    Cell::Amount("A month", &cost.text()),
                    Cell::Text(currency),
                    Cell::Bar(&[("", sum.map_or(0, |sum| cost.share_of(sum)))]),
                ]);
            }
            if let Some(sum) = sum.filter(|_| countries > 1) {
                page.raw("<tr class=\"sum\">");
                page.cells(&[
                    Cell::Text("together"),
                    Cell::Count("Numbers", numbers),
                    Cell::Amount("A month", &sum.text()),
                    Cell::Text(currency),
                    Cell::Text(""),
                ]);
            }
        }
        page.end_table();
    }

    fn without_links(&self, page: &mut Page) {
        if self.count(Subject::Unlinked) > 0 {
            page.section("Linked to nothing", "They cost as long as they are rented.");
            page.numbers("", self.about(Subject::Unlinked));
        }
    }
}

/// The share of the total, per mille.
fn share(part: u64, all: u64) -> usize {
    usize::try_from((part * 1000).checked_div(all).unwrap_or(0)).unwrap_or(0).min(1000)
}

/// A cell of a table. On a phone cells are stacked, so some carry their column's name.
enum Cell<'a> {
    Text(&'a str),
    /// Short: on one line.
    Word(&'a str),
    /// Long: on lines of its own.
    Prose(&'a str),
    /// A code or an id.
    Code(&'a str),
    Named(&'a str, &'a str),
    Count(&'a str, u64),
    Amount(&'a str, &'a str),
    /// Parts of a thousand.
    Bar(&'a [(&'a str, usize)]),
}

struct Page(String);

impl Page {
    fn raw(&mut self, html: &str) {
        self.0.push_str(html);
    }

    fn section(&mut self, title: &str, about: &str) {
        self.raw(&format!("<h2>{}</h2><p>{}</p>\n", escaped(title), escaped(about)));
    }

    /// Begins a table with bars that leave room for text.
    fn table_of_text(&mut self, headings: &[&str]) {
        self.begin_table("rows few", headings);
    }

    /// Begins a table.
    fn table(&mut self, headings: &[&str]) {
        self.begin_table("rows", headings);
    }

    /// `#` is before the heading of numbers, `*` is a bar.
    fn begin_table(&mut self, class: &str, headings: &[&str]) {
        self.raw(&format!("<div class=\"wide\"><table class=\"{class}\"><thead><tr>"));
        for heading in headings {
            match (heading.strip_prefix('#'), *heading) {
                (Some(number), _) => self.raw(&format!("<th class=\"n\">{number}</th>")),
                (None, "*") => self.raw("<th class=\"b\" aria-hidden=\"true\"></th>"),
                (None, heading) => self.raw(&format!("<th>{heading}</th>")),
            }
        }
        self.raw("</tr></thead><tbody>\n");
    }

    fn end_table(&mut self) {
        self.raw("</tbody></table></div>\n");
    }

    fn row(&mut self, cells: &[Cell<'_>]) {
        self.raw("<tr>");
        self.cells(cells);
    }

    fn cells(&mut self, cells: &[Cell<'_>]) {
        for cell in cells {
            let html = match cell {
                Cell::Text(text) => format!("<td>{}</td>", escaped(text)),
                Cell::Word(text) => format!("<td class=\"k\">{}</td>", escaped(text)),
                Cell::Prose(text) => format!("<td class=\"l\">{}</td>", escaped(text)),
                Cell::Code(text) => format!("<td class=\"code\">{}</td>", escaped(text)),
                Cell::Named(name, text) => format!("<td data-h=\"{name}\">{}</td>", escaped(text)),
                Cell::Count(name, count) => {
                    format!("<td class=\"n\" data-h=\"{name}\">{count}</td>")
                }
                Cell::Amount(name, text) => {
                    format!("<td class=\"n\" data-h=\"{name}\">{}</td>", escaped(text))
                }
                Cell::Bar(parts) => bar(parts),
            };
            self.raw(&html);
        }
        self.raw("</tr>\n");
    }

    fn heading(&mut self, heading: &str) {
        if !heading.is_empty() {
            self.raw(&format!("<h3>{heading}</h3>\n"));
        }
    }

    /// Writes findings in columns: number and name.
    fn numbers<'a>(&mut self, heading: &str, found: impl Iterator<Item = &'a Finding>) {
        let mut found = found.peekable();
        if found.peek().is_none() {
            return;
        }
        self.heading(heading);
        self.raw("<ul class=\"many\">\n");
        for finding in found {
            let name = escaped(finding.name.as_deref().unwrap_or_default());
            self.raw(&format!("<li>{} <span>{name}</span></li>\n", escaped(&finding.about)));
        }
        self.raw("</ul>\n");
    }

    /// Writes findings with what there is to say of each.
    fn details<'a>(&mut self, heading: &str, what: &str, found: impl Iterator<Item = &'a Finding>) {
        let mut found = found.peekable();
        if found.peek().is_none() {
            return;
        }
        self.heading(heading);
        self.table(&["Number", "Name", "Country", what]);
        for finding in found {
            self.row(&[
                Cell::Word(&finding.about),
                Cell::Text(finding.name.as_deref().unwrap_or_default()),
                Cell::Word(finding.region.as_deref().unwrap_or_default()),
                Cell::Prose(&finding.detail()),
            ]);
        }
        self.end_table();
    }
}

fn bar(parts: &[(&str, usize)]) -> String {
    let mut html = "<td class=\"b\" aria-hidden=\"true\"><div class=\"bar\">".to_owned();
    for (class, share) in parts.iter().filter(|(_, share)| *share > 0) {
        let (percent, rest) = (share / 10, share % 10);
        let _ = write!(html, "<i class=\"{class}\" style=\"width:{percent}.{rest}%\"></i>");
    }
    html + "</div></td>"
}

/// Writes text so that it is nothing but text, within elements and attributes.
fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            c if c.is_control() => html.push(char::REPLACEMENT_CHARACTER),
            c => html.push(c),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_nothing_but_text() {
        for (text, html) in [
            ("<script>alert('x')</script>", "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"),
            ("a & \"b\"", "a &amp; &quot;b&quot;"),
            ("line\u{0}\n\u{1b}[1m", "line\u{fffd}\u{fffd}\u{fffd}[1m"),
            ("Gießerei ☎", "Gießerei ☎"),
        ] {
            assert_eq!(escaped(text), html);
        }
    }
}
