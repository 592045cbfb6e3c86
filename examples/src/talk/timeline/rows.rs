//! Rows for labels: each span lies in the first row where nothing of it touches a neighbour.

/// Where a span and its label lie, in pixels.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Placed {
    /// Which row, from 0.
    pub(super) row: usize,
    /// Where the span begins.
    pub(super) from: f64,
    /// Where the span ends.
    pub(super) to: f64,
    /// Where the label begins.
    pub(super) label: f64,
    /// What the label says.
    pub(super) text: String,
}

impl Placed {
    /// The pixels that span and label take in their row.
    fn reach(&self) -> (f64, f64) {
        let end = self.label + width(&self.text, FONT);
        (self.from.min(self.label), self.to.max(end))
    }
}

/// The size of labels, in pixels.
pub(super) const FONT: f64 = 12.0;

/// Pixels between a span and its label, and at least between two labels.
const GAP: f64 = 7.0;

/// Places spans of (from, to, label) between the pixels `left` and `right`. A label stands to the
/// right of its span, or to the left of it where the picture ends.
pub(super) fn place(
    spans: impl IntoIterator<Item = (f64, f64, String)>,
    left: f64,
    right: f64,
) -> Vec<Placed> {
    let mut placed: Vec<Placed> = Vec::new();
    for (from, to, text) in spans {
        let wide = width(&text, FONT);
        let label = if to + GAP + wide <= right {
            to + GAP
        } else {
            (from - GAP - wide).max(left)
        };
        let mut candidate = Placed {
            row: 0,
            from,
            to,
            label,
            text,
        };
        while placed.iter().any(|other| touch(other, &candidate)) {
            candidate.row += 1;
        }
        placed.push(candidate);
    }
    placed
}

/// How many rows are in use.
pub(super) fn count(placed: &[Placed]) -> usize {
    placed
        .iter()
        .map(|placed| placed.row + 1)
        .max()
        .unwrap_or(0)
}

fn touch(one: &Placed, other: &Placed) -> bool {
    let ((from, to), (start, end)) = (one.reach(), other.reach());
    one.row == other.row && from < end + GAP && start < to + GAP
}

/// How wide a text is at most, in pixels, in the sans-serif fonts that viewers use.
pub(super) fn width(text: &str, font: f64) -> f64 {
    let ems: f64 = text
        .chars()
        .map(|c| if c.is_ascii() { narrow(c) } else { 1.0 })
        .sum();
    ems * font
}

fn narrow(c: char) -> f64 {
    match c {
        'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | ' ' => 0.34,
        'm' | 'w' | 'M' | 'W' | '@' | '%' => 0.99,
        'A'..='Z' => 0.75,
        _ => 0.64,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn labels_never_touch_and_stay_inside(
            spans in prop::collection::vec((0.0..1000.0_f64, 0.0..300.0_f64, "[a-zA-Z ]{0,40}"), 0..40),
        ) {
            let spans = spans.into_iter().map(|(from, long, text)| (from, (from + long).min(1000.0), text));
            let placed = place(spans, 0.0, 1000.0);
            for (index, one) in placed.iter().enumerate() {
                let end = one.label + width(&one.text, FONT);
                prop_assert!(one.label >= 0.0 && end <= 1000.0, "{one:?}");
                for other in placed.iter().skip(index + 1).filter(|other| other.row == one.row) {
                    let other_end = other.label + width(&other.text, FONT);
                    prop_assert!(end <= other.label || other_end <= one.label, "{one:?} {other:?}");
                }
            }
        }
    }

    #[test]
    fn distant_labels_share_a_row() {
        let spans = [
            (0.0, 5.0, "a".to_owned()),
            (100.0, 105.0, "b".to_owned()),
            (103.0, 110.0, "c".to_owned()),
        ];
        let rows: Vec<_> = place(spans, 0.0, 500.0)
            .iter()
            .map(|placed| placed.row)
            .collect();
        assert_eq!(rows, [0, 0, 1]);
    }
}
