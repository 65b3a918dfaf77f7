package dev.loupe.files;

import dev.loupe.tokens.AddedToken;
import dev.loupe.tokens.Alphabet;
import dev.loupe.tokens.BpeTokenizerBuilder;
import dev.loupe.tokens.CharClass;
import dev.loupe.tokens.EndTokens;
import dev.loupe.tokens.Merges;
import dev.loupe.tokens.Rewriting;
import dev.loupe.tokens.Splitter;
import dev.loupe.tokens.Texts;
import dev.loupe.tokens.TokenKind;
import dev.loupe.tokens.Tokenizer;
import dev.loupe.tokens.Vocabulary;
import dev.loupe.tokens.WholePieces;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * The tokenizer that a GGUF file holds in its keys {@code tokenizer.ggml.*}: {@code gpt2}
 * (byte-level BPE), {@code llama} (SentencePiece BPE) and {@code gemma4} (BPE of characters).
 */
public final class GgufTokenizer {
    /** What every key begins with. */
    static final String PREFIX = "tokenizer.ggml.";

    /** What a file says that has no tokenizer. */
    static final String NONE = "no_vocab";

    private static final List<String> END_KEYS =
            List.of("eos_token_id", "eot_token_id", "eom_token_id");

    private final Metadata metadata;
    private final Vocabulary vocabulary;

    private GgufTokenizer(Metadata metadata) {
        this.metadata = metadata;
        List<String> tokens =
                metadata.strings(PREFIX + "tokens").orElseThrow(() -> missing("tokens"));
        List<TokenKind> kinds = kinds(tokens.size());
        this.vocabulary = checked("tokens", () -> new Vocabulary(tokens, kinds));
    }

    /**
     * Whether a file has a tokenizer; some say in so many words that they have none.
     *
     * @throws ModelFileException if {@code tokenizer.ggml.model} is no string
     */
    public static boolean present(Metadata metadata) {
        return metadata.string(PREFIX + "model")
                .filter(model -> !model.equals(NONE) && !model.equals("none"))
                .isPresent();
    }

    /**
     * Reads the tokenizer of a file.
     *
     * @throws ModelFileException if the file has none, one of an unknown model or pre-tokenizer, or
     *     one that contradicts itself
     */
    public static Tokenizer read(Metadata metadata) {
        String model = metadata.string(PREFIX + "model").orElse("nothing");
        if (!present(metadata)) {
            throw new ModelFileException(
                    metadata.file(),
                    PREFIX + "model",
                    model,
                    "the kind of tokenizer; this file has none");
        }
        return switch (model) {
            case "gpt2" -> new GgufTokenizer(metadata).byteLevel();
            case "llama" -> new GgufTokenizer(metadata).sentencePiece();
            case "gemma4" -> new GgufTokenizer(metadata).characterMerges();
            default ->
                    throw new ModelFileException(
                            metadata.file(),
                            PREFIX + "model",
                            "'" + model + "'",
                            "gpt2, llama or gemma4: Loupe reads no other tokenizers");
        };
    }

    private Tokenizer byteLevel() {
        String name = metadata.string(PREFIX + "pre").orElseThrow(() -> missing("pre"));
        GgufPreTokenizer pre =
                GgufPreTokenizer.of(name)
                        .orElseThrow(() ->
                                wrong(
                                        "pre",
                                        "'" + name + "'",
                                        "a pre-tokenizer that Loupe knows; see"
                                                + " docs/reference/tokenizers.md"));
        BpeTokenizerBuilder builder =
                new BpeTokenizerBuilder(vocabulary, merges(), Alphabet.BYTES)
                        .splitters(pre.splitters())
                        .whole(pre.wholePieces() ? WholePieces.ALWAYS : WholePieces.NEVER);
        return finish(builder, pre.addsBos());
    }

    private Tokenizer sentencePiece() {
        double[] scores = metadata.numbers(PREFIX + "scores").orElseThrow(() -> missing("scores"));
        float[] narrow = new float[scores.length];
        for (int i = 0; i < scores.length; i++) {
            narrow[i] = (float) scores[i];
        }
        boolean space = metadata.flag(PREFIX + "add_space_prefix").orElse(true);
        List<Rewriting> steps = new ArrayList<>();
        if (space) {
            steps.add(new Rewriting.Prepend("▁"));
        }
        steps.add(new Rewriting.Replace(" ", "▁"));
        Merges merges = checked("scores", () -> Merges.byScore(vocabulary, narrow));
        BpeTokenizerBuilder builder =
                new BpeTokenizerBuilder(vocabulary, merges, Alphabet.CHARACTERS)
                        .normalizers(steps)
                        .byteFallback(true)
                        .dropsSpace(space);
        id("unknown_token_id").ifPresent(unknown -> builder.unknown(unknown, false));
        return finish(builder, true);
    }

    private Tokenizer characterMerges() {
        BpeTokenizerBuilder builder =
                new BpeTokenizerBuilder(vocabulary, merges(), Alphabet.CHARACTERS)
                        .normalizers(List.of(new Rewriting.Replace(" ", "▁")))
                        .splitters(
                                List.of(new Splitter.Runs(CharClass.LINE_FEED, Integer.MAX_VALUE)))
                        .whole(WholePieces.LINE_FEEDS)
                        .byteFallback(true);
        id("unknown_token_id").ifPresent(unknown -> builder.unknown(unknown, false));
        return finish(builder, true);
    }

