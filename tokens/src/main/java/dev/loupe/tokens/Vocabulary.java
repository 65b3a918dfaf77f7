package dev.loupe.tokens;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/** The tokens as the model's file writes them; the id of a token is its place in the list. */
public final class Vocabulary {
    /** Published ones have up to 262,144; each takes some 150 bytes. */
    private static final int MOST = 500_000;

    private final String[] texts;
    private final TokenKind[] kinds;
    private final Map<String, Integer> ids;

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
        this.texts = texts.toArray(String[]::new);
        this.kinds = kinds.toArray(TokenKind[]::new);
        this.ids = HashMap.newHashMap(texts.size());
        for (int id = 0; id < this.texts.length; id++) {
            String text = this.texts[id];
            if (text.isEmpty()) {
                this.kinds[id] = TokenKind.UNUSED;
                continue;
            }
            Integer before = ids.put(text, id);
            if (before != null) {
                throw new IllegalArgumentException(
                        "tokens " + before + " and " + id + " are both '" + text + "'");
            }
        }
    }

    public int size() {
        return texts.length;
    }

    /** The token as it is written in the file. */
    public String text(int id) {
        if (id < 0 || id >= texts.length) {
            throw new IllegalArgumentException(
                    "token id "
                            + id
                            + " is outside of the vocabulary, whose ids are 0 to "
                            + (texts.length - 1));
        }
        return texts[id];
    }

    public TokenKind kind(int id) {
        text(id);
        return kinds[id];
    }

    /** The id of a token as it is written in the file. */
    public OptionalInt idOf(String text) {
        int id = find(text);
        return id < 0 ? OptionalInt.empty() : OptionalInt.of(id);
    }

    int find(String text) {
        Integer id = ids.get(text);
        return id == null ? -1 : id;
    }
}
