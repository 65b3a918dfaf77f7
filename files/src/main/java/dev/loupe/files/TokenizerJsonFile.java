package dev.loupe.files;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The content of a tokenizer.json, not yet interpreted. The vocabulary and the merges, which are
 * nearly all of it, are streamed; the rest is small and kept as it is.
 */
final class TokenizerJsonFile {
    private static final long MAX_BYTES = 64L << 20;
    private static final int MAX_TOKENS = 500_000;
    private static final int MAX_MERGES = 1_000_000;
    private static final int MAX_NODES = 200_000;
    private static final JsonFactory JSON =
            JsonFactory.builder()
                    .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
                    .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
                    .streamReadConstraints(
                            StreamReadConstraints.builder()
                                    .maxNestingDepth(64)
                                    .maxStringLength(1 << 20)
                                    .maxDocumentLength(MAX_BYTES)
                                    .build())
                    .build();

    private final Path file;
    private int nodes;

    /** An entry of the vocabulary. */
    record Token(String text, int id) {}

    /** The tokens by their text. */
    final Map<String, Token> vocabulary = new HashMap<>();

    /** Left and right of each merge, alternating. */
    final List<String> merges = new ArrayList<>();

    /** The model without its vocabulary and merges. */
    ObjectNode model = JsonNodeFactory.instance.objectNode();

    /** The file without its model. */
    final ObjectNode rest = JsonNodeFactory.instance.objectNode();

    private TokenizerJsonFile(Path file) {
        this.file = file;
    }

