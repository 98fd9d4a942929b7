//! Simulated weeks.
//!
//! | file | what its tests cover |
//! | --- | --- |
//! | `repeatable` | the same seed is the same week, to the byte |
//! | `weeks` | promises hold in weeks from seeds |
//! | `plants` | planted bugs are found, and made small |
//! | `regressions` | what a simulation has found, and was mended |

mod plants;
mod regressions;
mod repeatable;
mod weeks;
