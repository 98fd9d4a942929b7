//! Python with ministack in it, and what is said of it.

use std::path::PathBuf;

use crate::world::process::workspace;
use crate::world::python;

const NAME: &str = "ministack";

/// The Python of an environment that has what `tests/ministack/requirements.txt` names. `None` when there can be none and
/// nobody insists.
pub(super) fn python() -> Option<PathBuf> {
    python::environment(NAME, "the deployed template is not tested")
}

/// Says something past the test runner.
pub(super) fn say(text: &str) {
    python::say(NAME, text);
}

/// Where files of these tests are.
pub(super) fn file(name: &str) -> PathBuf {
    workspace().join("tests").join(NAME).join(name)
}
