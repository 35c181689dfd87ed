//! The parser counts characters; everything else here counts bytes.

/// Characters between two places that are remembered.
const STEP: usize = 64;

/// Finds the byte of a character.
pub(super) struct Offsets<'t> {
    text: &'t str,
    /// The byte of every 64th character; nothing where the text is ASCII and there is nothing to find.
    known: Vec<usize>,
}

impl<'t> Offsets<'t> {
    pub(super) fn of(text: &'t str) -> Offsets<'t> {
        let known = match text.is_ascii() {
            true => Vec::new(),
            false => text.char_indices().step_by(STEP).map(|(byte, _)| byte).collect(),
        };
        Offsets { text, known }
    }

    /// The byte at which the character of that number begins; the end of the text for those behind it.
    pub(super) fn byte(&self, character: usize) -> usize {
        if self.known.is_empty() {
            return character.min(self.text.len());
        }
        let Some(start) = self.known.get(character / STEP) else { return self.text.len() };
        let mut following = self.text.get(*start..).unwrap_or("").char_indices();
        following.nth(character % STEP).map_or(self.text.len(), |(byte, _)| start + byte)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_found_wherever_they_stand() {
        for text in ["", "abc".repeat(100).as_str(), "aä€𝄞".repeat(100).as_str()] {
            let offsets = Offsets::of(text);
            for (character, (byte, _)) in text.char_indices().enumerate() {
                assert_eq!(offsets.byte(character), byte);
            }
            assert_eq!(offsets.byte(text.chars().count()), text.len());
            assert_eq!(offsets.byte(usize::MAX), text.len());
        }
    }
}
