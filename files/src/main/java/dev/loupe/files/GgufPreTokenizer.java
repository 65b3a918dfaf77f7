package dev.loupe.files;

import dev.loupe.tokens.CharClass;
import dev.loupe.tokens.Splitter;

import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * How the names in {@code tokenizer.ggml.pre} split text. The names are llama.cpp's.
 *
 * @param splitters applied one after the other
 * @param wholePieces whether a piece that is a token is not merged
 * @param addsBos whether BOS goes in front when the file does not say
 */
record GgufPreTokenizer(List<Splitter> splitters, boolean wholePieces, boolean addsBos) {
    private static final Splitter GPT2 = new Splitter.Gpt2Words();

    private GgufPreTokenizer(Splitter... splitters) {
        this(List.of(splitters), false, false);
    }

    /** One name for each set of rules that a tokenizer.json may have. */
    private static final List<String> NAMES =
            List.of("gpt-2", "smollm", "llama-bpe", "dbrx", "glm4", "qwen2", "qwen35");

    /** Those that stand for models whose tokenizers bring text to form C first. */
    private static final Set<String> COMPOSED =
            Set.of("olmo", "gpt-neox", "qwen2", "qwen35", "deepseek-r1-qwen");

    /**
     * The name of some rules, if there is one.
     *
     * @param composes whether text is brought to Unicode's form C first; of two names with the same
     *     rules, one may say so
     */
    static Optional<String> nameOf(
            List<Splitter> splitters, boolean wholePieces, boolean composes) {
        Optional<String> name =
                NAMES.stream()
                        .filter(known -> {
                            GgufPreTokenizer rules = of(known).orElseThrow();
                            return rules.splitters.equals(splitters)
                                    && rules.wholePieces == wholePieces;
                        })
                        .findFirst();
        return name.map(known -> composes && known.equals("gpt-2") ? "olmo" : known);
    }

    /** Whether the tokenizers of that name bring text to Unicode's form C; GGUF readers do not. */
    static boolean composes(String name) {
        return COMPOSED.contains(name);
    }

    /** The rules of a name, if it is known. */
    static Optional<GgufPreTokenizer> of(String name) {
        return Optional.ofNullable(
                switch (name) {
                    case "gpt-2",
                            "gpt-neox",
                            "phi-2",
                            "mpt",
                            "olmo",
                            "jais",
                            "trillion",
                            "exaone4",
                            "gigachat",
                            "mellum",
                            "a.x-4.0",
                            "modern-bert",
                            "granite-docling",
                            "jina-es",
                            "jina-de",
                            "jina-v2-es",
                            "jina-v2-de" ->
                            new GgufPreTokenizer(GPT2);
                    case "smollm",
                            "starcoder",
                            "refact",
                            "command-r",
                            "codeshell",
                            "exaone",
                            "minerva-7b" ->
                            new GgufPreTokenizer(each(CharClass.DIGIT), GPT2);
                    case "llama3",
                            "llama-v3",
                            "llama-bpe",
                            "falcon3",
                            "falcon-h1",
                            "pixtral",
                            "midm-2.0",
                            "lfm2" ->
                            new GgufPreTokenizer(List.of(words(3, false)), true, true);
                    case "dbrx", "smaug-bpe", "chatglm-bpe" ->
                            new GgufPreTokenizer(words(3, false));
                    case "glm4" -> new GgufPreTokenizer(List.of(words(3, false)), true, false);
                    case "qwen2",
                            "deepseek-r1-qwen",
                            "kormo",
                            "f2llmv2",
                            "megrez",
                            "stablelm2",
                            "hunyuan",
                            "solar-open",
                            "grok-2" ->
                            new GgufPreTokenizer(words(1, false));
                    case "qwen35" -> new GgufPreTokenizer(words(1, true));
                    case "deepseek-llm" ->
                            new GgufPreTokenizer(
                                    each(CharClass.LINE_BREAK),
                                    new Splitter.SpacedRuns(CharClass.DEEPSEEK_LETTER),
                                    new Splitter.SpacedRuns(CharClass.DEEPSEEK_PUNCTUATION),
                                    new Splitter.TrailingSpaces(),
                                    runs(CharClass.DEEPSEEK_CJK),
                                    runs(CharClass.NUMBER));
                    case "deepseek-coder" ->
                            new GgufPreTokenizer(
                                    each(CharClass.LINE_BREAK),
                                    new Splitter.SpacedRuns(CharClass.LETTER),
                                    new Splitter.SpacedRuns(CharClass.PUNCTUATION),
                                    runs(CharClass.DEEPSEEK_CJK),
                                    each(CharClass.NUMBER));
                    case "falcon" ->
                            new GgufPreTokenizer(
                                    runs(CharClass.ASCII_OR_UNICODE_PUNCTUATION),
                                    GPT2,
                                    new Splitter.Groups(CharClass.ASCII_DIGIT, 3));
                    case "default" ->
                            new GgufPreTokenizer(
                                    runs(CharClass.DEFAULT_PUNCTUATION),
                                    GPT2,
                                    runs(CharClass.NUMBER),
                                    new Splitter.Groups(CharClass.ASCII_DIGIT, 3));
                    default -> null;
                });
    }

    private static Splitter words(int maxDigits, boolean marks) {
        return new Splitter.GroupedWords(maxDigits, marks);
    }

    private static Splitter each(CharClass of) {
        return new Splitter.Runs(of, 1);
    }

    private static Splitter runs(CharClass of) {
        return new Splitter.Runs(of, Integer.MAX_VALUE);
    }
}
