package dev.loupe.tokens;

import java.util.List;

/** Finds added tokens: the leftmost first, and of those that start there the longest. */
final class AddedTokens {
    /** Gemma's 6,400 have 70,000 characters; each may take 50 bytes in the tree. */
    private static final int MOST_CHARACTERS = 1 << 19;

    private final List<AddedToken> tokens;
    private final Trie trie = new Trie(64);
    private final long[] firsts = new long[1 << 10];

    AddedTokens(List<AddedToken> tokens) {
        long characters = tokens.stream().mapToLong(token -> token.text().length()).sum();
        if (characters > MOST_CHARACTERS) {
            throw new IllegalArgumentException(
                    "the added tokens have %d characters in all, expected at most %d"
                            .formatted(characters, MOST_CHARACTERS));
        }
        this.tokens = tokens;
        for (int i = 0; i < tokens.size(); i++) {
            String text = tokens.get(i).text();
            trie.add(text, i);
            firsts[text.charAt(0) >> 6] |= 1L << (text.charAt(0) & 63);
        }
    }

    boolean isEmpty() {
        return tokens.isEmpty();
    }

    /** A found token, with the white space that it takes. */
    record Match(AddedToken token, int start, int end) {}

    /** The next token in {@code text[from, to)}, or null. */
    @org.jspecify.annotations.Nullable
    Match next(char[] text, int from, int to, int begin) {
        for (int start = from; start < to; ) {
            AddedToken token = longest(text, start, to);
            if (token == null) {
                start++;
                continue;
            }
            int end = start + token.text().length();
            if (token.singleWord() && !standsAlone(text, begin, start, end, to)) {
                start = end;
                continue;
            }
            int left = start;
            while (token.lstrip() && left > from && Characters.isSpace(text[left - 1])) {
                left--;
            }
            int right = end;
            while (token.rstrip() && right < to && Characters.isSpace(text[right])) {
                right++;
            }
            return new Match(token, left, right);
        }
        return null;
    }

    private @org.jspecify.annotations.Nullable AddedToken longest(char[] text, int start, int to) {
        if ((firsts[text[start] >> 6] >>> (text[start] & 63) & 1) == 0) {
            return null;
        }
        int best = -1;
        int node = 0;
        for (int i = start; i < to; i++) {
            node = trie.child(node, text[i]);
            if (node < 0) {
                break;
            }
            if (trie.word(node) >= 0) {
                best = trie.word(node);
            }
        }
        return best < 0 ? null : tokens.get(best);
    }

    private static boolean standsAlone(char[] text, int begin, int start, int end, int to) {
        return (start == begin || !Characters.isWord(Character.codePointBefore(text, start, begin)))
                && (end == to || !Characters.isWord(Character.codePointAt(text, end, to)));
    }
}
