//! What was expected against what came.

use std::fmt::{Debug, Write};

/// The difference as lines, `-` expected and missing, `+` come and not expected; `None` if there is none.
pub(super) fn lines<T: Debug + PartialEq>(expected: &[T], came: &[T]) -> Option<String> {
    if expected == came {
        return None;
    }
    let same_before = count_same(expected.iter(), came.iter());
    let (expected_rest, came_rest) = (&expected[same_before..], &came[same_before..]);
    let same_after = count_same(expected_rest.iter().rev(), came_rest.iter().rev());
    let missing = &expected_rest[..expected_rest.len() - same_after];
    let surplus = &came_rest[..came_rest.len() - same_after];

    let mut text = String::new();
    append(&mut text, ' ', &came[..same_before]);
    append(&mut text, '-', missing);
    append(&mut text, '+', surplus);
    append(&mut text, ' ', &came[came.len() - same_after..]);
    Some(text)
}

fn append<T: Debug>(text: &mut String, mark: char, items: &[T]) {
    for item in items {
        writeln!(text, "  {mark} {item:?}").expect("a string takes everything");
    }
}

fn count_same<'a, T: PartialEq + 'a>(
    left: impl Iterator<Item = &'a T>,
    right: impl Iterator<Item = &'a T>,
) -> usize {
    left.zip(right).take_while(|(a, b)| a == b).count()
}
