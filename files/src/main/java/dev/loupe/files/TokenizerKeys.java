package dev.loupe.files;

import com.fasterxml.jackson.databind.JsonNode;

import dev.loupe.tokens.AddedToken;
import dev.loupe.tokens.EndTokens;
import dev.loupe.tokens.Rewriting;
import dev.loupe.tokens.Splitter;
import dev.loupe.tokens.TokenKind;
import dev.loupe.tokens.Tokenizer;
import dev.loupe.tokens.Vocabulary;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * Writes the tokenizer of a Hugging Face folder as the keys {@code tokenizer.ggml.*} of a GGUF
 * file. Steps that no key can say are refused. What GGUF has no place for is lost, as it is with
 * llama.cpp's own conversion: whether an added token takes white space with it or must be a word of
 * its own, and Unicode's form C.
 */
final class TokenizerKeys {
    private static final String PREFIX = GgufTokenizer.PREFIX;
    private static final int NORMAL = 1;
    private static final int UNKNOWN = 2;
    private static final int CONTROL = 3;
    private static final int USER_DEFINED = 4;
    private static final int UNUSED = 5;
    private static final int BYTE = 6;

    private final GgufWriter out;
    private final Path folder;
    private final TokenizerJson json;
    private final Vocabulary vocabulary;
    private final Tokenizer tokenizer;
    private final TokenizerJsonSteps steps;

    private TokenizerKeys(GgufWriter out, Path folder, int vocabSize) {
        this.out = out;
        this.folder = folder;
        this.json = new TokenizerJson(folder, vocabSize);
        this.vocabulary = json.vocabulary;
        this.tokenizer = json.tokenizer(folder);
        this.steps = new TokenizerJsonSteps(json.file);
        if (vocabulary.size() > vocabSize) {
            throw new ModelFileException(
                    folder,
                    "tokenizer",
                    vocabulary.size() + " tokens",
                    "at most the " + vocabSize + " that the model knows");
        }
    }

    /**
     * Puts the keys; where the folder has no tokenizer, those that say so.
     *
     * @param config config.json, for ids that the tokenizer's files do not name
     */
    static void put(GgufWriter out, Path folder, JsonFields config, int vocabSize) {
        if (Files.exists(folder.resolve("tokenizer.json"))) {
            new TokenizerKeys(out, folder, vocabSize).put(config);
            return;
        }
        for (String other : List.of("tokenizer.model", "vocab.json", "tekken.json")) {
            if (Files.exists(folder.resolve(other))) {
                throw new ModelFileException(
                        folder,
                        "has "
                                + other
                                + " but no tokenizer.json; make one with transformers:"
                                + " AutoTokenizer.from_pretrained(DIR).save_pretrained(DIR)");
            }
        }
        out.string(PREFIX + "model", GgufTokenizer.NONE);
        ids(out, config, vocabSize, OptionalInt.empty(), OptionalInt.empty());
    }

    private void put(JsonFields config) {
        if (steps.byteLevel) {
            byteLevel();
        } else {
            sentencePiece();
        }
        OptionalInt bos = tokenizer.bos();
        OptionalInt eos = tokenizer.eos();
        if (bos.isEmpty() && json.before.length == 1) {
            bos = OptionalInt.of(json.before[0]);
        }
        if (eos.isEmpty() && json.after.length == 1) {
            eos = OptionalInt.of(json.after[0]);
        }
        around("front", json.before, bos);
        around("back", json.after, eos);
        out.flag(PREFIX + "add_bos_token", json.before.length > 0);
        out.flag(PREFIX + "add_eos_token", json.after.length > 0);
        ids(out, config, vocabulary.size(), bos, eos);
        named("unk_token", "unknown_token_id");
        named("pad_token", "padding_token_id");
        otherEnds(config);
        chatTemplate();
    }

    /** GGUF can put one token in front of a text and one behind it. */
    private void around(String where, int[] ids, OptionalInt own) {
        if (ids.length > 1 || (ids.length == 1 && ids[0] != own.orElse(-1))) {
            throw json.file.wrong(
                    "post_processor",
                    ids.length + " tokens in " + where,
                    "at most the one that begins or ends a text: GGUF has no place for others");
        }
    }

    private static void ids(
            GgufWriter out, JsonFields config, int size, OptionalInt bos, OptionalInt eos) {
        first(config, "bos_token_id", size, bos)
                .ifPresent(id -> out.integer(PREFIX + "bos_token_id", id));
        first(config, "eos_token_id", size, eos)
                .ifPresent(id -> out.integer(PREFIX + "eos_token_id", id));
        first(config, "pad_token_id", size, OptionalInt.empty())
                .ifPresent(id -> out.integer(PREFIX + "padding_token_id", id));
    }

    private static Optional<Integer> first(
            JsonFields config, String key, int size, OptionalInt named) {
        if (named.isPresent()) {
            return Optional.of(named.getAsInt());
        }
        return config.integers(key).stream().filter(id -> id >= 0 && id < size).findFirst();
    }

    private void named(String token, String key) {
        int id = json.configured(token);
        if (id >= 0) {
            out.integer(PREFIX + key, id);
        }
    }

