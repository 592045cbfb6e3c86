//! What the workspace says of itself: its features, and where it builds.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use cargo_metadata::{Metadata, MetadataCommand};

/// Every feature of every crate of ours, as cargo's `--features` takes them.
pub(super) fn all(root: &Path) -> Result<String> {
    let metadata = metadata(root)?;
    let mut features = Vec::new();
    for package in &metadata.packages {
        for feature in package
            .features
            .keys()
            .filter(|feature| *feature != "default")
        {
            features.push(format!("{}/{feature}", package.name));
        }
    }
    Ok(features.join(","))
}

/// The folder that everything is built into.
pub(super) fn target_folder(root: &Path) -> Result<PathBuf> {
    Ok(metadata(root)?.target_directory.into_std_path_buf())
}

fn metadata(root: &Path) -> Result<Metadata> {
    MetadataCommand::new()
        .current_dir(root)
        .no_deps()
        .exec()
        .context("cargo metadata fails; the workspace must load before it can be tested")
}
