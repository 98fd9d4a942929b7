//! Checks the documents: links resolve, printed commands are valid, and the README is short.
#![expect(clippy::unwrap_used, reason = "a document that cannot be read fails the test")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use hookstep_contract::ReasonCode;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::tree::{read, tracked, tracked_in};
use crate::world::process::{command, output, workspace};

const MAX_README_WORDS: usize = 1500;

/// The Cargo subcommands that build something, and so could change `Cargo.lock` without `--locked`.
const BUILDING: [&str; 9] = ["bench", "build", "check", "clippy", "doc", "install", "nextest", "run", "test"];

#[test]
fn every_relative_link_leads_to_a_file_and_a_heading_of_it() {
    let documents: BTreeMap<_, _> =
        documents().into_iter().map(|file| (file.clone(), Document::read(&file))).collect();
    let files: BTreeSet<_> = tracked().into_iter().collect();
    let mut broken = Vec::new();
    for (file, document) in &documents {
        for link in document.links.iter().filter(|link| !link.contains("://") && !link.starts_with("mailto:"))
        {
            let (path, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = if path.is_empty() { file.clone() } else { joined(file.parent().unwrap(), path) };
            let is_there = files.contains(&target) || workspace().join(&target).is_dir();
            let has_heading = documents.get(&target).is_none_or(|target| target.headings.contains(heading));
            if !is_there || (!heading.is_empty() && !has_heading) {
                broken.push(format!("{}: {link}", file.display()));
            }
        }
    }
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

#[test]
fn cargo_commands_leave_the_lock_file_as_it_is() {
    let mut unlocked = Vec::new();
    for file in documents() {
        for command in Document::read(&file).commands() {
            // `cargo lambda` takes the same flags as Cargo.
            let words: Vec<_> = command.split_whitespace().filter(|word| *word != "lambda").collect();
            let is_building = words.windows(2).any(|pair| pair[0] == "cargo" && BUILDING.contains(&pair[1]));
            if is_building && !words.contains(&"--locked") {
                unlocked.push(format!("{}: {command}", file.display()));
            }
        }
    }
    assert!(unlocked.is_empty(), "\n{}", unlocked.join("\n"));
}

#[test]
fn the_api_guide_lists_every_reason_code() {
    let guide = read(Path::new("docs/api.md"));
    let codes = ReasonCode::ALL.iter().map(|code| code.as_str());
    let missing: Vec<_> = codes.filter(|code| !guide.contains(&format!("`{code}`"))).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn the_readme_is_read_in_a_few_minutes() {
    let words = read(Path::new("README.md")).split_whitespace().count();
    assert!(words <= MAX_README_WORDS, "{words} words; the rest belongs in docs/");
}

#[test]
fn the_map_of_the_crates_has_them_all() {
    let map = read(Path::new("docs/ARCHITECTURE.md"));
    for manifest in tracked_in(&["crates"], "toml").iter().filter(|file| file.ends_with("Cargo.toml")) {
        let name = manifest.parent().unwrap().file_name().unwrap().to_str().unwrap();
        assert!(map.contains(&format!("\n| `{name}` |")), "{name} is not on the map of docs/ARCHITECTURE.md");
    }
}

/// In any form: `hookstep events`, `cargo run --locked -- events`, `target/release/hookstep events`.
#[tokio::test]
async fn every_command_of_the_program_has_the_subcommand_and_the_flags_that_the_documents_say() {
    let mut wrong = Vec::new();
    let mut helps = BTreeMap::new();
    for file in documents() {
        for line in Document::read(&file).commands() {
            let Some(arguments) = arguments(&line) else { continue };
            let Some(subcommand) = arguments.first() else { continue };
            if !helps.contains_key(*subcommand) {
                helps.insert((*subcommand).to_owned(), help(subcommand).await);
            }
            let missing = match &helps[*subcommand] {
                None => Some(*subcommand),
                Some(help) => arguments.iter().copied().find(|word| is_flag(word) && !names(help, word)),
            };
            if let Some(missing) = missing {
                wrong.push(format!("{}: {missing} in {line}", file.display()));
            }
        }
    }
    assert!(helps.len() > 5, "the documents say too little: {:?}", helps.keys());
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// The program's arguments, if this command line runs it.
fn arguments(line: &str) -> Option<Vec<&str>> {
    // The rest belongs to another program or to the shell.
    let end = line.find(['#', '|', '>', '<', ';', '&', ')', '"', '\'']).unwrap_or(line.len());
    let words: Vec<_> = line[..end].split_whitespace().collect();
    let is_program = |word: &str| word == "hookstep" || word.ends_with("/hookstep");
    let after_cargo = || {
        let at = words.windows(2).position(|pair| pair == ["cargo", "run"])?;
        let other = words.iter().any(|word| *word == "--bin" || *word == "--example");
        (!other).then(|| words[at..].iter().position(|word| *word == "--").map(|end| at + end))?
    };
    // Environment variables and a prompt may precede the program.
    let command = words.iter().position(|word| !word.contains('=') && *word != "$")?;
    let start = if is_program(words[command]) { command } else { after_cargo()? };
    let arguments = words[start + 1..].to_vec();
    // `hookstep` alone, or followed by something other than a subcommand: a table's name, a path.
    arguments.first().is_some_and(|word| word.starts_with(char::is_alphabetic)).then_some(arguments)
}

fn is_flag(word: &str) -> bool {
    word.starts_with("--") && word.len() > 2
}

/// Whether the help lists this flag; `--limit=5` counts as `--limit`.
fn names(help: &str, flag: &str) -> bool {
    let flag = flag.split('=').next().unwrap();
    help.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').any(|word| word == flag)
}

/// The help of a subcommand and of its own subcommands, or nothing if there is no such subcommand.
async fn help(subcommand: &str) -> Option<String> {
    let all = output(command("hookstep").arg("--help")).await;
    let is_listed = |help: &str, name: &str| {
        help.lines().any(|line| line.starts_with("  ") && line.split_whitespace().next() == Some(name))
    };
    if !is_listed(&all, subcommand) {
        return None;
    }
    let mut help = output(command("hookstep").args([subcommand, "--help"])).await;
    for below in ["apply", "check"] {
        if is_listed(&help, below) {
            help += &output(command("hookstep").args([subcommand, below, "--help"])).await;
        }
    }
    Some(help)
}

/// Every Markdown file, except those generated by third-party tools.
fn documents() -> Vec<PathBuf> {
    let mut documents = tracked();
    documents.retain(|file| file.extension().is_some_and(|extension| extension == "md"));
    documents
}

/// Normalises a path as a browser does, without reading the disk.
fn joined(folder: &Path, relative: &str) -> PathBuf {
    let mut path = PathBuf::new();
    for part in folder.join(relative.trim_end_matches('/')).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => assert!(path.pop(), "{relative} leads out of the repository"),
            part => path.push(part),
        }
    }
    path
}

/// The parts of a Markdown file that are checked.
#[derive(Default)]
struct Document {
    links: Vec<String>,
    /// The anchors, as links refer to them.
    headings: BTreeSet<String>,
    /// Inline code.
    inline: Vec<String>,
    /// The lines of code blocks, with continuation lines joined.
    lines: Vec<String>,
}

impl Document {
    fn read(file: &Path) -> Self {
        let text = read(file);
        let mut document = Self::default();
        let (mut heading, mut block) = (None::<String>, None::<String>);
        for event in Parser::new_ext(&text, Options::ENABLE_TABLES) {
            match event {
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    document.links.push(dest_url.into_string());
                }
                Event::Html(html) | Event::InlineHtml(html) => document.links.extend(html_links(&html)),
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => {
                    document.headings.extend(heading.take().as_deref().map(anchor));
                }
                Event::Start(Tag::CodeBlock(_)) => block = Some(String::new()),
                Event::End(TagEnd::CodeBlock) => {
                    let code = block.take().unwrap().replace("\\\n", " ");
                    document.lines.extend(code.lines().map(str::to_owned));
                }
                Event::Text(text) => {
                    if let Some(part) = heading.as_mut().or(block.as_mut()) {
                        part.push_str(&text);
                    }
                }
                Event::Code(code) => {
                    if let Some(heading) = &mut heading {
                        heading.push_str(&code);
                    }
                    document.inline.push(code.into_string());
                }
                _ => {}
            }
        }
        document
    }

    /// Everything a reader might type.
    fn commands(&self) -> Vec<String> {
        [self.inline.as_slice(), &self.lines].concat()
    }
}

/// The values of `src`, `srcset` and `href`.
fn html_links(html: &str) -> Vec<String> {
    let after = |name: &str| {
        let start = format!("{name}=\"");
        html.split(&start)
            .skip(1)
            .filter_map(|rest| Some(rest.split_once('"')?.0.to_owned()))
            .collect::<Vec<_>>()
    };
    ["src", "srcset", "href"].map(after).concat()
}

/// A heading's anchor on GitHub.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}
