//! Programs that suites need and no Rust installation brings along: taken where they are, else
//! built once for this workspace.
//!
//! They are built without optimisation, because they run for a second and would be optimised for
//! five minutes.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use super::answers;
use crate::workspace;

/// A cargo subcommand that comes from the registry.
#[derive(Debug)]
pub(super) struct Tool {
    /// The package.
    pub(super) package: &'static str,
    /// The version that is built where none is installed.
    pub(super) version: &'static str,
    /// What it is called as, after `cargo`.
    pub(super) subcommand: &'static str,
}

impl Tool {
    /// Makes sure that the tool is there, and gives the `PATH` under which cargo finds it. Else says
    /// why not.
    pub(super) fn provide(&self, target: &Path) -> Result<OsString, String> {
        let inherited = env::var_os("PATH").unwrap_or_default();
        if self.is_found(&inherited) {
            return Ok(inherited);
        }
        let home = target.join("tools");
        let path = first(&home.join("bin"), &inherited)
            .map_err(|_| format!("{} is no folder for programs", home.display()))?;
        if self.is_found(&path) || (self.build(&home) && self.is_found(&path)) {
            return Ok(path);
        }
        let package = self.package;
        Err(format!(
            "{package} cannot be had here; install it with: cargo install {package} --locked"
        ))
    }

    fn is_found(&self, path: &OsStr) -> bool {
        let mut probe = workspace::cargo(&workspace::root());
        probe.args([self.subcommand, "--version"]).env("PATH", path);
        answers(probe)
    }

    fn build(&self, home: &Path) -> bool {
        let (package, version) = (self.package, self.version);
        println!(
            "{package} is not installed; building {version} into {}, once and for about a minute",
            home.display()
        );
        let build = home.join("build");
        let mut command = workspace::cargo(&workspace::root());
        command
            .args(["install", package, "--locked", "--debug", "--quiet"])
            .arg(format!("--version={version}"))
            .arg("--root")
            .arg(home)
            .arg("--target-dir")
            .arg(&build)
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .env("CARGO_NET_RETRY", "1")
            .stdin(Stdio::null());
        let built = command.status().is_ok_and(|status| status.success());
        // Hundreds of megabytes that nobody reads again; what cannot be removed does no harm.
        let _ = fs::remove_dir_all(&build);
        built
    }
}

/// A search path that begins with `folder`.
fn first(folder: &Path, path: &OsStr) -> Result<OsString, env::JoinPathsError> {
    let rest = env::split_paths(path);
    env::join_paths([PathBuf::from(folder)].into_iter().chain(rest))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn what_is_installed_is_taken_as_it_is() {
        // A subcommand that every cargo has stands for a tool that is installed.
        let tool = Tool {
            package: "no-such-package",
            version: "0",
            subcommand: "tree",
        };
        let nowhere = Path::new("/no/such/folder");
        assert_eq!(
            tool.provide(nowhere),
            Ok(env::var_os("PATH").unwrap_or_default())
        );
    }

    #[test]
    fn what_was_built_for_the_workspace_comes_first() {
        let path = first(Path::new("/w/tools/bin"), OsStr::new("/usr/bin:/bin")).unwrap();
        let folders: Vec<_> = env::split_paths(&path).collect();
        assert_eq!(folders.first(), Some(&PathBuf::from("/w/tools/bin")));
        assert!(folders.contains(&PathBuf::from("/bin")));
    }
}
