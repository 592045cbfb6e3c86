//! The drawing itself: bands from top to bottom, each as high as what lies in it.

use std::{
    fmt::{self, Write as _},
    time::Duration,
};

use super::{
    Sound, Span, Timeline, Words,
    rows::{self, FONT, Placed, width},
    waveform,
};

const GUTTER: f64 = 92.0;
const MARGIN: f64 = 28.0;
const LANE: f64 = 92.0;
const ROW: f64 = 22.0;
const LINE: f64 = 19.0;
/// One bar of a waveform and the space after it.
const BAR: f64 = 3.0;

const INK: &str = "#1f2933";
const FAINT: &str = "#7b8794";
const RULE: &str = "#d9dee4";
const USER: &str = "#2b6cb0";
const ASSISTANT: &str = "#2f855a";
const TOOL: &str = "#b7791f";
const STOP: &str = "#c53030";

/// Draws the conversation as an SVG document.
pub fn draw(timeline: &Timeline) -> String {
    let mut drawing = Drawing::new(timeline);
    // Writing to a String cannot fail.
    let _ = drawing.paint(timeline);
    drawing.finished()
}

struct Drawing {
    /// What lies behind: hairlines, lanes, waveforms.
    back: String,
    /// Lines that cross what lies behind, and pass under labels.
    lines: String,
    /// Labels and what belongs to them.
    front: String,
    /// How far down the drawing has come.
    y: f64,
    /// Pixels per second.
    scale: f64,
    /// Where the time axis ends, in seconds.
    end: f64,
}

impl Drawing {
    fn new(timeline: &Timeline) -> Self {
        let end = timeline.end.as_secs_f64().max(1.0);
        // A short conversation fills a page, a long one stays legible, and none is boundless.
        let across = (end * 45.0).clamp(1000.0, 6000.0);
        Self {
            back: String::new(),
            lines: String::new(),
            front: String::new(),
            y: 0.0,
            scale: across / end,
            end,
        }
    }

    fn x(&self, at: Duration) -> f64 {
        GUTTER + at.as_secs_f64().min(self.end) * self.scale
    }

    fn right(&self) -> f64 {
        GUTTER + self.end * self.scale
    }

    fn paint(&mut self, timeline: &Timeline) -> fmt::Result {
        self.y = 36.0;
        self.text(MARGIN, self.y, 16.0, INK, "bold", &timeline.title)?;
        self.y += 14.0;
        let top = self.y;
        let interruptions = self.placed(&timeline.interruptions);
        let rows = rows::count(&interruptions);
        self.marks(&interruptions)?;
        self.y = top + rows as f64 * ROW + 6.0;
        let lanes = self.y;
        self.lane("You", USER, &timeline.user)?;
        self.band("", &timeline.latencies, FAINT, true)?;
        self.lane("Model", ASSISTANT, &timeline.assistant)?;
        let bottom = self.y;
        self.lines(&interruptions, top, lanes, bottom)?;
        self.band("Tools", &timeline.tools, TOOL, false)?;
        self.axis(lanes)?;
        self.words(&timeline.words)
    }

    fn placed(&self, spans: &[Span]) -> Vec<Placed> {
        let spans = spans
            .iter()
            .map(|span| (self.x(span.from), self.x(span.to), span.label.clone()));
        rows::place(spans, GUTTER, self.right())
    }

    /// Labels of interruptions, above the lanes.
    fn marks(&mut self, placed: &[Placed]) -> fmt::Result {
        for mark in placed {
            let y = self.y + (mark.row as f64 + 0.5) * ROW;
            writeln!(
                self.front,
                r#"<circle cx="{:.1}" cy="{y:.1}" r="4" fill="{STOP}"/>"#,
                mark.from
            )?;
            self.text(mark.label, y + 4.0, FONT, STOP, "normal", &mark.text)?;
        }
        Ok(())
    }

    /// Lines from the labels of interruptions down through the lanes. A line passes behind the
    /// labels of other rows.
    fn lines(&mut self, placed: &[Placed], top: f64, lanes: f64, bottom: f64) -> fmt::Result {
        for mark in placed {
            let from = top + (mark.row as f64 + 0.5) * ROW + 4.0;
            let x = mark.from;
            let crossed = placed.iter().any(|other| {
                let label = other.label..other.label + width(&other.text, FONT);
                other.row > mark.row && label.contains(&x)
            });
            let from = if crossed { lanes } else { from };
            writeln!(
                self.lines,
                r#"<line x1="{x:.1}" y1="{from:.1}" x2="{x:.1}" y2="{bottom:.1}" stroke="{STOP}" stroke-width="1.5" stroke-dasharray="5 4"/>"#
            )?;
        }
        Ok(())
    }

