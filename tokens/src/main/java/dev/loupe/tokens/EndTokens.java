package dev.loupe.tokens;

import java.util.Set;
import java.util.TreeSet;

/** The names by which control tokens say that a text, a turn or a message is over. */
public final class EndTokens {
    private static final Set<String> NAMES =
            Set.of(
                    "<|endoftext|>",
                    "<|end_of_text|>",
                    "<|eot_id|>",
                    "<|eom_id|>",
                    "<|im_end|>",
                    "<|end|>",
                    "<|return|>",
                    "<|call|>",
                    "<|calls|>",
                    "<|flush|>",
                    "<end_of_turn>",
                    "<turn|>",
                    "<|tool_response>",
                    "<end_of_utterance>",
                    "</s>",
                    "<eos>",
                    "<EOT>",
                    "_<EOT>",
                    "[EOT]",
                    "[EOS]",
                    "[e~[",
                    "<｜end▁of▁sentence｜>");

    private EndTokens() {}

    /** The ids of the tokens in a vocabulary that have such a name and are no ordinary text. */
    public static Set<Integer> in(Vocabulary vocabulary) {
        Set<Integer> ids = new TreeSet<>();
        for (String name : NAMES) {
            int id = vocabulary.find(name);
            if (id >= 0
                    && (vocabulary.kind(id) == TokenKind.CONTROL
                            || vocabulary.kind(id) == TokenKind.USER_DEFINED)) {
                ids.add(id);
            }
        }
        // Harmony and Solar end a turn by other tokens; theirs of this name parts messages
        boolean others = has(ids, vocabulary, "<|return|>") || has(ids, vocabulary, "<|flush|>");
        boolean calls = has(ids, vocabulary, "<|call|>") || has(ids, vocabulary, "<|calls|>");
        if (others && calls) {
            ids.remove(vocabulary.find("<|end|>"));
        }
        return ids;
    }

    private static boolean has(Set<Integer> ids, Vocabulary vocabulary, String name) {
        return ids.contains(vocabulary.find(name));
    }
}
