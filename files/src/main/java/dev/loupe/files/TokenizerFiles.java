package dev.loupe.files;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.loupe.tokens.Splitter;
import dev.loupe.tokens.TokenKind;
import dev.loupe.tokens.Tokenizer;
import dev.loupe.tokens.Vocabulary;

import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Writes the tokenizer of a GGUF file as the {@code tokenizer.json} and {@code
 * tokenizer_config.json} of a Hugging Face folder.
 */
final class TokenizerFiles {
    private static final String PREFIX = GgufTokenizer.PREFIX;
    private static final JsonNodeFactory MAKE = JsonNodeFactory.instance;

    private final Metadata metadata;
    private final Tokenizer tokenizer;
    private final Vocabulary vocabulary;
    private final boolean bytes;

    private TokenizerFiles(Metadata metadata, Tokenizer tokenizer) {
        this.metadata = metadata;
        this.tokenizer = tokenizer;
        this.vocabulary = GgufTokenizer.vocabulary(metadata);
        String model = metadata.string(PREFIX + "model").orElse("");
        if (!model.equals("gpt2") && !model.equals("llama")) {
            throw wrong("model", model, "gpt2 or llama: others have no tokenizer.json yet");
        }
        this.bytes = model.equals("gpt2");
    }

    /**
     * Writes the two files.
     *
     * @param tokenizer what {@link GgufTokenizer} made of the same keys
     * @param nCtx how many tokens the model was made for
     * @throws ModelFileException if a step of the tokenizer has no form in tokenizer.json that
     *     Loupe knows
     */
    static void write(Metadata metadata, Tokenizer tokenizer, int nCtx, Path folder) {
        TokenizerFiles files = new TokenizerFiles(metadata, tokenizer);
        ObjectNode rest = files.rest();
        ArrayNode added = files.added();
        List<SentencePieceScores.Pair> merges = files.merges();
        NewFile.write(
                folder.resolve("tokenizer.json"), out -> files.write(out, rest, added, merges));
        Converter.write(folder.resolve("tokenizer_config.json"), files.config(nCtx));
    }

