//! Simulated weeks.
//!
//! | file | what its tests cover |
//! | --- | --- |
//! | `repeatable` | the same seed is the same week, to the byte |
//! | `weeks` | promises hold in weeks from seeds |
//! | `aws` | promises hold in weeks in which the services do what those of AWS may |
//! | `coverage` | every pair of a state and a fault that the definition allows is met |
//! | `plants` | planted bugs are found, and made small |
//! | `regressions` | what a simulation has found, and was mended |

mod aws;
mod coverage;
mod plants;
mod regressions;
mod repeatable;
mod weeks;
