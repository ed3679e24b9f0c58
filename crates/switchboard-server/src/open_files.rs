//! How many files, and so connections, the process may have open.

use std::io;

use rlimit::Resource;

/// The limit on open files, before and after it was raised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenFiles {
    /// What the process was started with.
    pub before: u64,
    /// What holds now.
    pub after: u64,
}

/// Raises the soft limit on open files (`RLIMIT_NOFILE`) to the hard one.
///
/// # Errors
/// When the system does not tell or does not allow it; the limit then stays what it was.
pub fn raise() -> io::Result<OpenFiles> {
    let (before, hard) = Resource::NOFILE.get()?;
    if before < hard {
        Resource::NOFILE.set(hard, hard)?;
    }
    let (after, _) = Resource::NOFILE.get()?;
    Ok(OpenFiles { before, after })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_raised_to_the_hard_one_and_stays_there() {
        let (_, hard) = Resource::NOFILE.get().unwrap();
        assert_eq!(raise().unwrap().after, hard);
        let again = raise().unwrap();
        assert_eq!((again.before, again.after), (hard, hard));
    }
}
