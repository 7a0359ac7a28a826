//! A query whose hits all score the same, for filters, completions and exclusions.

use tantivy::query::{AllScorer, ConstScorer, EnableScoring, Explanation, Query, Scorer, Weight};
use tantivy::{DocId, DocSet, Score, SegmentReader, TantivyError, Term};

/// Runs the query inside without scoring. Unlike tantivy's own, it lets a clause that every document of a segment
/// meets be seen as such, so that the workspace costs nothing where there is only one.
#[derive(Debug)]
pub struct Flat {
    inner: Box<dyn Query>,
    score: Score,
    excluding: bool,
}

impl Flat {
    /// Every hit of `inner`, with `score`.
    pub fn boxed(inner: Box<dyn Query>, score: Score) -> Box<dyn Query> {
        Box::new(Self {
            inner,
            score,
            excluding: false,
        })
    }

    /// `inner` as a clause that must not match.
    pub fn excluding(inner: Box<dyn Query>) -> Box<dyn Query> {
        Box::new(Self {
            inner,
            score: 0.0,
            excluding: true,
        })
    }
}

impl Clone for Flat {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.box_clone(),
            score: self.score,
            excluding: self.excluding,
        }
    }
}

impl Query for Flat {
    fn weight(&self, scoring: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        let unscored = match scoring.searcher() {
            Some(searcher) => EnableScoring::disabled_from_searcher(searcher),
            None => EnableScoring::disabled_from_schema(scoring.schema()),
        };
        let inner = self.inner.weight(unscored)?;
        Ok(Box::new(FlatWeight {
            inner,
            score: self.score,
            excluding: self.excluding,
        }))
    }

    fn query_terms<'a>(&'a self, visitor: &mut dyn FnMut(&'a Term, bool)) {
        self.inner.query_terms(visitor);
    }
}

struct FlatWeight {
    inner: Box<dyn Weight>,
    score: Score,
    excluding: bool,
}

impl Weight for FlatWeight {
    fn scorer(&self, reader: &SegmentReader, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        let inner = self.inner.scorer(reader, 1.0)?;
        Ok(match self.score == 0.0 && inner.is::<AllScorer>() {
            true => inner,
            false if self.excluding => Box::new(Steady(inner)),
            false => Box::new(ConstScorer::new(inner, boost * self.score)),
        })
    }

    fn explain(&self, reader: &SegmentReader, doc: DocId) -> tantivy::Result<Explanation> {
        let mut scorer = self.scorer(reader, 1.0)?;
        match scorer.doc() <= doc && scorer.seek(doc) == doc {
            true => Ok(Explanation::new("the same for every hit", self.score)),
            false => Err(TantivyError::InvalidArgument(format!(
                "document {doc} does not match"
            ))),
        }
    }
}

/// A scorer that may be asked about a document before the one it stands at, as tantivy 0.27's exclusion does: phrases
/// and intersections do not bear that (`seek_danger`), the steps that are passed on here do.
struct Steady(Box<dyn Scorer>);

impl DocSet for Steady {
    fn advance(&mut self) -> DocId {
        self.0.advance()
    }

    fn seek(&mut self, target: DocId) -> DocId {
        self.0.seek(target)
    }

    fn doc(&self) -> DocId {
        self.0.doc()
    }

    fn size_hint(&self) -> u32 {
        self.0.size_hint()
    }
}

impl Scorer for Steady {
    fn score(&mut self) -> Score {
        0.0
    }
}
