package dev.loupe.files;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.loupe.tokens.AddedToken;
import dev.loupe.tokens.Alphabet;
import dev.loupe.tokens.BpeTokenizerBuilder;
import dev.loupe.tokens.EndTokens;
import dev.loupe.tokens.Merges;
import dev.loupe.tokens.TokenKind;
import dev.loupe.tokens.Tokenizer;
import dev.loupe.tokens.Vocabulary;
import dev.loupe.tokens.WholePieces;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;

/**
 * The tokenizer of a Hugging Face folder: tokenizer.json, and beside it tokenizer_config.json,
 * which names BOS and EOS, and generation_config.json, which lists the tokens that end generation.
 */
public final class TokenizerJson {
    final TokenizerJsonFile file;
    final ObjectNode config;
    final Vocabulary vocabulary;
    final List<AddedToken> added = new ArrayList<>();

    /** The ids that go in front of a text and behind it; known when the tokenizer was built. */
    int[] before = {};

    int[] after = {};

    TokenizerJson(Path folder, int least) {
        file = TokenizerJsonFile.read(folder.resolve("tokenizer.json"));
        config = TokenizerJsonFile.readSmall(folder.resolve("tokenizer_config.json"));
        String type = file.model.path("type").asText("BPE");
        if (!type.equals("BPE")) {
            throw file.wrong("model.type", "'" + type + "'", "'BPE'; Loupe reads no other models");
        }
        vocabulary = vocabulary(least);
    }

    /**
     * Reads the tokenizer of a folder.
     *
     * @throws ModelFileException if tokenizer.json is missing or wrong, or needs a step that Loupe
     *     does not know
     */
    public static Tokenizer read(Path folder) {
        return read(folder, 0);
    }

    /**
     * Reads the tokenizer of a folder for a model that has more ids than the tokenizer: models are
     * padded to a round number. The ids that are left over stand for nothing.
     *
     * @param vocabSize how many ids there are at least
     */
    public static Tokenizer read(Path folder, int vocabSize) {
        return new TokenizerJson(folder, vocabSize).tokenizer(folder);
    }

    Tokenizer tokenizer(Path folder) {
        return checked(() -> build(folder));
    }

    private Tokenizer build(Path folder) {
        TokenizerJsonSteps steps = new TokenizerJsonSteps(file);
        ObjectNode model = file.model;
        for (String option :
                List.of("dropout", "continuing_subword_prefix", "end_of_word_suffix")) {
            JsonNode value = model.path(option);
            if (!value.isMissingNode() && !value.isNull() && !value.asText().isEmpty()) {
                throw file.wrong("model." + option, value, "null");
            }
        }
        Merges merges = Merges.ofPairs(vocabulary, file.merges);
        BpeTokenizerBuilder builder =
                new BpeTokenizerBuilder(
                                vocabulary,
                                merges,
                                steps.byteLevel ? Alphabet.BYTES : Alphabet.CHARACTERS)
                        .normalizers(steps.normalizers)
                        .preparations(steps.preparations)
                        .splitters(steps.splitters)
                        .dropsSpace(steps.dropsSpace)
                        .byteFallback(model.path("byte_fallback").asBoolean())
                        .whole(
                                model.path("ignore_merges").asBoolean()
                                        ? WholePieces.ALWAYS
                                        : WholePieces.NEVER)
                        .added(added)
                        .decodesAdded(true);
        if (model.path("unk_token").isTextual()) {
            builder.unknown(
                    id("model.unk_token", model.path("unk_token").asText()),
                    model.path("fuse_unk").asBoolean());
        }
        addEnds(builder, folder);
        return builder.build();
    }

    private void addEnds(BpeTokenizerBuilder builder, Path folder) {
        int bos = configured("bos_token");
        int eos = configured("eos_token");
        Set<Integer> ends = new TreeSet<>(EndTokens.in(vocabulary));
        if (bos >= 0) {
            builder.bos(bos);
        }
        if (eos >= 0) {
            builder.eos(eos);
            ends.add(eos);
        }
        TokenizerJsonTemplate template = new TokenizerJsonTemplate(file);
        before = adjust(template.before, bos, "add_bos_token", true);
        after = adjust(template.after, eos, "add_eos_token", false);
        builder.around(before, after);
        Path generation = folder.resolve("generation_config.json");
        JsonNode more = TokenizerJsonFile.readSmall(generation).path("eos_token_id");
        for (JsonNode end : more.isArray() ? more : List.of(more)) {
            if (end.isNumber()) {
                if (end.asInt() < 0 || end.asInt() >= vocabulary.size()) {
                    throw new ModelFileException(
                            generation, "eos_token_id", end, "an id below " + vocabulary.size());
                }
                ends.add(end.asInt());
            }
        }
        builder.endOfGeneration(ends);
    }

