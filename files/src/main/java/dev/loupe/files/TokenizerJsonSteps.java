package dev.loupe.files;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.loupe.tokens.CharClass;
import dev.loupe.tokens.Rewriting;
import dev.loupe.tokens.Splitter;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The steps of a tokenizer.json: normalizer, pre-tokenizer, decoder. A step that is not known, or
 * that stands where it cannot be followed, is an error that names it.
 */
final class TokenizerJsonSteps {
    private static final String GPT2 =
            "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
    private static final String GPT2_SHORT =
            "'(?:[sdmt]|ll|ve|re)| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
    private static final String LLAMA3 =
            "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}|"
                    + " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    private static final String QWEN2 = LLAMA3.replace("{1,3}", "");
    private static final String QWEN35 =
            "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}|"
                    + " ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

    /** Expressions that match all of any text, so that what is between matches is nothing. */
    private static final Map<String, Splitter> WORDS =
            Map.of(
                    GPT2, new Splitter.Gpt2Words(),
                    GPT2_SHORT, new Splitter.Gpt2Words(),
                    LLAMA3, new Splitter.GroupedWords(3, false),
                    QWEN2, new Splitter.GroupedWords(1, false),
                    QWEN35, new Splitter.GroupedWords(1, true));

    private static final Map<String, Splitter> PARTS =
            Map.of(
                    "\\p{N}", new Splitter.Runs(CharClass.NUMBER, 1),
                    "\\p{N}{1,3}", new Splitter.Runs(CharClass.NUMBER, 3),
                    "\\p{N}+", new Splitter.Runs(CharClass.NUMBER, Integer.MAX_VALUE),
                    "[0-9][0-9][0-9]", new Splitter.Groups(CharClass.ASCII_DIGIT, 3),
                    "[\r\n]", new Splitter.Runs(CharClass.LINE_BREAK, 1),
                    "\\s?\\p{L}+", new Splitter.SpacedRuns(CharClass.LETTER),
                    "\\s?\\p{P}+", new Splitter.SpacedRuns(CharClass.PUNCTUATION));

    private final TokenizerJsonFile file;
    final List<Rewriting> normalizers = new ArrayList<>();
    final List<Rewriting> preparations = new ArrayList<>();
    final List<Splitter> splitters = new ArrayList<>();
    boolean byteLevel;
    boolean dropsSpace;
    private boolean byteLevelDecoder;

    TokenizerJsonSteps(TokenizerJsonFile file) {
        this.file = file;
        each("normalizer", file.rest.path("normalizer"), "normalizers", this::normalizer);
        each("pre_tokenizer", file.rest.path("pre_tokenizer"), "pretokenizers", this::split);
        JsonNode decoder = file.rest.path("decoder");
        each("decoder", decoder, "decoders", this::decoder);
        if (byteLevel != byteLevelDecoder || decoder.isMissingNode() || decoder.isNull()) {
            throw file.wrong(
                    "decoder",
                    describe(decoder),
                    byteLevel ? "ByteLevel, as the pre-tokenizer is" : "one for characters");
        }
    }

    /** The step of a tokenizer.json that splits like this, if there is one. */
    static Optional<ObjectNode> step(Splitter splitter) {
        JsonNodeFactory make = JsonNodeFactory.instance;
        if (splitter.equals(new Splitter.Runs(CharClass.DIGIT, 1))) {
            return Optional.of(
                    make.objectNode().put("type", "Digits").put("individual_digits", true));
        }
        Map<String, Splitter> all = new TreeMap<>(PARTS);
        all.putAll(WORDS);
        return all.entrySet().stream()
                .filter(entry -> entry.getValue().equals(splitter))
                .findFirst()
                .map(entry -> {
                    ObjectNode step = make.objectNode().put("type", "Split");
                    step.putObject("pattern").put("Regex", entry.getKey());
                    return step.put("behavior", "Isolated").put("invert", false);
                });
    }

    private interface Step {
        void take(String field, JsonNode step);
    }

    /** Calls for a step, or for each step of a sequence of them. */
    private void each(String field, JsonNode step, String list, Step take) {
        if (step.isMissingNode() || step.isNull()) {
            return;
        }
        if (!step.path("type").asText().equals("Sequence")) {
            take.take(field, step);
            return;
        }
        for (int i = 0; i < step.path(list).size(); i++) {
            JsonNode part = step.path(list).get(i);
            if (part.path("type").asText().equals("Sequence")) {
                throw unknown(field + "." + list + "[" + i + "]", part);
            }
            take.take(field + "." + list + "[" + i + "]", part);
        }
    }

    private void normalizer(String field, JsonNode step) {
        normalizers.add(
                switch (step.path("type").asText()) {
                    case "NFC" -> new Rewriting.Nfc();
                    case "Prepend" -> new Rewriting.Prepend(text(field, step, "prepend"));
                    case "Replace" -> replace(field, step);
                    default -> throw unknown(field, step);
                });
    }

