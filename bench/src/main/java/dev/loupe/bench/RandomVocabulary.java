package dev.loupe.bench;

import dev.loupe.files.GgufWriter;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A byte-level BPE vocabulary of any size, so that programs that read a model find as many tokens
 * as it has rows. The first 256 tokens are the bytes; token {@code 256 + i} joins token {@code i /
 * 256} and byte {@code i % 256}, which makes all pairs of bytes, then triples. The last two are the
 * control tokens.
 */
final class RandomVocabulary {
    private static final int BYTES = 256;
    private static final int CONTROL = 3;

    private final List<String> tokens = new ArrayList<>();
    private final List<String> merges = new ArrayList<>();
    private final int[] kinds;

    RandomVocabulary(int size) {
        kinds = new int[size];
        Arrays.fill(kinds, 1);
        int other = BYTES;
        for (int b = 0; b < BYTES; b++) {
            // as GPT-2 writes bytes: printable ones of Latin-1 as they are, the others from U+0100
            boolean printable = (b > ' ' && b < 0x7F) || (b > 0xA0 && b != 0xAD);
            tokens.add(String.valueOf((char) (printable ? b : other++)));
        }
        for (int i = 0; tokens.size() < size - 2; i++) {
            String left = tokens.get(i / BYTES);
            String right = tokens.get(i % BYTES);
            merges.add(left + " " + right);
            tokens.add(left + right);
        }
        for (String control : List.of("<|begin_of_text|>", "<|end_of_text|>")) {
            kinds[tokens.size()] = CONTROL;
            tokens.add(control);
        }
    }

    void putInto(GgufWriter writer) {
        writer.string("tokenizer.ggml.model", "gpt2")
                .string("tokenizer.ggml.pre", "llama-bpe")
                .strings("tokenizer.ggml.tokens", tokens)
                .integers("tokenizer.ggml.token_type", kinds)
                .strings("tokenizer.ggml.merges", merges)
                .integer("tokenizer.ggml.bos_token_id", kinds.length - 2)
                .integer("tokenizer.ggml.eos_token_id", kinds.length - 1);
    }
}
