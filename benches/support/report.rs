//! Figures as a table on the terminal and as JSON in `target/bench/`.

use std::path::PathBuf;

use serde_json::{Value, json};

/// What a figure must be.
#[derive(Clone, Copy)]
pub enum Bar {
    AtMost(f64),
    AtLeast(f64),
    Within(f64, f64),
    /// It is told, not judged.
    None,
}

impl Bar {
    fn holds(self, value: f64) -> Option<bool> {
        match self {
            Self::AtMost(most) => Some(value <= most),
            Self::AtLeast(least) => Some(value >= least),
            Self::Within(least, most) => Some((least..=most).contains(&value)),
            Self::None => None,
        }
    }

    fn text(self) -> String {
        match self {
            Self::AtMost(most) => format!("<= {}", number(most)),
            Self::AtLeast(least) => format!(">= {}", number(least)),
            Self::Within(least, most) => format!("{}..{}", number(least), number(most)),
            Self::None => String::new(),
        }
    }
}

struct Row {
    what: String,
    value: f64,
    unit: &'static str,
    ceiling: Option<f64>,
    bar: Bar,
}

/// The figures of one bench.
pub struct Report {
    name: &'static str,
    rows: Vec<Row>,
    load_before: String,
}

fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').take(3).collect::<Vec<_>>().join(" ")
}

fn number(value: f64) -> String {
    match value.abs() {
        n if n >= 1000.0 => format!("{value:.0}"),
        n if n >= 100.0 => format!("{value:.1}"),
        n if n >= 0.1 || n == 0.0 => format!("{value:.2}"),
        _ => format!("{value:.4}"),
    }
}

impl Report {
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            rows: Vec::new(),
            load_before: load(),
        }
    }

    /// A figure.
    pub fn row(&mut self, what: impl Into<String>, value: f64, unit: &'static str, bar: Bar) {
        self.push(what.into(), value, unit, None, bar);
    }

    /// A figure beside what the machine allows, measured in the same run.
    pub fn beside(
        &mut self,
        what: impl Into<String>,
        value: f64,
        unit: &'static str,
        ceiling: f64,
        bar: Bar,
    ) {
        self.push(what.into(), value, unit, Some(ceiling), bar);
    }

    fn push(&mut self, what: String, value: f64, unit: &'static str, ceiling: Option<f64>, bar: Bar) {
        eprintln!("  {what}: {} {unit}", number(value));
        self.rows.push(Row {
            what,
            value,
            unit,
            ceiling,
            bar,
        });
    }

    /// Prints the table and writes the file. A missed bar is told, never a failure: machines differ.
    pub fn finish(self) {
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let after = load();
        println!(
            "\n{}  ({cores} cores, load average {} before, {after} after)",
            self.name, self.load_before
        );
        println!(
            "{:<58} {:>10} {:<7} {:>10} {:>6} {:>16}",
            "figure", "value", "unit", "ceiling", "ratio", "bar"
        );
        for row in &self.rows {
            let ceiling = row.ceiling.map(number).unwrap_or_default();
            let ratio = row
                .ceiling
                .map(|ceiling| format!("{:.3}", row.value / ceiling))
                .unwrap_or_default();
            let verdict = match row.bar.holds(row.value) {
                Some(true) => "PASS",
                Some(false) => "MISS",
                None => "",
            };
            println!(
                "{:<58} {:>10} {:<7} {ceiling:>10} {ratio:>6} {:>16} {verdict}",
                row.what,
                number(row.value),
                row.unit,
                row.bar.text(),
            );
        }
        let rows: Vec<Value> = self.rows.iter().map(Row::json).collect();
        let document = json!({
            "bench": self.name, "cores": cores, "load_before": self.load_before, "load_after": after, "figures": rows,
        });
        let target =
            std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
        let path = target.join("bench").join(format!("{}.json", self.name));
        let text = format!("{document:#}\n");
        let written =
            std::fs::create_dir_all(target.join("bench")).and_then(|()| std::fs::write(&path, text));
        match written {
            Ok(()) => println!("written to {}", path.display()),
            Err(error) => println!("{} cannot be written: {error}", path.display()),
        }
    }
}

impl Row {
    fn json(&self) -> Value {
        json!({
            "figure": self.what,
            "value": self.value,
            "unit": self.unit,
            "ceiling": self.ceiling,
            "ratio": self.ceiling.map(|ceiling| self.value / ceiling),
            "bar": self.bar.text(),
            "pass": self.bar.holds(self.value),
        })
    }
}
