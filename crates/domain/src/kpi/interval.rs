//! How far a figure of few answers can be trusted: 95 % confidence intervals.

use serde::Serialize;

/// Where the value lies that very many answers would give, in 95 of 100 such samples.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// The 97.5th percentile of the normal distribution.
const Z: f64 = 1.959_964;

/// Of Student's t distribution, by degrees of freedom from 1.
const T: [f64; 30] = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
    2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
];

/// Of a share: Wilson's interval, which is sound for few answers and for shares near 0 and 1.
pub(super) fn of_share(numerator: f64, n: f64) -> Option<Interval> {
    if n < 1.0 {
        return None;
    }
    let (p, z2) = (numerator / n, Z * Z);
    let center = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z / (1.0 + z2 / n) * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    Some(Interval { low: (center - half).max(0.0), high: (center + half).min(1.0) })
}

/// Of a mean on a scale: Student's interval, cut at the ends of the scale. One answer tells nothing but the scale.
pub(super) fn of_mean(sum: f64, squares: f64, n: f64, scale: (f64, f64)) -> Option<Interval> {
    if n < 1.0 {
        return None;
    }
    if n < 2.0 {
        return Some(Interval { low: scale.0, high: scale.1 });
    }
    let mean = sum / n;
    let variance = ((squares - n * mean * mean) / (n - 1.0)).max(0.0);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    // a count, and only small ones are looked up
    let t = T.get((n.min(1e6) as usize).saturating_sub(2)).copied().unwrap_or(Z);
    let half = t * (variance / n).sqrt();
    Some(Interval { low: (mean - half).max(scale.0), high: (mean + half).min(scale.1) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn close(interval: Option<Interval>, low: f64, high: f64) {
        let interval = interval.expect("an interval");
        assert!((interval.low - low).abs() < 0.001 && (interval.high - high).abs() < 0.001, "{interval:?}");
    }

    #[test]
    fn shares_as_in_the_tables() {
        close(of_share(5.0, 10.0), 0.2366, 0.7634);
        close(of_share(10.0, 10.0), 0.7225, 1.0);
        close(of_share(0.0, 1.0), 0.0, 0.7935);
        close(of_share(950.0, 1000.0), 0.9347, 0.9619);
        assert_eq!(of_share(0.0, 0.0), None);
    }

    #[test]
    fn means_as_by_hand() {
        // 5, 4, 3: mean 4, s = 1, t(2) = 4.303: 4 ± 2.484, cut at 5.
        close(of_mean(12.0, 50.0, 3.0, (1.0, 5.0)), 1.5156, 5.0);
        close(of_mean(5.0, 25.0, 1.0, (1.0, 5.0)), 1.0, 5.0);
        close(of_mean(20.0, 80.0, 5.0, (1.0, 5.0)), 4.0, 4.0);
        // A hundred answers, half 4 and half 5.
        close(of_mean(450.0, 2050.0, 100.0, (1.0, 5.0)), 4.4015, 4.5985);
        assert_eq!(of_mean(0.0, 0.0, 0.0, (1.0, 5.0)), None);
    }
}
