//! The limit of open files: every attempt in flight and every connection is one.

/// The usual soft limit. With less, a few hundred deliveries at once use everything up.
const LOW: u64 = 1024;

/// Raises the limit as far as this process may, and returns it.
pub(super) fn raise_limit() -> u64 {
    let raised = rlimit::increase_nofile_limit(u64::MAX).unwrap_or_else(|error| {
        tracing::warn!(%error, "the limit of open files could not be raised");
        // What every system allows at least (POSIX, _POSIX_OPEN_MAX is 20; Linux and macOS start at 256).
        rlimit::getrlimit(rlimit::Resource::NOFILE).map_or(256, |(soft, _)| soft)
    });
    if raised < LOW {
        tracing::warn!(
            limit = raised,
            "few files may be open at once: raise the limit (ulimit -n, LimitNOFILE), or deliveries and connections fail under load"
        );
    }
    raised
}