    private Tokenizer finish(BpeTokenizerBuilder builder, boolean addsBosByDefault) {
        Optional<Integer> bos = id("bos_token_id");
        Optional<Integer> eos = id("eos_token_id");
        boolean addBos = metadata.flag(PREFIX + "add_bos_token").orElse(addsBosByDefault);
        boolean addEos = metadata.flag(PREFIX + "add_eos_token").orElse(false);
        bos.ifPresent(builder::bos);
        eos.ifPresent(builder::eos);
        builder.around(
                addBos && bos.isPresent() ? new int[] {bos.get()} : new int[0],
                addEos && eos.isPresent() ? new int[] {eos.get()} : new int[0]);
        builder.endOfGeneration(endOfGeneration());
        checked("tokens", () -> builder.added(added()));
        return checked("tokens", builder::build);
    }

    private Set<Integer> endOfGeneration() {
        Set<Integer> ids = new TreeSet<>(EndTokens.in(vocabulary));
        END_KEYS.forEach(key -> id(key).ifPresent(ids::add));
        return ids;
    }

    /** Control tokens are found when asked, user-defined ones always. */
    private List<AddedToken> added() {
        // Phi-3 was trained with the white space behind its control tokens taken away; GGUF has no
        // key that says so
        String modelName = metadata.string("general.name").orElse("").toLowerCase(Locale.ROOT);
        boolean phi3 = modelName.contains("phi-3") || modelName.contains("phi3");
        Set<String> keepSpace = Set.of("<unk>", "<s>", "<|endoftext|>");
        List<AddedToken> added = new ArrayList<>();
        for (int id = 0; id < vocabulary.size(); id++) {
            TokenKind kind = vocabulary.kind(id);
            if (kind == TokenKind.USER_DEFINED
                    || kind == TokenKind.CONTROL
                    || kind == TokenKind.UNKNOWN) {
                String text = vocabulary.text(id);
                boolean rstrip = phi3 && !keepSpace.contains(text);
                boolean special = kind != TokenKind.USER_DEFINED;
                added.add(new AddedToken(id, text, special, false, rstrip, false, false));
            }
        }
        return added;
    }

    /** The tokens of a file, checked. */
    static Vocabulary vocabulary(Metadata metadata) {
        return new GgufTokenizer(metadata).vocabulary;
    }

    /** The merges of a file in order, checked. */
    static List<SentencePieceScores.Pair> pairs(Metadata metadata) {
        List<String> texts = new GgufTokenizer(metadata).pairs();
        List<SentencePieceScores.Pair> pairs = new ArrayList<>(texts.size() / 2);
        for (int i = 0; i < texts.size(); i += 2) {
            pairs.add(new SentencePieceScores.Pair(texts.get(i), texts.get(i + 1)));
        }
        return pairs;
    }

    private Merges merges() {
        Texts pairs = pairs();
        return checked("merges", () -> Merges.ofPairs(vocabulary, pairs));
    }

    /** Left and right of each merge, alternating. */
    private Texts pairs() {
        Texts lines =
                Texts.of(metadata.strings(PREFIX + "merges").orElseThrow(() -> missing("merges")));
        int[] lengths = new int[lines.size()];
        for (int i = 0; i < lengths.length; i++) {
            lengths[i] = lines.indexOf(i, ' ', 1);
            if (lengths[i] < 0 || lengths[i] == lines.length(i) - 1) {
                throw wrong(
                        "merges[" + i + "]",
                        "'" + lines.get(i) + "'",
                        "two tokens and a space between");
            }
        }
        return lines.halves(lengths);
    }

    private List<TokenKind> kinds(int count) {
        long @Nullable [] types = metadata.integers(PREFIX + "token_type").orElse(null);
        if (types == null) {
            return Collections.nCopies(count, TokenKind.NORMAL);
        }
        if (types.length != count) {
            throw wrong("token_type", types.length + " entries", count + ", one for each token");
        }
        List<TokenKind> kinds = new ArrayList<>(count);
        for (long type : types) {
            kinds.add(
                    switch (Math.clamp(type, 0, 7)) {
                        case 2 -> TokenKind.UNKNOWN;
                        case 3 -> TokenKind.CONTROL;
                        case 4 -> TokenKind.USER_DEFINED;
                        case 5 -> TokenKind.UNUSED;
                        case 6 -> TokenKind.BYTE;
                        default -> TokenKind.NORMAL;
                    });
        }
        return kinds;
    }

    private Optional<Integer> id(String key) {
        Optional<Long> id = metadata.integer(PREFIX + key);
        if (id.isPresent() && (id.get() < 0 || id.get() >= vocabulary.size())) {
            throw wrong(key, id.get(), "a token id, 0 to " + (vocabulary.size() - 1));
        }
        return id.map(Long::intValue);
    }

    private interface Step<T> {
        T run();
    }

    private <T> T checked(String key, Step<T> step) {
        try {
            return step.run();
        } catch (IllegalArgumentException e) {
            throw new ModelFileException(metadata.file(), PREFIX + key + ": " + e.getMessage());
        }
    }

    private ModelFileException missing(String key) {
        String hint =
                key.equals("pre")
                        ? "the name of the pre-tokenizer; convert the model again with a newer"
                                + " llama.cpp, which writes it"
                        : "a value";
        return wrong(key, "nothing", hint);
    }

    private ModelFileException wrong(String key, Object found, String expected) {
        return new ModelFileException(metadata.file(), PREFIX + key, found, expected);
    }
}