    private void write(
            WritableByteChannel out,
            ObjectNode rest,
            ArrayNode added,
            List<SentencePieceScores.Pair> merges)
            throws IOException {
        try (JsonGenerator json =
                new JsonFactory()
                        .createGenerator(Channels.newOutputStream(out))
                        .disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET)
                        .setCodec(new ObjectMapper())) {
            json.writeStartObject();
            json.writeStringField("version", "1.0");
            json.writeNullField("truncation");
            json.writeNullField("padding");
            json.writeObjectField("added_tokens", added);
            for (Map.Entry<String, JsonNode> field : rest.properties()) {
                json.writeObjectField(field.getKey(), field.getValue());
            }
            json.writeObjectFieldStart("model");
            model(json, merges);
            json.writeEndObject();
            json.writeEndObject();
        }
    }

    private void model(JsonGenerator json, List<SentencePieceScores.Pair> merges)
            throws IOException {
        json.writeStringField("type", "BPE");
        json.writeNullField("dropout");
        Optional<Integer> unknown = bytes ? Optional.empty() : id("unknown_token_id");
        if (unknown.isPresent()) {
            json.writeStringField("unk_token", vocabulary.text(unknown.get()));
        } else {
            json.writeNullField("unk_token");
        }
        json.writeNullField("continuing_subword_prefix");
        json.writeNullField("end_of_word_suffix");
        json.writeBooleanField("fuse_unk", !bytes);
        json.writeBooleanField("byte_fallback", !bytes);
        json.writeBooleanField("ignore_merges", bytes && pre().wholePieces());
        json.writeObjectFieldStart("vocab");
        for (int id = 0; id < vocabulary.size(); id++) {
            String text = vocabulary.text(id);
            boolean padding =
                    vocabulary.kind(id) == TokenKind.UNUSED
                            && (text.isEmpty() || text.equals(TokenizerKeys.padding(id)));
            if (!padding) {
                json.writeNumberField(text, id);
            }
        }
        json.writeEndObject();
        json.writeArrayFieldStart("merges");
        for (SentencePieceScores.Pair pair : merges) {
            json.writeStartArray();
            json.writeString(pair.left());
            json.writeString(pair.right());
            json.writeEndArray();
        }
        json.writeEndArray();
    }

    private GgufPreTokenizer pre() {
        // the tokenizer was made, so the name is there and known
        return metadata.string(PREFIX + "pre").flatMap(GgufPreTokenizer::of).orElseThrow();
    }

    private List<SentencePieceScores.Pair> merges() {
        return bytes ? GgufTokenizer.pairs(metadata) : byScore();
    }

    /** Every merge that scores allow, the highest score first. */
    private List<SentencePieceScores.Pair> byScore() {
        double[] scores = metadata.numbers(PREFIX + "scores").orElseThrow();
        List<Integer> ids = new ArrayList<>();
        for (int id = 0; id < vocabulary.size(); id++) {
            TokenKind kind = vocabulary.kind(id);
            boolean padding = vocabulary.text(id).equals(TokenizerKeys.padding(id));
            if (kind == TokenKind.NORMAL || (kind == TokenKind.UNUSED && !padding)) {
                ids.add(id);
            }
        }
        ids.sort(Comparator.comparingDouble((Integer id) -> -scores[id]));
        List<SentencePieceScores.Pair> pairs = new ArrayList<>();
        try {
            for (int id : ids) {
                pairs.addAll(SentencePieceScores.splits(vocabulary.text(id), vocabulary));
            }
        } catch (IllegalArgumentException e) {
            throw new ModelFileException(metadata.file(), PREFIX + "tokens: " + e.getMessage());
        }
        return pairs;
    }

    private ArrayNode added() {
        ArrayNode added = MAKE.arrayNode();
        for (int id = 0; id < vocabulary.size(); id++) {
            switch (vocabulary.kind(id)) {
                case CONTROL, UNKNOWN -> added.add(added(id, true));
                case USER_DEFINED -> added.add(added(id, false));
                case NORMAL, UNUSED, BYTE -> {}
            }
        }
        return added;
    }

    private ObjectNode added(int id, boolean special) {
        return MAKE.objectNode()
                .put("id", id)
                .put("content", vocabulary.text(id))
                .put("single_word", false)
                .put("lstrip", false)
                .put("rstrip", false)
                .put("normalized", false)
                .put("special", special);
    }

    /** Everything but the model and the added tokens. */
    private ObjectNode rest() {
        ObjectNode rest = MAKE.objectNode();
        if (bytes) {
            boolean composes =
                    metadata.string(PREFIX + "pre").filter(GgufPreTokenizer::composes).isPresent();
            rest.set("normalizer", composes ? step("NFC") : MAKE.nullNode());
            rest.set("pre_tokenizer", preTokenizer());
            rest.set("post_processor", postProcessor());
            rest.set("decoder", byteLevel(true));
            return rest;
        }
        boolean space = metadata.flag(PREFIX + "add_space_prefix").orElse(true);
        ArrayNode normalizers = MAKE.arrayNode();
        ArrayNode decoders = MAKE.arrayNode().add(replace("▁", " "));
        decoders.add(step("ByteFallback")).add(step("Fuse"));
        if (space) {
            normalizers.add(step("Prepend").put("prepend", "▁"));
            decoders.add(step("Strip").put("content", " ").put("start", 1).put("stop", 0));
        }
        normalizers.add(replace(" ", "▁"));
        rest.set("normalizer", sequence("normalizers", normalizers));
        rest.set("pre_tokenizer", MAKE.nullNode());
        rest.set("post_processor", template());
        rest.set("decoder", sequence("decoders", decoders));
        return rest;
    }

    private ObjectNode preTokenizer() {
        List<Splitter> splitters = pre().splitters();
        ArrayNode steps = MAKE.arrayNode();
        boolean words = splitters.getLast().equals(new Splitter.Gpt2Words());
        for (Splitter splitter : words ? splitters.subList(0, splitters.size() - 1) : splitters) {
            steps.add(
                    TokenizerJsonSteps.step(splitter)
                            .orElseThrow(() ->
                                    wrong(
                                            "pre",
                                            metadata.string(PREFIX + "pre").orElse(""),
                                            "rules that Loupe can write into a tokenizer.json")));
        }
        return sequence("pretokenizers", steps.add(byteLevel(words)));
    }

    private static ObjectNode byteLevel(boolean words) {
        return step("ByteLevel")
                .put("add_prefix_space", false)
                .put("trim_offsets", true)
                .put("use_regex", words);
    }

    private ObjectNode postProcessor() {
        if (!tokenizer.addsBos() && !tokenizer.addsEos()) {
            return byteLevel(true).put("trim_offsets", false);
        }
        ArrayNode processors = MAKE.arrayNode().add(byteLevel(true).put("trim_offsets", false));
        return sequence("processors", processors.add(template()));
    }

    /** What goes around a text, and around a second one. */
    private ObjectNode template() {
        ObjectNode specials = MAKE.objectNode();
        ArrayNode single = MAKE.arrayNode();
        ArrayNode pair = MAKE.arrayNode();
        for (int text = 0; text < 2; text++) {
            ArrayNode one = MAKE.arrayNode();
            if (tokenizer.addsBos()) {
                one.add(special(specials, tokenizer.bos().orElseThrow(), text));
            }
            ObjectNode sequence = MAKE.objectNode();
            sequence.putObject("Sequence").put("id", text == 0 ? "A" : "B").put("type_id", text);
            one.add(sequence);
            if (tokenizer.addsEos()) {
                one.add(special(specials, tokenizer.eos().orElseThrow(), text));
            }
            pair.addAll(one);
            if (text == 0) {
                single.addAll(one);
            }
        }
        ObjectNode template = step("TemplateProcessing");
        template.set("single", single);
        template.set("pair", pair);
        template.set("special_tokens", specials);
        return template;
    }

    private ObjectNode special(ObjectNode specials, int id, int type) {
        String text = vocabulary.text(id);
        ObjectNode own = specials.putObject(text).put("id", text);
        own.putArray("ids").add(id);
        own.putArray("tokens").add(text);
        ObjectNode piece = MAKE.objectNode();
        piece.putObject("SpecialToken").put("id", text).put("type_id", type);
        return piece;
    }

    private static ObjectNode step(String type) {
        return MAKE.objectNode().put("type", type);
    }

    private static ObjectNode sequence(String name, ArrayNode steps) {
        ObjectNode sequence = step("Sequence");
        sequence.set(name, steps);
        return sequence;
    }

    private static ObjectNode replace(String old, String with) {
        ObjectNode step = step("Replace");
        step.putObject("pattern").put("String", old);
        return step.put("content", with);
    }

    private ObjectNode config(int nCtx) {
        ObjectNode config = MAKE.objectNode().put("tokenizer_class", "PreTrainedTokenizerFast");
        named(config, "bos_token", "bos_token_id");
        named(config, "eos_token", "eos_token_id");
        named(config, "unk_token", "unknown_token_id");
        named(config, "pad_token", "padding_token_id");
        config.put("add_bos_token", tokenizer.addsBos());
        config.put("add_eos_token", tokenizer.addsEos());
        config.put("clean_up_tokenization_spaces", false);
        config.put("model_max_length", nCtx);
        metadata.string("tokenizer.chat_template").ifPresent(t -> config.put("chat_template", t));
        return config;
    }

    private void named(ObjectNode config, String name, String key) {
        id(key).ifPresent(id -> config.put(name, vocabulary.text(id)));
    }

    private Optional<Integer> id(String key) {
        return metadata.integer(PREFIX + key)
                .filter(id -> id >= 0 && id < vocabulary.size())
                .map(Long::intValue);
    }

    private ModelFileException wrong(String key, Object found, String expected) {
        return new ModelFileException(metadata.file(), PREFIX + key, found, expected);
    }
}
