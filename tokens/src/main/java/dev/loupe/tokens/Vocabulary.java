package dev.loupe.tokens;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.OptionalInt;

/** The tokens as the model's file writes them; the id of a token is its place in the list. */
public final class Vocabulary {
    /** Published ones have up to 262,144; each takes some 30 bytes. */
    private static final int MOST = 500_000;

    private final Texts texts;
    private final TokenKind[] kinds;
    private final TextIndex ids;
    private final int longest;

    /**
     * Makes a vocabulary.
     *
     * @param texts the tokens by id; an empty one is no token
     * @param kinds what each is for
     * @throws IllegalArgumentException if there are two tokens of the same text, not one kind a
     *     token, or more than 500,000
     */
    public Vocabulary(List<String> texts, List<TokenKind> kinds) {
        if (texts.size() != kinds.size()) {
            throw new IllegalArgumentException(
                    texts.size() + " tokens with " + kinds.size() + " kinds");
        }
        if (texts.size() > MOST) {
            throw new IllegalArgumentException(texts.size() + " tokens, expected at most " + MOST);
        }
        this.texts = Texts.of(texts);
        this.kinds = kinds.toArray(TokenKind[]::new);
        this.ids = new TextIndex(this.texts);
        int most = 0;
        for (int id = 0; id < this.kinds.length; id++) {
            int length = this.texts.end(id) - this.texts.start(id);
            most = Math.max(most, length);
            if (length == 0) {
                this.kinds[id] = TokenKind.UNUSED;
                continue;
            }
            int before = ids.add(id);
            if (before >= 0) {
                throw new IllegalArgumentException(
                        "tokens %d and %d are both '%s'".formatted(before, id, this.texts.get(id)));
            }
        }
        longest = most;
    }

    public int size() {
        return kinds.length;
    }

    /** The token as it is written in the file. */
    public String text(int id) {
        check(id);
        return texts.get(id);
    }

    public TokenKind kind(int id) {
        check(id);
        return kinds[id];
    }

    private void check(int id) {
        if (id < 0 || id >= kinds.length) {
            throw new IllegalArgumentException(
                    "token id "
                            + id
                            + " is outside of the vocabulary, whose ids are 0 to "
                            + (kinds.length - 1));
        }
    }

    /** The id of a token as it is written in the file. */
    public OptionalInt idOf(String text) {
        int id = find(text);
        return id < 0 ? OptionalInt.empty() : OptionalInt.of(id);
    }

    int find(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        int id = ids.find(utf8, 0, utf8.length);
        // half a surrogate pair became a question mark
        return id >= 0 && text.indexOf('?') < 0 && contains(utf8, '?') ? -1 : id;
    }

    private static boolean contains(byte[] utf8, int wanted) {
        for (byte b : utf8) {
            if (b == wanted) {
                return true;
            }
        }
        return false;
    }

    /** The length of the longest token in bytes: no piece of more characters is one. */
    int longest() {
        return longest;
    }

    /** The tokens in UTF-8. */
    Texts texts() {
        return texts;
    }

    /** Finds tokens by their bytes. */
    TextIndex ids() {
        return ids;
    }
}
