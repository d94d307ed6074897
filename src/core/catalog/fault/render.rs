//! Faults as people read them in a terminal.

use annotate_snippets::{AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet};

use super::{Fault, Severity};

/// All faults, one block each, without colours.
#[must_use]
pub fn render(faults: &[Fault]) -> String {
    render_with(faults, &Renderer::plain())
}

/// All faults, one block each, with ANSI colours.
#[must_use]
pub fn render_coloured(faults: &[Fault]) -> String {
    render_with(faults, &Renderer::styled())
}

fn render_with(faults: &[Fault], renderer: &Renderer) -> String {
    let blocks: Vec<String> = faults.iter().map(|fault| one(fault, renderer)).collect();
    blocks.join("\n\n")
}

fn one(fault: &Fault, renderer: &Renderer) -> String {
    let level = match fault.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Hint => Level::NOTE.with_name("hint"),
    };
    let message = annotate_snippets::normalize_untrusted_str(&fault.message);
    let hint = fault.hint.as_deref().map(annotate_snippets::normalize_untrusted_str);
    let mut elements: Vec<Element<'_>> = Vec::new();
    match &fault.snippet {
        Some(line) if fault.line > 0 => {
            // Tabs and controls are one column here, as in the fault's own columns.
            let line: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
            let start = fault.column.saturating_sub(1) as usize;
            let span = byte_at(&line, start)..byte_at(&line, start + fault.length as usize);
            elements.push(
                Snippet::source(line)
                    .line_start(fault.line as usize)
                    .path(fault.file.as_str())
                    .annotation(AnnotationKind::Primary.span(span))
                    .into(),
            );
        }
        _ if !fault.file.is_empty() => elements.push(Origin::path(fault.file.as_str()).into()),
        _ => {}
    }
    if let Some(hint) = &hint {
        elements.push(Level::HELP.message(hint.as_str()).into());
    }
    let group: Group<'_> = level.primary_title(message).id(fault.code).elements(elements);
    renderer.render(&[group])
}

fn byte_at(line: &str, char_index: usize) -> usize {
    line.char_indices().nth(char_index).map_or(line.len(), |(at, _)| at)
}
