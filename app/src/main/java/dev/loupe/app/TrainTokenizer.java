package dev.loupe.app;

import dev.loupe.files.BpeFiles;
import dev.loupe.tokens.BpeTrainer;
import dev.loupe.tokens.BpeVocabulary;
import dev.loupe.train.Corpus;
import dev.loupe.train.DataException;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** {@code loupe train-tokenizer}: text to a vocabulary. */
@Command(
        name = "train-tokenizer",
        description = "Learns a vocabulary from text, and writes it as tokenizer.json.",
        footer = {
            "",
            "The tokenizers of Hugging Face read the result, and give the same ids. What is learned"
                    + " depends on the text and these options alone."
        })
final class TrainTokenizer implements Runnable {
    /** What tokens are made of. */
    enum Kind {
        /** The most frequent neighbours become one, from bytes on. */
        BPE,
        /** Each character of the text. */
        CHARACTERS,
        /** The 256 bytes. */
        BYTES
    }

    @Mixin private DataOptions data = new DataOptions();

    @Option(
            names = {"-o", "--output"},
            paramLabel = "DIR",
            required = true,
            description = "The folder for tokenizer.json and tokenizer_config.json.")
    private Path output = Path.of("");

    @Option(
            names = "--kind",
            paramLabel = "KIND",
            description = "bpe, characters or bytes. Default: bpe.")
    private Kind kind = Kind.BPE;

    @Option(
            names = "--vocab-size",
            paramLabel = "N",
            description = "How many tokens a BPE has at most, 257 and up. Default: 8192.")
    private int vocabSize = 8192;

    @Option(
            names = "--min-count",
            paramLabel = "N",
            description = "How often two neighbours must occur to become one. Default: 2.")
    private int least = 2;

    @Option(
            names = "--end",
            paramLabel = "TOKEN",
            description = "The token that ends a text. Default: <|endoftext|>.")
    private String end = "<|endoftext|>";

    @Option(names = "--json", description = "One JSON object.")
    private boolean json;

    @Override
    public void run() {
        if (end.isEmpty() || end.length() > 256) {
            throw new WrongUsage("--end: expected a token of 1 to 256 characters");
        }
        if (kind == Kind.BPE && (vocabSize < 257 || vocabSize > 500_000)) {
            throw new WrongUsage("--vocab-size: found " + vocabSize + ", expected 257 to 500000");
        }
        Corpus corpus = data.corpus();
        BpeVocabulary vocabulary;
        try {
            vocabulary = learn(corpus);
        } finally {
            Progress.end();
        }
        try {
            Files.createDirectories(output);
        } catch (IOException e) {
            throw new UserException(output + " cannot be made: " + e.getMessage(), e);
        }
        BpeFiles.write(vocabulary, Integer.MAX_VALUE, output);
        data.warnOfSkipped(corpus);
        report(vocabulary);
    }

    private BpeVocabulary learn(Corpus corpus) {
        List<String> special = List.of(end);
        if (kind == Kind.BYTES) {
            return BpeVocabulary.ofBytes(special);
        }
        long total = corpus.bytes();
        Corpus.Watcher reading = bytes -> Progress.show("reading, MB", bytes >> 20, total >> 20);
        if (kind == Kind.CHARACTERS) {
            Set<Integer> characters = new HashSet<>();
            read(corpus, text -> text.codePoints().forEach(characters::add), reading);
            return BpeVocabulary.ofCharacters(characters, special);
        }
        BpeTrainer trainer = new BpeTrainer();
        read(corpus, trainer::count, reading);
        return trainer.train(vocabSize, special, least, n -> Progress.show("tokens", n, vocabSize));
    }

    private interface Text {
        void take(String text);
    }

    private static void read(Corpus corpus, Text to, Corpus.Watcher watcher) {
        long[] characters = {0};
        corpus.read(
                new Corpus.Reader() {
                    @Override
                    public void text(String piece) {
                        characters[0] += piece.length();
                        to.take(piece);
                    }

                    @Override
                    public void end() {}
                },
                watcher);
        if (characters[0] == 0) {
            throw new DataException(corpus.files().getFirst(), "there is no text to learn from");
        }
    }

    private void report(BpeVocabulary vocabulary) {
        int size = vocabulary.tokens().size();
        int merges = vocabulary.merges().size() / 2;
        if (json) {
            Json.print(
                    Json.object()
                            .put("tokens", size)
                            .put("merges", merges)
                            .put("file", output.resolve("tokenizer.json").toString()));
            return;
        }
        System.out.printf(
                "%,d tokens, %,d merges: %s%n", size, merges, output.resolve("tokenizer.json"));
        if (kind == Kind.BPE && size < vocabSize) {
            System.err.printf(
                    "loupe: the text has no more pairs that occur %d times; %,d tokens instead of"
                            + " %,d%n",
                    least, size, vocabSize);
        }
    }
}
