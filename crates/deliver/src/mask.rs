//! Keeps credentials out of the record: from the headers that we sent, and from a response that repeats them, in
//! whatever form (`forms`).
//!
//! A secret shorter than six bytes is not searched for: it would match unrelated text, and a password `true` would
//! spoil every response.

use std::collections::{BTreeMap, BTreeSet};

use aho_corasick::{AhoCorasick, AhoCorasickKind, Input, MatchKind};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hookstep_contract::Place;
use hookstep_secrets::{ClientProof, OauthClient};

use crate::forms;

/// The replacement for a secret.
const MASKED: &str = "***";

/// The length of the shortest secret that is searched for.
const MIN_BYTES: usize = 6;

/// How much of a form the automaton searches for. Whatever follows is compared, so that a long token does not make a
/// large automaton, and a token that a receiver cut off is found, too.
const ANCHOR_BYTES: usize = 48;

/// The shortest start of a secret that is masked at the end of a cut text.
const MIN_START_BYTES: usize = 4;

/// Secrets to mask.
#[derive(Default)]
pub(crate) struct Mask(Option<Finder>);

/// Whether a text has its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// The text is complete.
    Whole,
    /// The text was cut, possibly within a secret.
    Cut,
}

struct Finder {
    /// Finds the first bytes of a form.
    anchors: AhoCorasick,
    forms: Vec<Vec<u8>>,
}

impl Mask {
    pub(crate) fn new(secrets: impl IntoIterator<Item = String>) -> Self {
        let secrets = secrets.into_iter().filter(|secret| secret.len() >= MIN_BYTES);
        let forms: BTreeSet<Vec<u8>> =
            secrets.flat_map(|secret| forms::of(&secret)).filter(|form| form.len() >= MIN_BYTES).collect();
        let forms: Vec<Vec<u8>> = forms.into_iter().collect();
        if forms.is_empty() {
            return Self::default();
        }
        let anchors = forms.iter().map(|form| &form[..form.len().min(ANCHOR_BYTES)]);
        let built = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            // Quick to build, for the credentials of an attempt are searched for in one small response.
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(anchors);
        // It fails only above two billion states, which no credentials have.
        Self(built.ok().map(|anchors| Finder { anchors, forms }))
    }

    /// Masks the value of an authenticating header, and the secret parts of it.
    pub(crate) fn of_header(value: &str) -> Self {
        Self::new(parts(value))
    }

    /// Masks everything secret that was sent to an authorisation server.
    pub(crate) fn of_client(client: &OauthClient) -> Self {
        let secrets = match &client.proof {
            ClientProof::SecretInForm(secret) | ClientProof::SecretInHeader(secret) => {
                vec![secret.clone(), STANDARD.encode(format!("{}:{secret}", client.client_id))]
            }
            // The key is not sent, and an assertion is good for one request.
            ClientProof::Key { .. } => Vec::new(),
        };
        let extras = client.extras.iter().flat_map(|extra| match extra.place {
            Place::Header => parts(&extra.value),
            Place::Body | Place::Query => vec![extra.value.clone()],
        });
        Self::new(extras.chain(secrets))
    }

    /// The text with every secret masked.
    pub(crate) fn text(&self, text: &str) -> String {
        let masked = self.bytes(text.as_bytes().to_vec(), Extent::Whole);
        String::from_utf8_lossy(&masked).into_owned()
    }

    /// The bytes with every secret masked.
    pub(crate) fn bytes(&self, bytes: Vec<u8>, extent: Extent) -> Vec<u8> {
        match &self.0 {
            Some(finder) => finder.replace(bytes, extent),
            None => bytes,
        }
    }

    /// The values with every secret masked.
    pub(crate) fn values(&self, headers: BTreeMap<String, String>) -> BTreeMap<String, String> {
        headers.into_iter().map(|(name, value)| (name, self.text(&value))).collect()
    }
}

impl Finder {
    fn replace(&self, bytes: Vec<u8>, extent: Extent) -> Vec<u8> {
        let (mut kept, mut from) = (Vec::new(), 0);
        while let Some(found) = self.anchors.find(Input::new(&bytes).range(from..)) {
            kept.extend_from_slice(&bytes[from..found.start()]);
            kept.extend_from_slice(MASKED.as_bytes());
            from = found.start() + self.length(&bytes[found.start()..], found.len());
        }
        let rest = &bytes[from..];
        match self.start_at_the_end_of(rest).filter(|_| extent == Extent::Cut) {
            Some(length) => {
                kept.extend_from_slice(&rest[..rest.len() - length]);
                kept.extend_from_slice(MASKED.as_bytes());
                kept
            }
            None if from == 0 => bytes,
            None => {
                kept.extend_from_slice(rest);
                kept
            }
        }
    }

    /// How much of `text` is a secret, if it begins with an anchor of this length.
    fn length(&self, text: &[u8], anchor: usize) -> usize {
        let common = |form: &Vec<u8>| form.iter().zip(text).take_while(|(a, b)| a == b).count();
        self.forms.iter().map(common).filter(|&length| length >= anchor).max().unwrap_or(anchor)
    }

    /// The length of the longest start of a secret with which `text` ends.
    fn start_at_the_end_of(&self, text: &[u8]) -> Option<usize> {
        let longest = ANCHOR_BYTES.min(text.len());
        let ends =
            |length: &usize| self.forms.iter().any(|form| text.ends_with(&form[..(*length).min(form.len())]));
        (MIN_START_BYTES..=longest).rev().find(ends)
    }
}

/// The secret parts of a header's value, which are also secret on their own: the value itself, what follows a scheme
/// (`Bearer …`), the values of parameters (`key="…"`), and the password of `Basic …`.
fn parts(value: &str) -> Vec<String> {
    let mut parts = vec![value.to_owned()];
    let (scheme, rest) = match value.trim().split_once(' ') {
        Some((scheme, rest)) if !scheme.contains(['=', ',', ';']) => (scheme, rest),
        _ => ("", value),
    };
    parts.push(rest.trim().to_owned());
    for piece in rest.split([' ', ',', ';']) {
        // The sign of equality at the end of base64 is no parameter.
        let parameter = piece.split_once('=').map(|(_, value)| value.trim_matches('"'));
        let parameter = parameter.filter(|value| !value.trim_matches('=').is_empty());
        parts.push(parameter.unwrap_or(piece).to_owned());
    }
    if scheme.eq_ignore_ascii_case("basic")
        && let Ok(pair) = STANDARD.decode(rest.trim())
        && let Some((_, password)) = String::from_utf8_lossy(&pair).split_once(':')
    {
        parts.push(password.to_owned());
    }
    parts
}

/// The recorded value of a secret header.
pub(crate) fn masked() -> String {
    MASKED.to_owned()
}

#[cfg(test)]
mod tests;
