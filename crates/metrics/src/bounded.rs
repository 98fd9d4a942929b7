//! Families of counters whose number of label sets is bounded.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

use crate::Tenant;

/// The most label sets of a family. A series costs memory here and in every Prometheus that reads it, and tenants decide how
/// many webhooks there are.
const MAX_LABEL_SETS: usize = 1000;

/// The tenant of all that are beyond the bound.
const OTHER: &str = "other";

type Labels = Vec<(&'static str, Cow<'static, str>)>;

/// Counters by labels, one of which may name a tenant. Beyond [`MAX_LABEL_SETS`], new tenants are summed up.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counters {
    family: Family<Labels, Counter>,
    /// How many label sets with a tenant there are.
    of_tenants: Arc<AtomicUsize>,
}

impl Counters {
    pub(crate) fn register(registry: &mut Registry, name: &str, help: &str) -> Self {
        let counters = Self::default();
        registry.register(name, help, counters.family.clone());
        counters
    }

    /// Counts one more with these labels, whose values come from enumerations of ours.
    pub(crate) fn count<const N: usize>(
        &self,
        labels: [(&'static str, Cow<'static, str>); N],
        tenant: &Tenant,
    ) {
        let mut labels = Labels::from(labels);
        if let Some((label, id)) = &tenant.0 {
            labels.push((label, Cow::Owned(id.clone())));
            if self.family.get(&labels).is_none()
                && self.of_tenants.fetch_add(1, Ordering::Relaxed) >= MAX_LABEL_SETS
            {
                labels[N].1 = Cow::Borrowed(OTHER);
            }
        }
        self.family.get_or_create(&labels).inc();
    }

    #[cfg(test)]
    fn get<const N: usize>(&self, labels: [(&'static str, &'static str); N]) -> Option<u64> {
        let labels = labels.map(|(name, value)| (name, Cow::Borrowed(value)));
        self.family.get(&Labels::from(labels)).map(|counter| counter.get())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::By;

    #[test]
    fn tenants_beyond_the_bound_are_summed_up_and_known_ones_are_still_told_apart() {
        let counters = Counters::default();
        for number in 0..MAX_LABEL_SETS + 5 {
            let tenant = format!("org-{number}");
            let tenant = Tenant::of(By::Org, |_| &tenant);
            counters.count([("status", "failed".into())], &tenant);
        }
        counters.count([("status", "failed".into())], &Tenant::of(By::Org, |_| "org-7"));
        let of = |org_id: &'static str| counters.get([("status", "failed"), ("org_id", org_id)]);
        assert_eq!((of("org-7"), of("org-8"), of(OTHER)), (Some(2), Some(1), Some(5)));
        assert_eq!((of("org-999"), of("org-1000")), (Some(1), None));
    }
}