    /// A lane of waveform.
    fn lane(&mut self, name: &str, colour: &str, sounds: &[Sound]) -> fmt::Result {
        let (right, middle) = (self.right(), self.y + LANE / 2.0);
        self.text(MARGIN, middle + 5.0, 14.0, colour, "bold", name)?;
        writeln!(
            self.back,
            r##"<rect x="{GUTTER}" y="{:.1}" width="{:.1}" height="{LANE}" rx="4" fill="#f5f7fa"/>"##,
            self.y,
            right - GUTTER
        )?;
        let count = ((right - GUTTER) / BAR) as usize;
        let peaks = waveform::peaks(sounds, BAR / self.scale, count);
        let mut path = String::new();
        for (index, peak) in peaks.iter().enumerate().filter(|(_, peak)| **peak > 0.0) {
            let x = GUTTER + (index as f64 + 0.5) * BAR;
            // The square root shows quiet speech as the ear hears it.
            let half = (f64::from(peak.sqrt()) * (LANE / 2.0 - 4.0)).max(0.7);
            write!(path, "M{x:.1} {:.1}V{:.1}", middle - half, middle + half)?;
        }
        writeln!(
            self.back,
            r#"<path d="{path}" stroke="{colour}" stroke-width="2" stroke-linecap="round" fill="none"/>"#
        )?;
        self.y += LANE;
        Ok(())
    }

    /// A band of spans with labels; `measure` draws them as dimension lines instead of bars.
    fn band(&mut self, name: &str, spans: &[Span], colour: &str, measure: bool) -> fmt::Result {
        let placed = self.placed(spans);
        self.y += 6.0;
        if !placed.is_empty() {
            self.text(MARGIN, self.y + ROW / 2.0 + 4.0, 14.0, colour, "bold", name)?;
        }
        for span in &placed {
            let y = self.y + (span.row as f64 + 0.5) * ROW;
            let to = span.to.max(span.from + 3.0);
            if measure {
                writeln!(
                    self.front,
                    r#"<path d="M{0:.1} {1:.1}V{2:.1}M{0:.1} {y:.1}H{3:.1}M{3:.1} {1:.1}V{2:.1}" stroke="{colour}" stroke-width="1.5" fill="none"/>"#,
                    span.from,
                    y - 5.0,
                    y + 5.0,
                    to
                )?;
            } else {
                writeln!(
                    self.front,
                    r#"<rect x="{:.1}" y="{:.1}" width="{:.1}" height="12" rx="2" fill="{colour}"/>"#,
                    span.from,
                    y - 6.0,
                    to - span.from
                )?;
            }
            self.text(span.label, y + 4.0, FONT, INK, "normal", &span.text)?;
        }
        self.y += rows::count(&placed).max(1) as f64 * ROW + 6.0;
        Ok(())
    }

    /// The seconds, with hairlines up through the lanes.
    fn axis(&mut self, lanes: f64) -> fmt::Result {
        let (y, right) = (self.y, self.right());
        let step = step(self.scale);
        let decimals = usize::from(step < 1.0);
        let mut hairlines = String::new();
        let ticks = (self.end / step) as usize;
        for tick in 0..=ticks {
            let seconds = tick as f64 * step;
            let x = GUTTER + seconds * self.scale;
            write!(hairlines, "M{x:.1} {lanes:.1}V{:.1}", y + 5.0)?;
            let unit = if tick == ticks { " s" } else { "" };
            let label = format!("{seconds:.decimals$}{unit}");
            let x = x - width(&label, FONT) / 2.0;
            self.text(x, y + 20.0, FONT, FAINT, "normal", &label)?;
        }
        writeln!(
            self.front,
            r#"<path d="M{GUTTER} {y:.1}H{right:.1}" stroke="{FAINT}" stroke-width="1"/>"#
        )?;
        // Behind everything: they would cut through labels otherwise.
        let behind = format!("<path d=\"{hairlines}\" stroke=\"{RULE}\" stroke-width=\"1\"/>\n");
        self.back.insert_str(0, &behind);
        self.y += 44.0;
        Ok(())
    }

