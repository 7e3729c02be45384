//! Which of several texts say most of what was asked: BM25 over weighted words.

use std::collections::BTreeMap;

/// How soon saying a word more often stops to count.
const SATURATION: f64 = 1.2;

/// How much the length of a text counts against it.
const LENGTH: f64 = 0.75;

/// What a text weighs by: its words and how often each is said.
pub trait Weighed {
    /// Words and how often each is said.
    fn words(&self) -> &BTreeMap<String, u32>;
}

/// The score of each text that says any of the terms, best first, by the text's place.
pub fn rank<T: Weighed>(texts: &[T], terms: &[String]) -> Vec<(usize, f64)> {
    let lengths: Vec<f64> =
        texts.iter().map(|text| text.words().values().map(|n| f64::from(*n)).sum()).collect();
    let count = real(texts.len());
    let average = (lengths.iter().sum::<f64>() / count.max(1.0)).max(1.0);
    let mut scores: BTreeMap<usize, f64> = BTreeMap::new();
    for term in terms {
        let saying: Vec<(usize, f64)> = texts
            .iter()
            .enumerate()
            .filter_map(|(place, text)| Some((place, f64::from(*text.words().get(term)?))))
            .collect();
        let have = real(saying.len());
        let rarity = (1.0 + (count - have + 0.5) / (have + 0.5)).ln();
        for (place, often) in saying {
            let length = lengths.get(place).copied().unwrap_or(average) / average;
            let weight = often * (SATURATION + 1.0) / (often + SATURATION * (1.0 - LENGTH + LENGTH * length));
            *scores.entry(place).or_default() += rarity * weight;
        }
    }
    let mut ranked: Vec<(usize, f64)> = scores.into_iter().collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    ranked
}

fn real(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Said(BTreeMap<String, u32>);

    impl Weighed for Said {
        fn words(&self) -> &BTreeMap<String, u32> {
            &self.0
        }
    }

    fn said(words: &[(&str, u32)]) -> Said {
        Said(words.iter().map(|(word, often)| ((*word).to_owned(), *often)).collect())
    }

    fn order(texts: &[Said], terms: &[&str]) -> Vec<usize> {
        let terms: Vec<String> = terms.iter().map(|term| (*term).to_owned()).collect();
        rank(texts, &terms).into_iter().map(|(place, _)| place).collect()
    }

    #[test]
    fn rare_words_said_often_in_short_texts_come_first() {
        let texts = [
            said(&[("clave", 1), ("nota", 3), ("acta", 20)]),
            said(&[("clave", 5), ("nota", 1)]),
            said(&[("nota", 2)]),
            said(&[("otra", 2)]),
        ];
        assert_eq!(order(&texts, &["clave"]), [1, 0]);
        assert_eq!(order(&texts, &["clave", "nota"])[0], 1, "a rare word counts more than a common one");
        assert_eq!(order(&texts, &["nota"])[0], 2, "in a short text more than in a long one");
        assert!(order(&texts, &["nada"]).is_empty() && order(&[], &["nota"]).is_empty());
    }
}
