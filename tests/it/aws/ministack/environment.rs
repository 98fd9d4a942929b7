//! The Python environment with ministack, and messages about it.

use std::path::PathBuf;

use crate::world::process::workspace;
use crate::world::python;

const NAME: &str = "ministack";

/// The Python of a virtual environment with the packages in `tests/ministack/requirements.txt`. `None` if it
/// cannot be created and is not mandatory.
pub(super) fn python() -> Option<PathBuf> {
    python::environment(NAME, "the deployed template is not tested")
}

/// Prints past the test runner's capture.
pub(super) fn say(text: &str) {
    python::say(NAME, text);
}

/// The directory with these tests' files.
pub(super) fn file(name: &str) -> PathBuf {
    workspace().join("tests").join(NAME).join(name)
}
