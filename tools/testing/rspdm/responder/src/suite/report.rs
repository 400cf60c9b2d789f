// SPDX-License-Identifier: GPL-2.0

//! What came of the cases, for people and for programs.

use std::{
    collections::BTreeMap,
    fmt, //
};

use super::{
    run::Verdict,
    Case, //
};
use crate::message::Kind;

/// Cases and what became of them.
pub struct Report<'a> {
    cases: &'a [Case],
    verdicts: &'a [Verdict],
}

/// How many cases ended how.
#[derive(Clone, Copy, Default)]
struct Counts {
    passed: u32,
    failed: u32,
    not_reached: u32,
}

impl<'a> Report<'a> {
    /// About these cases, in their order.
    pub fn new(cases: &'a [Case], verdicts: &'a [Verdict]) -> Self {
        Self { cases, verdicts }
    }

    /// Names of the cases that failed, and why.
    pub fn failures(&self) -> Vec<(String, &'a str)> {
        let failures = self.rows().filter_map(|(case, verdict)| match verdict {
            Verdict::Failed(why) => Some((case.name(), why.as_str())),
            _ => None,
        });
        failures.collect()
    }

    /// A line per case: verdict, version, fault, how it had to end, and how it did; with tabs.
    pub fn to_table(&self) -> String {
        let mut table = String::new();
        for (case, verdict) in self.rows() {
            let (word, ending) = match verdict {
                Verdict::Passed(ending) => ("passed", format!("{ending:?}")),
                Verdict::Failed(why) => ("failed", why.clone()),
                Verdict::NotReached => ("not reached", String::new()),
            };
            let version = format!("1.{}", case.version & 0x0f);
            let wanted = case.outcome.errnos.join(",");
            let fault = &case.fault;
            table += &format!("{word}\t{version}\t{fault}\t{wanted}\t{ending}\n");
        }
        table
    }

    fn rows(&self) -> impl Iterator<Item = (&'a Case, &'a Verdict)> {
        self.cases.iter().zip(self.verdicts)
    }
}

impl Counts {
    fn add(&mut self, verdict: &Verdict) {
        match verdict {
            Verdict::Passed(_) => self.passed += 1,
            Verdict::Failed(_) => self.failed += 1,
            Verdict::NotReached => self.not_reached += 1,
        }
    }
}

/// A table of messages and classes of faults: how many cases passed, of how many, if not all did.
impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut cells: BTreeMap<(&str, Option<Kind>), Counts> = BTreeMap::new();
        let mut total = Counts::default();
        for (case, verdict) in self.rows() {
            cells
                .entry((&case.class, Some(case.kind)))
                .or_default()
                .add(verdict);
            cells.entry((&case.class, None)).or_default().add(verdict);
            total.add(verdict);
        }
        write!(f, "{:24}", "")?;
        for kind in Kind::ALL {
            write!(f, " {:>12}", kind.stem())?;
        }
        writeln!(f, " {:>12}", "all")?;
        let classes: Vec<&str> = cells
            .keys()
            .filter(|(_, kind)| kind.is_none())
            .map(|(class, _)| *class)
            .collect();
        for class in classes {
            write!(f, "{class:24}")?;
            for kind in Kind::ALL.into_iter().map(Some).chain([None]) {
                let cell = cells.get(&(class, kind));
                write!(f, " {:>12}", cell.map_or("-".into(), Counts::to_string))?;
            }
            writeln!(f)?;
        }
        let Counts {
            passed,
            failed,
            not_reached,
        } = total;
        let all = passed + failed + not_reached;
        write!(
            f,
            "{all} cases: {passed} passed, {failed} failed, {not_reached} not reached"
        )
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.passed + self.failed + self.not_reached;
        match self.passed {
            passed if passed == all => write!(f, "{all}"),
            passed => write!(f, "{passed}/{all}"),
        }
    }
}
