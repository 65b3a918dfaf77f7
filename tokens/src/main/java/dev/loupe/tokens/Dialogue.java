package dev.loupe.tokens;

import java.util.Arrays;

/**
 * Tokens, some of which a model is to learn to say.
 *
 * @param ids token ids, shape [token]
 * @param answers whether a token is part of an answer, shape [token]
 */
@SuppressWarnings("ArrayRecordComponent") // read by code that trains; equality is not used
public record Dialogue(int[] ids, boolean[] answers) {
    public Dialogue {
        if (answers.length != ids.length) {
            throw new IllegalArgumentException(
                    ids.length + " ids with " + answers.length + " marks: there is one for each");
        }
    }

    /**
     * A text and how it goes on, which is the answer, and the token that ends a text, where there
     * is one. Where the tokens of the text stay the same with the answer behind it, both are
     * encoded as one.
     */
    public static Dialogue of(Tokenizer tokenizer, String prompt, String completion) {
        int[] before = tokenizer.encode(prompt, EncodeOptions.PROMPT).ids();
        int[] whole = tokenizer.encode(prompt + completion, EncodeOptions.PROMPT).ids();
        DialogueWriter to = new DialogueWriter(tokenizer);
        int n = before.length;
        if (tokenizer.addsEos()) {
            // encoding has put the end behind both
            n--;
            whole = Arrays.copyOf(whole, whole.length - 1);
        }
        boolean same = whole.length >= n && Arrays.equals(before, 0, n, whole, 0, n);
        to.ids(before, 0, n, false);
        if (same) {
            to.ids(whole, n, whole.length, true);
        } else {
            int[] answer = tokenizer.encode(completion);
            to.ids(answer, 0, answer.length, true);
        }
        return to.end(true).dialogue();
    }
}
