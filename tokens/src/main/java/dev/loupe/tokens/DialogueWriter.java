package dev.loupe.tokens;

import dev.loupe.tokens.ChatFormat.Message;
import dev.loupe.tokens.ChatFormat.Role;

import java.util.Arrays;

/** Puts tokens one after another, and notes which are answers. */
final class DialogueWriter {
    private final Tokenizer tokenizer;
    private int[] ids = new int[64];
    private boolean[] answers = new boolean[64];
    private int size;

    DialogueWriter(Tokenizer tokenizer) {
        this.tokenizer = tokenizer;
    }

    /** The token that begins a text, where there is one. */
    void begin() {
        tokenizer.bos().ifPresent(id -> put(id, false));
    }

    /** The token that ends a text, where there is one. */
    DialogueWriter end(boolean answer) {
        tokenizer.eos().ifPresent(id -> put(id, answer));
        return this;
    }

    DialogueWriter control(String token) {
        return control(token, false);
    }

    private DialogueWriter control(String token, boolean answer) {
        put(tokenizer.idOf(token).orElseThrow(), answer);
        return this;
    }

    /** Text, of which nothing becomes a control token. */
    DialogueWriter text(String text) {
        int[] encoded = tokenizer.encode(text);
        ids(encoded, 0, encoded.length, false);
        return this;
    }

    /** What somebody said; what an assistant did is an answer, and so is that it ends. */
    DialogueWriter said(Message message, String text, String end) {
        return body(message, text).control(end, message.role() == Role.ASSISTANT);
    }

    /** The same where only answers have an end: that of a text. */
    DialogueWriter said(Message message, String text) {
        body(message, text);
        return message.role() == Role.ASSISTANT ? end(true) : this;
    }

    private DialogueWriter body(Message message, String text) {
        int[] encoded = tokenizer.encode(text);
        ids(encoded, 0, encoded.length, message.role() == Role.ASSISTANT);
        return this;
    }

    void ids(int[] from, int start, int end, boolean answer) {
        for (int i = start; i < end; i++) {
            put(from[i], answer);
        }
    }

    private void put(int id, boolean answer) {
        if (size == ids.length) {
            ids = Arrays.copyOf(ids, 2 * size);
            answers = Arrays.copyOf(answers, 2 * size);
        }
        ids[size] = id;
        answers[size++] = answer;
    }

    Dialogue dialogue() {
        return new Dialogue(Arrays.copyOf(ids, size), Arrays.copyOf(answers, size));
    }
}
