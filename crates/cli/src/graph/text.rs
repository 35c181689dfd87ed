//! How wide a text is, and how it is broken into lines that fit.

/// Thousandths of the font size that the printable characters of ASCII take in Arial and Helvetica, from the blank on.
#[rustfmt::skip]
const ASCII_WIDTHS: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
    1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
    333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
    556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];

/// Other sans-serif fonts are wider than Arial; the boxes leave room for them.
const FONT_ALLOWANCE: f64 = 1.08;

/// The estimated width of `text`, in the unit of `size`. Wide scripts count one em for each character.
pub(super) fn width(text: &str, size: f64) -> f64 {
    let thousandths: u64 = text.chars().map(|c| u64::from(character_width(c))).sum();
    // A definition holds at most a megabyte of text, far below where the conversion would round.
    thousandths as f64 / 1000.0 * size * FONT_ALLOWANCE
}

fn character_width(c: char) -> u16 {
    let at = (c as usize).wrapping_sub(0x20);
    match ASCII_WIDTHS.get(at) {
        Some(width) => *width,
        None if (c as u32) < 0x2e80 => 600,
        None => 1000,
    }
}

/// Breaks `text` into at most `most` lines of at most `limit` width each; the last ends in `…` where text is left over.
/// Lines break at blanks; a word that is too long breaks after a separator, between the humps of camel case, or anywhere.
pub(super) fn wrap(text: &str, size: f64, limit: f64, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = vec![String::new()];
    for word in text.split_inclusive(char::is_whitespace) {
        let pieces = if width(word.trim_end(), size) <= limit { vec![word] } else { pieces(word) };
        for piece in pieces {
            place(&mut lines, piece, size, limit);
        }
        // What follows would be cut off anyway.
        if lines.len() > most {
            break;
        }
    }
    let is_cut = lines.len() > most;
    lines.truncate(most.max(1));
    for line in &mut lines {
        line.truncate(line.trim_end().len());
    }
    if let Some(last) = lines.last_mut().filter(|_| is_cut) {
        while width(&format!("{last}…"), size) > limit && last.pop().is_some() {}
        last.truncate(last.trim_end().len());
        last.push('…');
    }
    lines
}

/// Puts a piece at the end of the last line, or on new ones.
fn place(lines: &mut Vec<String>, piece: &str, size: f64, limit: f64) {
    let used = lines.last().map_or(0.0, |line| width(line, size));
    if used + width(piece.trim_end(), size) <= limit {
        if let Some(line) = lines.last_mut() {
            line.push_str(piece);
        }
        return;
    }
    let mut used = limit;
    if lines.last().is_some_and(String::is_empty) {
        used = 0.0;
    }
    for c in piece.chars() {
        let more = width(c.encode_utf8(&mut [0; 4]), size);
        if used + more > limit {
            lines.push(String::new());
            used = 0.0;
        }
        used += more;
        if let Some(line) = lines.last_mut() {
            line.push(c);
        }
    }
}

/// The parts of a long word between which a line may break; each keeps the character it ends with.
fn pieces(word: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut previous = ' ';
    for (at, c) in word.char_indices() {
        let breaks = matches!(previous, '-' | '_' | '/' | ':' | ',' | '.')
            || (previous.is_lowercase() && c.is_uppercase());
        if at > start && breaks && !c.is_whitespace() {
            pieces.extend(word.get(start..at));
            start = at;
        }
        previous = c;
    }
    pieces.extend(word.get(start..));
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words_and_humps_and_stay_within_the_limit() {
        assert_eq!(wrap("Wait For Stock", 10.0, 60.0, 3), ["Wait For", "Stock"]);
        assert_eq!(wrap("ReadValidationError", 10.0, 60.0, 3), ["Read", "Validation", "Error"]);
        let long = "x".repeat(500);
        let lines = wrap(&long, 10.0, 60.0, 3);
        assert_eq!(lines.len(), 3);
        assert!(lines.iter().all(|line| width(line, 10.0) <= 60.0), "{lines:?}");
        assert!(lines[2].ends_with('…'));
    }

    #[test]
    fn an_empty_text_is_one_empty_line() {
        assert_eq!(wrap("", 10.0, 60.0, 3), [""]);
    }
}
