//! The little Markdown that the checks must understand.

/// A line of a document, and whether it stands in a fenced block of code.
fn lines(document: &str) -> impl Iterator<Item = (bool, &str)> {
    let mut fenced = false;
    document.lines().map(move |line| {
        let fence = line.trim_start().starts_with("```");
        let inside = fenced || fence;
        if fence {
            fenced = !fenced;
        }
        (inside, line)
    })
}

/// How deep each heading is, in order: 2 for `## x`.
pub(super) fn headings(document: &str) -> Vec<usize> {
    lines(document)
        .filter(|(code, line)| !code && line.starts_with('#'))
        .map(|(_, line)| line.chars().take_while(|&c| c == '#').count())
        .collect()
}

/// The lines of the fenced blocks, without comments, empty lines and the fences.
pub(super) fn commands(document: &str) -> Vec<&str> {
    lines(document)
        .filter(|(code, line)| *code && !line.trim_start().starts_with("```"))
        .map(|(_, line)| {
            line.split_once(" #")
                .map_or(line, |(command, _)| command)
                .trim()
        })
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect()
}

/// The files a document links to, without their anchors. Addresses and anchors in the document itself are left out.
pub(super) fn linked_files(document: &str) -> Vec<&str> {
    let mut files = Vec::new();
    for (_, line) in lines(document).filter(|(code, _)| !code) {
        for (_, link) in line
            .match_indices("](")
            .filter_map(|(at, mark)| line.split_at_checked(at + mark.len()))
        {
            let target = link.split([')', ' ']).next().unwrap_or_default();
            let file = target.split('#').next().unwrap_or_default();
            if !file.is_empty() && !file.contains("://") && !file.starts_with("mailto:") {
                files.push(file);
            }
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = "\
# Title
Read [the guide](docs/guide.md#start), [the site](https://example.com/a) or ![a picture](shot.png \"now\") [below](#more).
```sh
# a comment
cargo run   # runs it

cargo test
[no link](here.md)
```
## More
";

    #[test]
    fn headings_outside_code_only() {
        assert_eq!(headings(DOCUMENT), [1, 2]);
    }

    #[test]
    fn commands_without_their_comments() {
        assert_eq!(
            commands(DOCUMENT),
            ["cargo run", "cargo test", "[no link](here.md)"]
        );
    }

    #[test]
    fn links_to_files_only() {
        assert_eq!(linked_files(DOCUMENT), ["docs/guide.md", "shot.png"]);
    }
}
