package dev.loupe.explorer;

import dev.loupe.files.LocalModel;
import dev.loupe.tokens.Tokenizer;

import java.util.Arrays;
import java.util.Optional;

/** What tokens of models are, and whether two models have the same. */
final class Vocabularies {
    private Vocabularies() {}

    /** A token for display; a model without a tokenizer has numbers. */
    static String text(LocalModel model, int id) {
        return model.tokenizer()
                .filter(tokenizer -> id < tokenizer.vocabSize())
                .map(tokenizer -> tokenizer.text(id))
                .orElse("#" + id);
    }

    /**
     * Whether each id is the same token in both. A model without a tokenizer is believed to have
     * that of another with as many ids.
     */
    static boolean same(LocalModel a, LocalModel b) {
        if (a.gpt().config().vocabSize() != b.gpt().config().vocabSize()) {
            return false;
        }
        Optional<Tokenizer> ours = a.tokenizer();
        Optional<Tokenizer> theirs = b.tokenizer();
        return ours.isEmpty() || theirs.isEmpty() || same(ours.get(), theirs.get());
    }

    private static boolean same(Tokenizer a, Tokenizer b) {
        if (a.vocabSize() != b.vocabSize()) {
            return false;
        }
        if (a.equals(b)) {
            return true;
        }
        for (int id = 0; id < a.vocabSize(); id++) {
            if (!a.text(id).equals(b.text(id)) || !Arrays.equals(a.bytes(id), b.bytes(id))) {
                return false;
            }
        }
        return true;
    }

    /** How many bytes of the text each token stands for: together those of the text. */
    static int[] bytes(Tokenizer tokenizer, int[] ids) {
        int[] bytes = Arrays.stream(ids).map(id -> tokenizer.bytes(id).length).toArray();
        for (int i = 0; i < ids.length; i++) {
            if (bytes[i] > 0) {
                // some put a space in front of a text, which is no part of it
                boolean space = tokenizer.bytes(ids[i])[0] == ' ';
                boolean drops = space && !tokenizer.decode(ids[i]).startsWith(" ");
                bytes[i] -= drops ? 1 : 0;
                break;
            }
        }
        return bytes;
    }
}
