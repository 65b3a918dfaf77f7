package dev.loupe.tokens;

/** When a piece of text that is a token as a whole becomes that token without merging. */
public enum WholePieces {
    /** Never: a token is what merges make of its symbols. */
    NEVER,
    /** Always: {@code ignore_merges} in tokenizer.json. */
    ALWAYS,
    /** Where the piece is of line feeds alone, which some vocabularies do not merge. */
    LINE_FEEDS
}
