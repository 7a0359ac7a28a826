//! The last log lines, kept in memory for the System page.
//!
//! Owns a bounded ring and the layer that fills it. Log lines hold ids, codes and counts, never personal data.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber, span};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use crate::clock::Clock;
use crate::domain::Timestamp;

/// Lines kept; older ones go.
pub const MAX_LINES: usize = 1_000;
/// Longest message, in characters; the rest is cut.
const MAX_CHARS: usize = 2_000;

/// Longest value of a field, in characters.
const MAX_VALUE: usize = 500;
/// Most fields of a line.
const MAX_FIELDS: usize = 24;

/// Fields by name.
type Fields = BTreeMap<&'static str, String>;

/// One log line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogLine {
    /// When.
    pub at: Timestamp,
    /// `ERROR`, `WARN`, `INFO` …
    pub level: &'static str,
    /// Which part of the program.
    pub target: String,
    /// What.
    pub message: String,
    /// Its fields, and those of the spans around it.
    pub fields: Fields,
}

/// The ring. Cheap to clone; all clones are the same ring.
#[derive(Clone, Default)]
pub struct LogRing(Arc<Mutex<VecDeque<LogLine>>>);

impl LogRing {
    /// The last `limit` lines, oldest first.
    pub fn last(&self, limit: usize) -> Vec<LogLine> {
        let lines = self.0.lock();
        let skipped = lines.len().saturating_sub(limit);
        lines.iter().skip(skipped).cloned().collect()
    }

    fn push(&self, line: LogLine) {
        let mut lines = self.0.lock();
        if lines.len() >= MAX_LINES {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    /// What fills it.
    pub fn layer<S: Subscriber + for<'a> LookupSpan<'a>>(&self) -> impl Layer<S> + use<S> {
        RingLayer(self.clone())
    }
}

struct RingLayer(LogRing);

/// A span's fields, written down when it begins.
struct SpanFields(Fields);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for RingLayer {
    fn on_new_span(&self, attributes: &span::Attributes<'_>, id: &span::Id, ctx: Context<'_, S>) {
        if let Some(span) = ctx.span(id) {
            let mut text = Text::default();
            attributes.record(&mut text);
            span.extensions_mut().insert(SpanFields(text.fields));
        }
    }

    fn on_event(&self, event: &Event<'_>, ctx: Context<'_, S>) {
        let mut text = Text::default();
        event.record(&mut text);
        for span in ctx.event_scope(event).into_iter().flatten() {
            if let Some(SpanFields(fields)) = span.extensions().get() {
                for (name, value) in fields {
                    text.add(name, value.clone());
                }
            }
        }
        let Text { message, fields } = text;
        self.0.push(LogLine {
            at: Clock::System.now(),
            level: event.metadata().level().as_str(),
            target: event.metadata().target().to_owned(),
            message,
            fields,
        });
    }
}

#[derive(Default)]
struct Text {
    message: String,
    fields: Fields,
}

impl Text {
    /// Keeps the first value of a name: the event's own before those of the spans around it.
    fn add(&mut self, name: &'static str, value: String) {
        if self.fields.len() < MAX_FIELDS {
            self.fields.entry(name).or_insert(value);
        }
    }
}

/// At most `max` characters; a value may be of any length.
fn cut(text: &str, max: usize) -> String {
    text.chars().take(max).collect()
}

impl Visit for Text {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" => self.message = cut(value, MAX_CHARS),
            name => self.add(name, cut(value, MAX_VALUE)),
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let text = format!("{value:?}");
        self.record_str(field, &text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing_subscriber::layer::SubscriberExt;

    #[test]
    fn the_last_lines_are_kept_with_their_fields_and_no_more() {
        let ring = LogRing::default();
        let subscriber = tracing_subscriber::registry().with(ring.layer());
        tracing::subscriber::with_default(subscriber, || {
            for n in 0..MAX_LINES {
                tracing::debug!(n, "many");
            }
            let _entered = tracing::info_span!("request", trace = "tr_1").entered();
            tracing::warn!(code = 131_056, why = "too \n fast", "the provider refused");
            tracing::error!("{}", "x".repeat(10_000));
        });
        assert_eq!(ring.last(usize::MAX).len(), MAX_LINES);
        let [refused, long] = ring.last(2).try_into().expect("two");
        assert_eq!((refused.level, long.level), ("WARN", "ERROR"));
        assert_eq!(refused.message, "the provider refused");
        let fields: Vec<(&str, &str)> = refused.fields.iter().map(|(k, v)| (*k, v.as_str())).collect();
        assert_eq!(
            fields,
            [("code", "131056"), ("trace", "tr_1"), ("why", "too \n fast")]
        );
        assert_eq!(long.message.chars().count(), MAX_CHARS);
        assert!(refused.target.ends_with("ring::tests"), "{}", refused.target);
    }
}