    static TokenizerJsonFile read(Path file) {
        TokenizerJsonFile content = new TokenizerJsonFile(file);
        content.parse(parser -> {
            content.expect(parser, parser.nextToken(), JsonToken.START_OBJECT, "the file");
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String field = parser.currentName();
                parser.nextToken();
                if (field.equals("model")) {
                    content.readModel(parser);
                } else {
                    content.put(content.rest, field, content.tree(parser));
                }
            }
        });
        return content;
    }

    /**
     * A small JSON file as a whole, such as tokenizer_config.json; an empty object if it is absent.
     */
    static ObjectNode readSmall(Path file) {
        if (!Files.exists(file)) {
            return JsonNodeFactory.instance.objectNode();
        }
        TokenizerJsonFile content = new TokenizerJsonFile(file);
        content.parse(parser -> {
            content.expect(parser, parser.nextToken(), JsonToken.START_OBJECT, "the file");
            content.model = (ObjectNode) content.tree(parser);
        });
        return content.model;
    }

    private interface Body {
        void read(JsonParser parser) throws IOException;
    }

    private void parse(Body body) {
        try {
            if (!Files.isRegularFile(file)) {
                throw new ModelFileException(file, "there is no such file");
            }
            if (Files.size(file) > MAX_BYTES) {
                throw new ModelFileException(
                        file, "size", Files.size(file) + " bytes", "at most " + MAX_BYTES);
            }
            try (InputStream in = Files.newInputStream(file);
                    JsonParser parser = JSON.createParser(in)) {
                body.read(parser);
                if (parser.nextToken() != null) {
                    throw new ModelFileException(file, "more follows after the end of the object");
                }
            }
        } catch (JsonProcessingException e) {
            throw new ModelFileException(file, "is not valid JSON: " + e.getOriginalMessage());
        } catch (IOException e) {
            throw new ModelFileException(file, "cannot be read: " + e.getMessage());
        }
    }

    private void readModel(JsonParser parser) throws IOException {
        expect(parser, parser.currentToken(), JsonToken.START_OBJECT, "model");
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String field = parser.currentName();
            JsonToken value = parser.nextToken();
            if (field.equals("vocab") && value == JsonToken.START_OBJECT) {
                readVocabulary(parser);
            } else if (field.equals("merges")) {
                readMerges(parser);
            } else {
                put(model, field, tree(parser));
            }
        }
    }

    private void readVocabulary(JsonParser parser) throws IOException {
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String token = parser.currentName();
            expect(
                    parser,
                    parser.nextToken(),
                    JsonToken.VALUE_NUMBER_INT,
                    "model.vocab['" + token + "']");
            int id = parser.getIntValue();
            if (id < 0) {
                throw wrong("model.vocab['" + token + "']", id, "an id of 0 or more");
            }
            if (vocabulary.put(token, new Token(token, id)) != null) {
                throw wrong("model.vocab", "the token '" + token + "' twice", "each token once");
            }
            if (vocabulary.size() > MAX_TOKENS) {
                throw wrong("model.vocab", "more tokens", "at most " + MAX_TOKENS);
            }
        }
    }

    private void readMerges(JsonParser parser) throws IOException {
        expect(parser, parser.currentToken(), JsonToken.START_ARRAY, "model.merges");
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            String field = "model.merges[" + merges.size() / 2 + "]";
            if (parser.currentToken() == JsonToken.VALUE_STRING) {
                addPair(field, parser.getText());
            } else {
                expect(parser, parser.currentToken(), JsonToken.START_ARRAY, field);
                expect(parser, parser.nextToken(), JsonToken.VALUE_STRING, field);
                merges.add(known(parser.getText()));
                expect(parser, parser.nextToken(), JsonToken.VALUE_STRING, field);
                merges.add(known(parser.getText()));
                expect(parser, parser.nextToken(), JsonToken.END_ARRAY, field);
            }
            if (merges.size() > 2 * MAX_MERGES) {
                throw wrong("model.merges", "more merges", "at most " + MAX_MERGES);
            }
        }
    }

    private void addPair(String field, String line) {
        int space = line.indexOf(' ');
        if (space <= 0 || space + 1 == line.length() || line.indexOf(' ', space + 1) >= 0) {
            throw wrong(field, "'" + line + "'", "two tokens with one space between");
        }
        merges.add(known(line.substring(0, space)));
        merges.add(known(line.substring(space + 1)));
    }

    /**
     * If the vocabulary is there, checks at once, so that a long list of wrong merges costs
     * nothing, and gives its text, so that one of right merges costs little.
     */
    private String known(String text) {
        Token token = vocabulary.get(text);
        if (token == null && !vocabulary.isEmpty()) {
            throw wrong(
                    "model.merges[" + merges.size() / 2 + "]",
                    "'" + text + "'",
                    "a token of the vocabulary");
        }
        return token == null ? text : token.text();
    }

    private JsonNode tree(JsonParser parser) throws IOException {
        if (++nodes > MAX_NODES) {
            throw new ModelFileException(file, "has more than " + MAX_NODES + " values");
        }
        JsonNodeFactory make = JsonNodeFactory.instance;
        JsonToken token = parser.currentToken();
        return switch (token) {
            case START_OBJECT -> {
                ObjectNode object = make.objectNode();
                while (parser.nextToken() == JsonToken.FIELD_NAME) {
                    String field = parser.currentName();
                    parser.nextToken();
                    put(object, field, tree(parser));
                }
                yield object;
            }
            case START_ARRAY -> {
                ArrayNode array = make.arrayNode();
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    array.add(tree(parser));
                }
                yield array;
            }
            case VALUE_STRING -> make.textNode(parser.getText());
            case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> make.numberNode(parser.getDoubleValue());
            case VALUE_TRUE -> make.booleanNode(true);
            case VALUE_FALSE -> make.booleanNode(false);
            default -> make.nullNode();
        };
    }

    private void put(ObjectNode object, String field, JsonNode value) {
        if (object.replace(field, value) != null) {
            throw wrong(field, "it twice", "it once");
        }
    }

    private void expect(JsonParser parser, JsonToken found, JsonToken expected, String field)
            throws IOException {
        if (found != expected) {
            String text = found == null ? "the end" : "'" + parser.getText() + "'";
            throw wrong(field, text, describe(expected));
        }
    }

    private static String describe(JsonToken token) {
        return switch (token) {
            case START_OBJECT -> "an object";
            case START_ARRAY -> "an array";
            case END_ARRAY -> "an array of two";
            case VALUE_STRING -> "a string";
            default -> "an integer";
        };
    }

    ModelFileException wrong(String field, Object found, String expected) {
        return new ModelFileException(file, field, found, expected);
    }

    ModelFileException wrong(IllegalArgumentException problem) {
        return new ModelFileException(file, String.valueOf(problem.getMessage()));
    }
}
