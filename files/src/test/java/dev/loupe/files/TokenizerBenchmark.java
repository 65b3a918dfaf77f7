package dev.loupe.files;

import dev.loupe.tokens.Tokenizer;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;

/**
 * How fast a tokenizer encodes ordinary text, and how much slower text that is made to be hard; see
 * bench/tokenizers.py, which runs it beside the Python package {@code tokenizers}. Arguments: a
 * GGUF file and a text file.
 */
final class TokenizerBenchmark {
    private static final int SIZE = 1 << 20;

    private TokenizerBenchmark() {}

    public static void main(String[] args) throws Exception {
        String ordinary = Files.readString(Path.of(args[1]));
        long opened = System.nanoTime();
        Tokenizer tokenizer;
        try (Gguf gguf = Gguf.open(Path.of(args[0]))) {
            long read = System.nanoTime();
            tokenizer = GgufTokenizer.read(gguf.metadata());
            System.out.printf(
                    "header %.0f ms, tokenizer %.0f ms%n",
                    (read - opened) / 1e6, (System.nanoTime() - read) / 1e6);
        }
        double base = 0;
        for (Map.Entry<String, String> text : texts(ordinary).entrySet()) {
            int bytes = text.getValue().getBytes(StandardCharsets.UTF_8).length;
            double seconds = best(tokenizer, text.getValue());
            double perByte = seconds / bytes;
            base = base == 0 ? perByte : base;
            System.out.printf(
                    "%-22s %7.1f ms  %6.1f MB/s  %5.2f x the time of ordinary text%n",
                    text.getKey(), seconds * 1e3, bytes / seconds / 1e6, perByte / base);
        }
    }

    private static Map<String, String> texts(String ordinary) {
        Random random = new Random(1);
        byte[] bytes = new byte[SIZE];
        random.nextBytes(bytes);
        StringBuilder letters = new StringBuilder();
        StringBuilder marks = new StringBuilder("e");
        while (letters.length() < SIZE) {
            letters.append((char) ('a' + random.nextInt(26)));
        }
        while (marks.length() < SIZE / 2) {
            marks.append(random.nextBoolean() ? '\u0301' : '\u0323');
        }
        Map<String, String> texts = new LinkedHashMap<>();
        texts.put("ordinary", ordinary);
        texts.put("one letter", "a".repeat(SIZE));
        texts.put("spaces", " ".repeat(SIZE));
        texts.put("line feeds", "\n".repeat(SIZE));
        texts.put("random bytes, UTF-8", new String(bytes, StandardCharsets.UTF_8));
        texts.put("random bytes, Latin-1", new String(bytes, StandardCharsets.ISO_8859_1));
        texts.put("random letters", letters.toString());
        texts.put("accents on one letter", marks.toString());
        texts.put("digits", "1234567890".repeat(SIZE / 10));
        texts.put("apostrophes", "'".repeat(SIZE));
        return texts;
    }

    private static double best(Tokenizer tokenizer, String text) {
        double best = Double.MAX_VALUE;
        for (int i = 0; i < 15; i++) {
            long start = System.nanoTime();
            int count = tokenizer.encode(text).length;
            best = Math.min(best, (System.nanoTime() - start) / 1e9);
            if (count == 0) {
                throw new IllegalStateException("no tokens");
            }
        }
        return best;
    }
}