    /** Ends of generation that readers do not know by their names. */
    private void otherEnds(JsonFields config) {
        Set<Integer> known = new HashSet<>(EndTokens.in(vocabulary));
        tokenizer.eos().ifPresent(known::add);
        List<Integer> ends = new ArrayList<>(tokenizer.endOfGeneration());
        ends.addAll(config.integers("eos_token_id"));
        List<Integer> others =
                ends.stream()
                        .filter(id -> id >= 0 && id < vocabulary.size() && !known.contains(id))
                        .distinct()
                        .toList();
        List<String> keys = List.of("eot_token_id", "eom_token_id");
        for (int i = 0; i < Math.min(keys.size(), others.size()); i++) {
            out.integer(PREFIX + keys.get(i), others.get(i));
        }
    }

    private void byteLevel() {
        if (!steps.preparations.isEmpty()) {
            throw refused("pre_tokenizer", "a space put in front of every text");
        }
        boolean composes = steps.normalizers.contains(new Rewriting.Nfc());
        if (steps.normalizers.size() > (composes ? 1 : 0)) {
            throw refused("normalizer", "other steps than NFC");
        }
        boolean whole = json.file.model.path("ignore_merges").asBoolean();
        String pre =
                GgufPreTokenizer.nameOf(steps.splitters, whole, composes)
                        .orElseThrow(() ->
                                refused(
                                        "pre_tokenizer",
                                        "rules that llama.cpp has no name for, as far as Loupe"
                                                + " knows"));
        out.string(PREFIX + "model", "gpt2");
        out.string(PREFIX + "pre", pre);
        tokens(null, -1);
        List<String> merges = new ArrayList<>();
        for (int i = 0; i + 1 < json.file.merges.size(); i += 2) {
            merges.add(json.file.merges.get(i) + " " + json.file.merges.get(i + 1));
        }
        out.strings(PREFIX + "merges", merges);
    }

    private void sentencePiece() {
        boolean space = prefix();
        SentencePieceScores scores = new SentencePieceScores(json);
        out.string(PREFIX + "model", "llama");
        out.string(PREFIX + "pre", "default");
        tokens(scores, json.idOfUnknown());
        out.flag(PREFIX + "add_space_prefix", space);
    }

    /** Whether a space goes in front, if all steps are those of SentencePiece. */
    private boolean prefix() {
        Rewriting mark = new Rewriting.Replace(" ", "▁");
        List<Rewriting> all = new ArrayList<>(steps.normalizers);
        all.addAll(steps.preparations);
        // spaces are gone when pieces are cut at them
        boolean whole =
                steps.splitters.stream()
                        .allMatch(s ->
                                s.equals(new Splitter.After(' '))
                                        || s.equals(new Splitter.Before(' ', true)));
        if (whole && json.file.model.path("byte_fallback").asBoolean()) {
            if (all.equals(List.of(mark))) {
                return false;
            }
            boolean prefixed =
                    all.equals(List.of(new Rewriting.Prepend("▁"), mark))
                            || all.equals(List.of(mark, new Rewriting.Mark('▁', true)))
                            || all.equals(List.of(mark, new Rewriting.Mark('▁', false)));
            if (prefixed) {
                return true;
            }
        }
        throw refused("pre_tokenizer", "steps that are neither byte-level nor SentencePiece's");
    }

    private void tokens(@Nullable SentencePieceScores scores, int unknown) {
        Set<Integer> added = new HashSet<>();
        json.added.stream().map(AddedToken::id).forEach(added::add);
        List<String> texts = new ArrayList<>();
        int[] types = new int[vocabulary.size()];
        float[] numbers = new float[vocabulary.size()];
        for (int id = 0; id < types.length; id++) {
            String text = vocabulary.text(id);
            types[id] = text.isEmpty() ? UNUSED : type(id, added.contains(id), unknown);
            if (scores != null) {
                numbers[id] = scores.of(id, types[id] == NORMAL);
                // readers look for these in the text as it is
                text = types[id] == USER_DEFINED ? text.replace('▁', ' ') : text;
            }
            texts.add(text.isEmpty() ? padding(id) : text);
        }
        out.strings(PREFIX + "tokens", texts);
        if (scores != null) {
            out.numbers(PREFIX + "scores", numbers);
        }
        out.integers(PREFIX + "token_type", types);
    }

    /** What an id is called that has no token. */
    static String padding(int id) {
        return "[PAD" + id + "]";
    }

    private int type(int id, boolean added, int unknown) {
        if (id == unknown) {
            return UNKNOWN;
        }
        TokenKind kind = vocabulary.kind(id);
        return switch (kind) {
            case CONTROL, UNKNOWN -> CONTROL;
            case BYTE -> BYTE;
            case USER_DEFINED -> USER_DEFINED;
            case UNUSED -> UNUSED;
            case NORMAL -> added ? USER_DEFINED : NORMAL;
        };
    }

    private void chatTemplate() {
        JsonNode template = json.config.path("chat_template");
        Path file = folder.resolve("chat_template.jinja");
        String text = template.asText();
        for (JsonNode named : template.isArray() ? template : List.<JsonNode>of()) {
            if (named.path("name").asText().equals("default")) {
                text = named.path("template").asText();
            }
        }
        try {
            if (Files.isRegularFile(file) && Files.size(file) <= 1 << 20) {
                text = Files.readString(file);
            }
        } catch (IOException e) {
            throw new ModelFileException(file, "cannot be read: " + e.getMessage());
        }
        if (!text.isEmpty()) {
            out.string("tokenizer.chat_template", text);
        }
    }

    private ModelFileException refused(String field, String found) {
        return json.file.wrong(field, found, "what a GGUF file can say");
    }
}
