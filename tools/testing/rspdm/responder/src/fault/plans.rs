// SPDX-License-Identifier: GPL-2.0

//! Plans that change while the responder runs.

use std::{
    fs,
    path::PathBuf,
    sync::{
        Arc,
        Mutex, //
    },
};

use super::Plan;
use crate::{
    config::Config,
    random::Random, //
};

/// Where connections get their plan from: one for all, or a file that is read for each request.
///
/// The file has one fault per line, as after `--fault`. An absent file is like an empty one.
pub struct Plans {
    config: Config,
    random: Arc<Random>,
    file: Option<PathBuf>,
    current: Mutex<Current>,
}

/// The plan, and the text that it was made from.
struct Current {
    text: String,
    plan: Arc<Plan>,
}

impl Plans {
    /// Begins with the faults named in `names`, which hold until `file` says something.
    ///
    /// # Errors
    ///
    /// A sentence for the user.
    pub fn new(
        config: Config,
        random: Arc<Random>,
        names: &[String],
        file: Option<PathBuf>,
    ) -> Result<Self, String> {
        let plan = Arc::new(Plan::new(config.clone(), random.clone(), names)?);
        let text = String::new();
        Ok(Self {
            config,
            random,
            file,
            current: Mutex::new(Current { text, plan }),
        })
    }

    /// This plan for all.
    pub fn fixed(plan: Arc<Plan>) -> Self {
        let honest = plan.honest();
        Self {
            config: honest.config.clone(),
            random: honest.random.clone(),
            file: None,
            current: Mutex::new(Current {
                text: String::new(),
                plan,
            }),
        }
    }

    /// The plan for what is asked now.
    ///
    /// What cannot be read as faults is reported on standard error, and changes nothing.
    pub fn current(&self) -> Arc<Plan> {
        let mut current = self
            .current
            .lock()
            .expect("no thread panics with this lock");
        if let Some(file) = &self.file {
            let text = fs::read_to_string(file).unwrap_or_default();
            if text != current.text {
                let names: Vec<_> = text.split_whitespace().map(str::to_owned).collect();
                match Plan::new(self.config.clone(), self.random.clone(), &names) {
                    Ok(plan) => current.plan = Arc::new(plan.after(&current.plan)),
                    Err(error) => eprintln!("{}: {error}", file.display()),
                }
                current.text = text;
            }
        }
        current.plan.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Kind;

    #[test]
    fn file_is_read_each_time() {
        let name = format!("rspdm-plans-{}", std::process::id());
        let file = std::env::temp_dir().join(name);
        let random = Arc::new(Random::new(Some(1)));
        let plans = Plans::new(Config::default(), random, &[], Some(file.clone())).unwrap();
        let refuses = || plans.current().strike(Kind::Digests).refusal(&[]).is_some();

        assert!(!refuses());
        fs::write(&file, "digests:error-busy\n").unwrap();
        assert!(refuses());
        fs::write(&file, "nonsense\n").unwrap();
        assert!(refuses());
        fs::write(&file, "").unwrap();
        assert!(!refuses());
        fs::remove_file(file).unwrap();
        assert!(!refuses());
    }

    #[test]
    fn chains_outlive_a_change() {
        let name = format!("rspdm-chains-{}", std::process::id());
        let file = std::env::temp_dir().join(name);
        let random = Arc::new(Random::new(None));
        let plans = Plans::new(Config::default(), random, &[], Some(file.clone())).unwrap();
        let roots = || plans.current().honest().roots_pem();

        let before = roots();
        fs::write(&file, "digests:mismatch").unwrap();
        assert_eq!(before, roots());
        fs::remove_file(file).unwrap();
    }
}
