// SPDX-License-Identifier: GPL-2.0

//! Points in time, as certificates and people write them.

use std::time::{
    Duration,
    SystemTime, //
};

use der::DateTime;

/// The present; the year 9999 if this machine's clock is not between 1970 and then, so that nothing
/// is valid.
pub fn now() -> DateTime {
    DateTime::from_system_time(SystemTime::now()).unwrap_or(DateTime::INFINITY)
}

/// Reads `2026-11-21T00:00:00Z`, `2026-11-21` (its first second) or `@1795219200` (seconds since
/// 1970).
///
/// # Errors
///
/// What would have been understood.
pub fn parse(text: &str) -> Result<DateTime, String> {
    let time = if let Some(seconds) = text.strip_prefix('@') {
        let seconds = seconds.parse().ok().map(Duration::from_secs);
        seconds.and_then(|duration| DateTime::from_unix_duration(duration).ok())
    } else if text.len() == "2026-11-21".len() {
        format!("{text}T00:00:00Z").parse().ok()
    } else {
        text.parse().ok()
    };
    time.ok_or_else(|| "neither 2026-11-21, 2026-11-21T00:00:00Z nor @SECONDS".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_forms_mean_the_same() {
        let time = parse("2026-11-21T00:00:00Z").unwrap();
        assert_eq!(parse("2026-11-21"), Ok(time));
        assert_eq!(parse("@1795219200"), Ok(time));
        assert_eq!(time.to_string(), "2026-11-21T00:00:00Z");
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "now",
            "2026-13-01",
            "2026-11-21 00:00",
            "@",
            "@-1",
            "äöüäö",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
