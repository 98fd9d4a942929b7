//! Makes objects durable: s3s-fs writes files and syncs none of them.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Syncs what s3s-fs has written for an object: the object, what it notes about it, and every folder on the way. `path` is
/// that of the request, `/{bucket}/{key}`.
pub(super) fn sync_object(folder: &Path, path: &str) -> io::Result<()> {
    let path = path.trim_start_matches('/');
    let Some((bucket, key)) = path.split_once('/') else { return Ok(()) };
    let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let noted = format!(".bucket-{}.object-{}", encode(bucket), encode(key));
    for note in ["metadata.json", "internal.json"] {
        sync_if_there(&folder.join(format!("{noted}.{note}")))?;
    }
    let object = folder.join(path);
    sync_if_there(&object)?;
    for above in object.ancestors().skip(1).take_while(|above| above.starts_with(folder)) {
        sync_dir(above)?;
    }
    Ok(())
}

fn sync_if_there(file: &PathBuf) -> io::Result<()> {
    match File::open(file) {
        Ok(file) => file.sync_all(),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Makes new files of a folder durable.
#[cfg(unix)]
pub(crate) fn sync_dir(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Other systems have no such call.
#[cfg(not(unix))]
pub(crate) fn sync_dir(_: &Path) -> io::Result<()> {
    Ok(())
}
