package dev.loupe.tokens;

/** The sets of characters that pre-tokenizers look for. */
public enum CharClass {
    /** Unicode categories L*. */
    LETTER,
    /** Unicode categories N*. */
    NUMBER,
    /**
     * What the step {@code Digits} of tokenizer.json takes: numbers as of Unicode 17, for it
     * follows the tables of Rust's standard library.
     */
    DIGIT,
    /** 0 to 9. */
    ASCII_DIGIT,
    /** Unicode categories P*. */
    PUNCTUATION,
    /** Unicode categories P* and all other ASCII marks: $ + &lt; = &gt; ^ ` | ~. */
    ASCII_OR_UNICODE_PUNCTUATION,
    /** As {@link #ASCII_OR_UNICODE_PUNCTUATION} but for the backtick. */
    DEFAULT_PUNCTUATION,
    /** Carriage return and line feed. */
    LINE_BREAK,
    /** Line feed. */
    LINE_FEED,
    /** The CJK, kana and Hangul ranges of DeepSeek's first models. */
    DEEPSEEK_CJK,
    /** The letters with case of DeepSeek LLM. */
    DEEPSEEK_LETTER,
    /** The punctuation of DeepSeek LLM; it holds the Latin letters too. */
    DEEPSEEK_PUNCTUATION;

    boolean has(int c) {
        return switch (this) {
            case LETTER -> (Characters.of(c) & Characters.LETTER) != 0;
            case NUMBER -> (Characters.of(c) & Characters.NUMBER) != 0;
            case DIGIT ->
                    (Characters.of(c) & Characters.NUMBER) != 0
                            || (c >= 0x11DE0 && c <= 0x11DE9)
                            || (c >= 0x16FF4 && c <= 0x16FF6);
            case ASCII_DIGIT -> c >= '0' && c <= '9';
            case PUNCTUATION -> (Characters.of(c) & Characters.PUNCTUATION) != 0;
            case ASCII_OR_UNICODE_PUNCTUATION -> PUNCTUATION.has(c) || "$+<=>^~|`".indexOf(c) >= 0;
            case DEFAULT_PUNCTUATION -> PUNCTUATION.has(c) || "$+<=>^~|".indexOf(c) >= 0;
            case LINE_BREAK -> c == '\r' || c == '\n';
            case LINE_FEED -> c == '\n';
            case DEEPSEEK_CJK -> (c >= 0x0800 && c <= 0x9FA5) || (c >= 0xAC00 && c <= 0xD7FF);
            case DEEPSEEK_LETTER -> DeepSeekLetters.has(c);
            case DEEPSEEK_PUNCTUATION ->
                    (c >= '!' && c <= '/')
                            || (c >= ':' && c <= '~')
                            || (c >= 0xFF01 && c <= 0xFF0F)
                            || (c >= 0xFF1A && c <= 0xFF5E)
                            || (c >= 0x2018 && c <= 0x201F)
                            || (c >= 0x3000 && c <= 0x3002);
        };
    }
}