    private Rewriting replace(String field, JsonNode step) {
        String old = step.path("pattern").path("String").asText();
        if (old.isEmpty()) {
            throw file.wrong(field + ".pattern", describe(step.path("pattern")), "a String");
        }
        return new Rewriting.Replace(old, text(field, step, "content"));
    }

    private void split(String field, JsonNode step) {
        if (byteLevel) {
            throw file.wrong(field, describe(step), "nothing after ByteLevel");
        }
        switch (step.path("type").asText()) {
            case "ByteLevel" -> byteLevel(field, step);
            case "Metaspace" -> metaspace(field, step);
            case "Digits" ->
                    splitters.add(
                            new Splitter.Runs(
                                    CharClass.DIGIT,
                                    step.path("individual_digits").asBoolean()
                                            ? 1
                                            : Integer.MAX_VALUE));
            case "Split" -> splitters.add(pattern(field, step));
            default -> throw unknown(field, step);
        }
    }

    private void byteLevel(String field, JsonNode step) {
        byteLevel = true;
        if (step.path("add_prefix_space").asBoolean(true)) {
            mustBeFirst(field, step);
            preparations.add(new Rewriting.Mark(' ', false));
        }
        if (step.path("use_regex").asBoolean(true)) {
            splitters.add(new Splitter.Gpt2Words());
        }
    }

    private void metaspace(String field, JsonNode step) {
        mustBeFirst(field, step);
        preparations.add(new Rewriting.Replace(" ", "▁"));
        String scheme = scheme(field, step);
        if (!scheme.equals("never")) {
            preparations.add(new Rewriting.Mark('▁', scheme.equals("first")));
        }
        if (step.path("split").asBoolean(true)) {
            splitters.add(new Splitter.Before('▁', true));
        }
    }

    /** Where Metaspace puts its mark: always, first or never. */
    private String scheme(String field, JsonNode step) {
        if (!step.path("replacement").asText().equals("▁")) {
            throw file.wrong(field + ".replacement", describe(step.path("replacement")), "'▁'");
        }
        boolean legacy = step.path("add_prefix_space").asBoolean(true);
        String scheme = step.path("prepend_scheme").asText(legacy ? "always" : "never");
        if (!List.of("always", "first", "never").contains(scheme)) {
            throw file.wrong(
                    field + ".prepend_scheme", "'" + scheme + "'", "always, first or never");
        }
        return scheme;
    }

    private void mustBeFirst(String field, JsonNode step) {
        if (!splitters.isEmpty() || !preparations.isEmpty()) {
            throw file.wrong(field, describe(step), "it as the first step");
        }
    }

    private Splitter pattern(String field, JsonNode step) {
        String behavior = step.path("behavior").asText();
        boolean invert = step.path("invert").asBoolean();
        String literal = step.path("pattern").path("String").asText();
        if (literal.length() == 1 && !invert && behavior.equals("MergedWithPrevious")) {
            return new Splitter.After(literal.charAt(0));
        }
        if (literal.length() == 1 && !invert && behavior.equals("MergedWithNext")) {
            return new Splitter.Before(literal.charAt(0), true);
        }
        String regex = step.path("pattern").path("Regex").asText();
        boolean isolated = behavior.equals("Isolated") && !invert;
        Splitter words = WORDS.get(regex);
        if (words != null && (isolated || (behavior.equals("Removed") && invert))) {
            return words;
        }
        Splitter part = PARTS.get(regex);
        if (part != null && isolated) {
            return part;
        }
        throw file.wrong(
                field,
                "the split " + step.path("pattern") + " " + behavior + (invert ? " inverted" : ""),
                "one that Loupe knows; see docs/reference/tokenizers.md");
    }

    private void decoder(String field, JsonNode step) {
        switch (step.path("type").asText()) {
            case "ByteLevel" -> byteLevelDecoder = true;
            case "ByteFallback", "Fuse" -> {}
            case "Metaspace" -> dropsSpace = !scheme(field, step).equals("never");
            case "Replace" -> {
                if (!replace(field, step).equals(new Rewriting.Replace("▁", " "))) {
                    throw file.wrong(field, describe(step), "'▁' replaced by a space");
                }
            }
            case "Strip" -> {
                boolean one =
                        step.path("content").asText().equals(" ")
                                && step.path("start").asInt() <= 1
                                && step.path("stop").asInt() == 0;
                if (!one) {
                    throw file.wrong(field, describe(step), "at most one space at the start");
                }
                dropsSpace = step.path("start").asInt() == 1;
            }
            default -> throw unknown(field, step);
        }
    }

    private String text(String field, JsonNode step, String name) {
        if (!step.path(name).isTextual()) {
            throw file.wrong(field + "." + name, describe(step.path(name)), "a string");
        }
        return step.path(name).asText();
    }

    private ModelFileException unknown(String field, JsonNode step) {
        return file.wrong(
                field,
                step.has("type") ? "the type " + step.path("type") : describe(step),
                "a type that Loupe knows; see docs/reference/tokenizers.md");
    }

    private static String describe(JsonNode node) {
        String text = node.isMissingNode() ? "nothing" : node.toString();
        return text.length() > 200 ? text.substring(0, 200) + "..." : text;
    }
}
