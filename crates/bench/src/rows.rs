//! The table, and the same as JSON.

use crate::Failure;
use serde_json::{Value, json};
use std::path::Path;

#[derive(Debug, Default)]
pub(crate) struct Rows {
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    name: String,
    value: f64,
    unit: &'static str,
    baseline: f64,
    beside: String,
}

impl Rows {
    /// A figure, and what it is measured beside. The ratio is the figure divided by the other.
    pub(crate) fn add(
        &mut self,
        name: impl Into<String>,
        (value, unit): (f64, &'static str),
        (baseline, beside): (f64, impl Into<String>),
    ) {
        let row = Row { name: name.into(), value, unit, baseline, beside: beside.into() };
        eprintln!("bench: {}", row.line());
        self.rows.push(row);
    }

    pub(crate) fn print(&self) {
        println!("{:<40}{:>14} {:<18}{:>14} {:>9}  beside", "", "value", "unit", "baseline", "ratio");
        self.rows.iter().for_each(|row| println!("{}", row.line()));
    }

    /// Writes `{"rows": [{"name", "value", "unit", "baseline", "ratio", "beside"}]}`.
    pub(crate) fn write(&self, path: &Path) -> Result<(), Failure> {
        let rows: Vec<Value> = self.rows.iter().map(Row::to_json).collect();
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(path, serde_json::to_string_pretty(&json!({"rows": rows}))?)?;
        println!("written to {}", path.display());
        Ok(())
    }
}

impl Row {
    fn ratio(&self) -> f64 {
        self.value / self.baseline
    }

    fn line(&self) -> String {
        format!(
            "{:<40}{:>14} {:<18}{:>14} {:>9.3}  {}",
            self.name,
            shown(self.value),
            self.unit,
            shown(self.baseline),
            self.ratio(),
            self.beside
        )
    }

    fn to_json(&self) -> Value {
        json!({
            "name": self.name,
            "value": self.value,
            "unit": self.unit,
            "baseline": self.baseline,
            "ratio": self.ratio(),
            "beside": self.beside,
        })
    }
}

fn shown(value: f64) -> String {
    if value.abs() >= 100.0 { format!("{value:.0}") } else { format!("{value:.3}") }
}

/// The place of a sorted list below which that part of it lies; 0 for an empty one.
pub(crate) fn percentile(sorted: &[f64], part: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    // Both are small and not negative.
    sorted.get((last as f64 * part).round() as usize).copied().unwrap_or(0.0)
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    percentile(&values, 0.5)
}
