//! The tokens of an expression, and the parser's place among them.

use super::invalid;
use super::path::Path;
use crate::error::Answered;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A name, a keyword, or a placeholder with its `#` or `:`.
    Word(String),
    Sign(&'static str),
}

const SIGNS: [&str; 13] = ["<=", ">=", "<>", "(", ")", ",", "=", "<", ">", ".", "+", "-", "["];

pub(super) struct Parser {
    tokens: Vec<Token>,
    at: usize,
}

impl Parser {
    pub(super) fn new(text: &str) -> Answered<Self> {
        let mut tokens = Vec::new();
        let mut rest = text.trim_start();
        while let Some(first) = rest.chars().next() {
            let end = if is_word(first) {
                let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
                tokens.push(Token::Word(rest[..end].to_owned()));
                end
            } else {
                let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign));
                let sign = sign.ok_or_else(|| invalid(format!("an expression cannot have {first:?}")))?;
                tokens.push(Token::Sign(sign));
                sign.len()
            };
            rest = rest[end..].trim_start();
        }
        Ok(Self { tokens, at: 0 })
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at == self.tokens.len()
    }

    /// Fails unless everything was read.
    pub(super) fn end(&self) -> Answered<()> {
        match self.tokens.get(self.at) {
            None => Ok(()),
            Some(token) => Err(invalid(format!("the expression has an unexpected {token:?}"))),
        }
    }

    /// Takes the sign if it comes next.
    pub(super) fn take(&mut self, sign: &str) -> bool {
        let next = matches!(self.tokens.get(self.at), Some(Token::Sign(next)) if *next == sign);
        self.at += usize::from(next);
        next
    }

    pub(super) fn expect(&mut self, sign: &str) -> Answered<()> {
        if self.take(sign) { Ok(()) } else { Err(invalid(format!("the expression lacks {sign:?}"))) }
    }

    /// Takes the keyword if it comes next.
    pub(super) fn keyword(&mut self, keyword: &str) -> bool {
        let next =
            matches!(self.tokens.get(self.at), Some(Token::Word(word)) if word.eq_ignore_ascii_case(keyword));
        self.at += usize::from(next);
        next
    }

    /// Takes a function's name with its opening parenthesis, if one of them comes next.
    pub(super) fn function<'a>(&mut self, names: &[&'a str]) -> Option<&'a str> {
        let Some(Token::Word(word)) = self.tokens.get(self.at) else { return None };
        let name = names.iter().find(|name| *name == word)?;
        if self.tokens.get(self.at + 1) != Some(&Token::Sign("(")) {
            return None;
        }
        self.at += 2;
        Some(name)
    }

    pub(super) fn word(&mut self) -> Answered<String> {
        let Some(Token::Word(word)) = self.tokens.get(self.at) else {
            return Err(invalid("the expression lacks a name or a value"));
        };
        self.at += 1;
        Ok(word.clone())
    }

    /// Takes the placeholder of a value, if one comes next.
    pub(super) fn value(&mut self) -> Option<String> {
        let Some(Token::Word(word)) = self
            .tokens
            .get(self.at)
            .filter(|token| matches!(token, Token::Word(word) if word.starts_with(':')))
        else {
            return None;
        };
        self.at += 1;
        Some(word.clone())
    }

    pub(super) fn path(&mut self) -> Answered<Path> {
        let mut names = vec![self.word()?];
        while self.take(".") {
            names.push(self.word()?);
        }
        if names.iter().any(|name| name.starts_with(':')) {
            return Err(invalid("the expression has a value where a name is expected"));
        }
        Ok(Path(names))
    }
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '#' | ':')
}
