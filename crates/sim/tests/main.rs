//! Simulated weeks.
//!
//! | file | what its tests cover |
//! | --- | --- |
//! | `repeatable` | the same seed is the same week, to the byte |
//! | `weeks` | promises hold in weeks from seeds |
//! | `plants` | planted bugs are found, and made small |

mod plants;
mod repeatable;
mod weeks;