    /** tokenizer_config.json has the last word on BOS and EOS where it says something. */
    private int[] adjust(int[] around, int id, String flag, boolean front) {
        JsonNode says = config.path(flag);
        if (!says.isBoolean() || id < 0) {
            return around;
        }
        IntStream without = Arrays.stream(around).filter(i -> i != id);
        if (!says.asBoolean()) {
            return without.toArray();
        }
        if (Arrays.stream(around).anyMatch(i -> i == id)) {
            return around;
        }
        IntStream own = IntStream.of(id);
        return (front ? IntStream.concat(own, without) : IntStream.concat(without, own)).toArray();
    }

    /** The id of a token that tokenizer_config.json names, as text or as an object; or -1. */
    int configured(String name) {
        JsonNode token = config.path(name);
        String text = token.isObject() ? token.path("content").asText() : token.asText();
        return token.isMissingNode() || token.isNull() ? -1 : vocabulary.idOf(text).orElse(-1);
    }

    /** The id of the token that stands for what the vocabulary lacks; or -1. */
    int idOfUnknown() {
        return vocabulary.idOf(file.model.path("unk_token").asText("")).orElse(-1);
    }

    private int id(String field, String token) {
        return vocabulary
                .idOf(token)
                .orElseThrow(
                        () -> file.wrong(field, "'" + token + "'", "a token of the vocabulary"));
    }

    private Vocabulary vocabulary(int least) {
        JsonNode tokens = file.rest.path("added_tokens");
        int count = file.vocabulary.size() + tokens.size();
        long size = Math.max(least, 0);
        for (TokenizerJsonFile.Token token : file.vocabulary.values()) {
            size = Math.max(size, token.id() + 1L);
        }
        for (JsonNode token : tokens) {
            size = Math.max(size, (long) Math.min(token.path("id").asDouble(), 1e15) + 1);
        }
        if (size > Math.max(least, 4L * count + 1024)) {
            throw file.wrong("model.vocab", "the id " + (size - 1), "ids near to " + count);
        }
        List<String> texts = new ArrayList<>(Collections.nCopies((int) size, ""));
        List<TokenKind> kinds = new ArrayList<>(Collections.nCopies((int) size, TokenKind.NORMAL));
        boolean fallback = file.model.path("byte_fallback").asBoolean();
        for (TokenizerJsonFile.Token token : file.vocabulary.values()) {
            set(texts, token.id(), token.text());
            if (fallback && token.text().matches("<0x[0-9A-F]{2}>")) {
                kinds.set(token.id(), TokenKind.BYTE);
            }
        }
        tokens.forEach(token -> add(token, texts, kinds));
        return checked(() -> new Vocabulary(texts, kinds));
    }

    private void add(JsonNode token, List<String> texts, List<TokenKind> kinds) {
        String text = token.path("content").asText();
        JsonNode number = token.path("id");
        if (!number.isNumber() || number.asDouble() != number.asInt() || number.asInt() < 0) {
            throw file.wrong("added_tokens", token, "an id of 0 or more");
        }
        if (text.isEmpty()) {
            return;
        }
        int id = number.asInt();
        boolean special = token.path("special").asBoolean();
        if (special) {
            kinds.set(id, TokenKind.CONTROL);
        } else if (!file.vocabulary.containsKey(text)) {
            kinds.set(id, TokenKind.USER_DEFINED);
        }
        set(texts, id, text);
        added.add(
                checked(() ->
                        new AddedToken(
                                id,
                                text,
                                special,
                                token.path("lstrip").asBoolean(),
                                token.path("rstrip").asBoolean(),
                                token.path("single_word").asBoolean(),
                                token.path("normalized").asBoolean(!special))));
    }

    private void set(List<String> texts, int id, String text) {
        String before = texts.set(id, text);
        if (!before.isEmpty() && !before.equals(text)) {
            throw file.wrong(
                    "id " + id, "both '" + before + "' and '" + text + "'", "one token of each id");
        }
    }

    private interface Step<T> {
        T run();
    }

    private <T> T checked(Step<T> step) {
        try {
            return step.run();
        } catch (IllegalArgumentException e) {
            throw file.wrong(e);
        }
    }
}