    /// Who said what, wrapped to the width of the picture.
    fn words(&mut self, words: &[Words]) -> fmt::Result {
        for said in words {
            let (name, colour) = if said.user {
                ("You", USER)
            } else {
                ("Model", ASSISTANT)
            };
            let time = format!("{:.1} s", said.at.as_secs_f64());
            self.text(MARGIN, self.y, FONT, FAINT, "normal", &time)?;
            self.text(GUTTER, self.y, 13.0, colour, "bold", name)?;
            let left = GUTTER + 64.0;
            for line in wrapped(&said.text, (self.right() - left).min(860.0), 13.0) {
                self.text(left, self.y, 13.0, INK, "normal", &line)?;
                self.y += LINE;
            }
            self.y += 5.0;
        }
        Ok(())
    }

    fn text(
        &mut self,
        x: f64,
        y: f64,
        size: f64,
        fill: &str,
        weight: &str,
        text: &str,
    ) -> fmt::Result {
        let text = escaped(text);
        writeln!(
            self.front,
            r#"<text x="{x:.1}" y="{y:.1}" font-size="{size}" fill="{fill}" font-weight="{weight}" stroke="white" stroke-width="4" stroke-linejoin="round" paint-order="stroke">{text}</text>"#
        )
    }

    fn finished(self) -> String {
        let (width, height) = (self.right() + MARGIN, self.y + 16.0);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
             viewBox=\"0 0 {width:.0} {height:.0}\" \
             font-family=\"'DejaVu Sans', Verdana, 'Segoe UI', Helvetica, Arial, sans-serif\">\n\
             <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n{}{}{}</svg>\n",
            self.back, self.lines, self.front
        )
    }
}

/// Seconds between two labels of the axis: the least of a round series that leaves them room.
fn step(scale: f64) -> f64 {
    let steps = [
        0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0,
    ];
    steps
        .into_iter()
        .find(|step| step * scale >= 40.0)
        .unwrap_or(1800.0)
}

/// Lines no wider than `most` pixels, broken between words, or within a word that is too long.
fn wrapped(text: &str, most: f64, font: f64) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let mut rest: &str = word;
        while !rest.is_empty() {
            let Some(line) = lines.last_mut() else { break };
            let space = if line.is_empty() { "" } else { " " };
            let joined = format!("{line}{space}{rest}");
            if width(&joined, font) <= most {
                *line = joined;
                break;
            }
            if line.is_empty() {
                let fits = rest.char_indices().find(|(at, _)| {
                    rest.get(..*at)
                        .is_some_and(|head| width(head, font) > most - font)
                });
                let (head, tail) = rest.split_at(fits.map_or(rest.len(), |(at, _)| at));
                line.push_str(head);
                rest = tail;
            }
            if !rest.is_empty() {
                lines.push(String::new());
            }
        }
    }
    lines
}

/// Text as XML takes it; control characters, which XML has no way to hold, are left out.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '\u{fffe}' | '\u{ffff}' => {}
            c if c.is_control() => safe.push(' '),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_at_all_is_still_a_picture() {
        let svg = draw(&Timeline::default());
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }

    #[test]
    fn words_of_others_cannot_break_the_picture() {
        let words = Words {
            at: Duration::ZERO,
            user: true,
            text: "a <b> & \u{1}\u{ffff}]]>".to_owned(),
        };
        let svg = draw(&Timeline {
            words: vec![words],
            ..Timeline::default()
        });
        assert!(
            svg.contains("a &lt;b&gt; &amp; ]]&gt;") || svg.contains("a &lt;b&gt; &amp;  ]]&gt;"),
            "{svg}"
        );
    }

    #[test]
    fn lines_are_broken_to_fit() {
        let long = format!("some words and {} then more words", "x".repeat(300));
        for line in wrapped(&long, 200.0, 13.0) {
            assert!(width(&line, 13.0) <= 200.0, "{line}");
        }
        let joined: String = wrapped(&long, 200.0, 13.0).concat();
        assert_eq!(joined.replace(' ', ""), long.replace(' ', ""));
    }
}
