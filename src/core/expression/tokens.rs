//! The source text as tokens: guards the parser against nesting that would exhaust the stack, and
//! finds the full extent of a node (the parser knows only the place of its operator).

use cel::parser::pratt_parser::{Lexer, TokenKind};

use super::limits::DEPTH_MAX;
use super::syntax::Span;

#[derive(Clone, Copy)]
struct Token {
    kind: TokenKind,
    span: Span,
    /// For a bracket: the place of its partner in the list.
    partner: Option<usize>,
}

/// Tokens of a source text, white space and comments left out.
pub(super) struct Tokens(Vec<Token>);

impl Tokens {
    pub(super) fn scan(source: &str) -> Self {
        let mut lexer = Lexer::new(source);
        let mut tokens: Vec<Token> = Vec::new();
        let mut open: Vec<usize> = Vec::new();
        loop {
            let token = lexer.lex();
            match token.kind {
                TokenKind::TokEnd => return Self(tokens),
                TokenKind::TokWhitespace | TokenKind::TokComment => continue,
                _ => {}
            }
            let here = tokens.len();
            let mut partner = None;
            if opens(token.kind) {
                open.push(here);
            } else if closes(token.kind) {
                partner = open.pop();
                if let Some(other) = partner.and_then(|at| tokens.get_mut(at)) {
                    other.partner = Some(here);
                }
            }
            tokens.push(Token { kind: token.kind, span: (token.start, token.end), partner });
        }
    }

    /// Where the bytes literals stand.
    pub(super) fn bytes_literals(&self) -> impl Iterator<Item = Span> {
        self.0.iter().filter(|t| t.kind == TokenKind::TokBytes).map(|t| t.span)
    }

    /// Where the text nests deeper than we follow. Counts open brackets, and in each the longest
    /// run of operators that can only be one under the other; so the bound holds for the tree of
    /// whatever the parser makes of it.
    pub(super) fn too_deep(&self) -> Option<Span> {
        let mut levels = vec![Level::default()];
        let mut depth = 1;
        for token in &self.0 {
            if closes(token.kind)
                && levels.len() > 1
                && let Some(level) = levels.pop()
            {
                depth -= level.depth();
            }
            if let Some(level) = levels.last_mut() {
                depth -= level.depth();
                level.count(token.kind);
                depth += level.depth();
            }
            if opens(token.kind) {
                levels.push(Level::default());
                depth += 1;
            }
            if depth > DEPTH_MAX {
                return Some(token.span);
            }
        }
        None
    }

    /// The token that starts at `offset` or is the first after it.
    pub(super) fn at_or_after(&self, offset: usize) -> Option<Span> {
        self.0.get(self.index_at(offset)).map(|t| t.span)
    }

    /// Widens `hull` until every bracket in it has its partner in it too.
    pub(super) fn balanced(&self, hull: Span) -> Span {
        let mut first = self.index_at(hull.0);
        let mut last = self.index_at(hull.1);
        let mut at = first;
        while at < last {
            if let Some(partner) = self.0.get(at).and_then(|t| t.partner) {
                last = last.max(partner + 1);
                if partner < first {
                    first = partner;
                    at = first;
                    continue;
                }
            }
            at += 1;
        }
        let start = self.0.get(first).map_or(hull.0, |t| t.span.0);
        let end = last.checked_sub(1).and_then(|i| self.0.get(i));
        (start.min(hull.0), end.map_or(hull.1, |t| t.span.1).max(hull.1))
    }

    fn index_at(&self, offset: usize) -> usize {
        self.0.partition_point(|t| t.span.0 < offset)
    }
}

/// What one bracket holds: conditionals nest to the right however they are written; other
/// operators nest only up to the next logical one, for chains of those are kept flat.
#[derive(Default)]
struct Level {
    conditionals: usize,
    operators: usize,
}

impl Level {
    fn depth(&self) -> usize {
        1 + self.conditionals + self.operators
    }

    fn count(&mut self, kind: TokenKind) {
        match kind {
            TokenKind::TokComma => *self = Self::default(),
            TokenKind::TokLogicalAnd | TokenKind::TokLogicalOr => self.operators = 0,
            TokenKind::TokQuestion => {
                self.conditionals += 1;
                self.operators = 0;
            }
            TokenKind::TokDot
            | TokenKind::TokLeftBracket
            | TokenKind::TokMinus
            | TokenKind::TokPlus
            | TokenKind::TokAsterisk
            | TokenKind::TokSlash
            | TokenKind::TokPercent
            | TokenKind::TokExclamation
            | TokenKind::TokEqualEqual
            | TokenKind::TokExclamationEqual
            | TokenKind::TokLess
            | TokenKind::TokLessEqual
            | TokenKind::TokGreater
            | TokenKind::TokGreaterEqual
            | TokenKind::TokIn => self.operators += 1,
            _ => {}
        }
    }
}

fn opens(kind: TokenKind) -> bool {
    matches!(kind, TokenKind::TokLeftParen | TokenKind::TokLeftBracket | TokenKind::TokLeftBrace)
}

fn closes(kind: TokenKind) -> bool {
    matches!(kind, TokenKind::TokRightParen | TokenKind::TokRightBracket | TokenKind::TokRightBrace)
}
