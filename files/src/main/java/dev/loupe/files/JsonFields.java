package dev.loupe.files;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The fields of a small JSON object, {@code config.json} say, read with the type that the reader
 * expects. A field that is null counts as missing; one of another type throws a {@link
 * ModelFileException} that names file, field, found and expected.
 */
final class JsonFields {
    /** A configuration has some kilobytes; this leaves room for a chat template in it. */
    private static final long LARGEST = 4L << 20;

    /**
     * Gemma's tokenizer_config.json, the largest, has 150,000; each may take 80 bytes in memory.
     */
    private static final int MOST_TOKENS = 400_000;

    private static final ObjectMapper MAPPER =
            new ObjectMapper(
                    JsonFactory.builder()
                            .streamReadConstraints(
                                    StreamReadConstraints.builder()
                                            .maxNestingDepth(64)
                                            .maxTokenCount(MOST_TOKENS)
                                            .build())
                            .build());

    private final Path file;
    private final String prefix;
    private final ObjectNode node;

    private JsonFields(Path file, String prefix, ObjectNode node) {
        this.file = file;
        this.prefix = prefix;
        this.node = node;
    }

    /** Reads a file that holds one JSON object. */
    static JsonFields read(Path file) {
        try {
            if (!Files.isRegularFile(file)) {
                throw new ModelFileException(file, "is not a regular file");
            }
            if (Files.size(file) > LARGEST) {
                throw new ModelFileException(
                        file, "size", Files.size(file) + " bytes", "at most " + LARGEST);
            }
            if (MAPPER.readTree(Files.readAllBytes(file)) instanceof ObjectNode node) {
                return new JsonFields(file, "", node);
            }
            throw new ModelFileException(file, "content", "other JSON", "one object");
        } catch (JsonProcessingException e) {
            // bounds that were exceeded have no place
            JsonLocation place = e.getLocation();
            throw new ModelFileException(
                    file,
                    place == null ? "content" : "line " + place.getLineNr(),
                    "broken JSON",
                    "valid JSON (" + e.getOriginalMessage() + ")");
        } catch (IOException e) {
            throw new ModelFileException(file, "cannot be read: " + e.getMessage());
        }
    }

    Path file() {
        return file;
    }

    private @Nullable JsonNode value(String name) {
        JsonNode value = node.get(name);
        return value == null || value.isNull() ? null : value;
    }

    private ModelFileException wrong(String name, JsonNode found, String expected) {
        String text = found.toString();
        String shown = text.length() > 80 ? text.substring(0, 80) + "..." : text;
        return new ModelFileException(file, prefix + name, shown, expected);
    }

    boolean has(String name) {
        return value(name) != null;
    }

    /** Whether it has any field. */
    boolean hasAny() {
        return !node.isEmpty();
    }

    /** True also where the value is null. */
    boolean hasName(String name) {
        return node.has(name);
    }

    int integer(String name) {
        return integerIn(name)
                .orElseThrow(
                        () -> new ModelFileException(file, prefix + name, "nothing", "an integer"));
    }

    int integer(String name, int otherwise) {
        return integerIn(name).orElse(otherwise);
    }

    private Optional<Integer> integerIn(String name) {
        JsonNode value = value(name);
        if (value == null) {
            return Optional.empty();
        }
        if (!value.isIntegralNumber() || !value.canConvertToInt()) {
            throw wrong(name, value, "an integer below 2^31");
        }
        return Optional.of(value.intValue());
    }

    double number(String name, double otherwise) {
        JsonNode value = value(name);
        if (value == null) {
            return otherwise;
        }
        if (!value.isNumber() || !Double.isFinite(value.doubleValue())) {
            throw wrong(name, value, "a number");
        }
        return value.doubleValue();
    }

    boolean flag(String name, boolean otherwise) {
        JsonNode value = value(name);
        if (value == null) {
            return otherwise;
        }
        if (!value.isBoolean()) {
            throw wrong(name, value, "true or false");
        }
        return value.booleanValue();
    }

    Optional<String> string(String name) {
        JsonNode value = value(name);
        if (value == null) {
            return Optional.empty();
        }
        if (!value.isTextual()) {
            throw wrong(name, value, "a string");
        }
        return Optional.of(value.textValue());
    }

    Optional<List<String>> strings(String name) {
        JsonNode value = value(name);
        if (value == null) {
            return Optional.empty();
        }
        List<String> strings = new ArrayList<>();
        if (!value.isArray()) {
            throw wrong(name, value, "a list of strings");
        }
        for (JsonNode element : value) {
            if (!element.isTextual()) {
                throw wrong(name, value, "a list of strings");
            }
            strings.add(element.textValue());
        }
        return Optional.of(strings);
    }

    /** One integer, or a list of them; empty if there is none. */
    List<Integer> integers(String name) {
        JsonNode value = value(name);
        List<Integer> integers = new ArrayList<>();
        if (value == null) {
            return integers;
        }
        for (JsonNode element : value.isArray() ? value : List.of(value)) {
            if (!element.isIntegralNumber() || !element.canConvertToInt()) {
                throw wrong(name, value, "an integer, or a list of them");
            }
            integers.add(element.intValue());
        }
        return integers;
    }

    Optional<JsonFields> object(String name) {
        JsonNode value = value(name);
        if (value == null) {
            return Optional.empty();
        }
        if (!(value instanceof ObjectNode object)) {
            throw wrong(name, value, "an object");
        }
        return Optional.of(new JsonFields(file, prefix + name + ".", object));
    }

    /** An error about a field that has a value, but one that Loupe does not know. */
    ModelFileException unsupported(String name, String expected) {
        JsonNode value = value(name);
        return value == null
                ? new ModelFileException(file, prefix + name, "nothing", expected)
                : wrong(name, value, expected);
    }

    /** Refuses a feature that this engine has not: the field must be missing, false or zero. */
    void absent(String name) {
        JsonNode value = value(name);
        if (value == null) {
            return;
        }
        boolean off =
                (value.isBoolean() && !value.booleanValue())
                        || (value.isNumber() && value.doubleValue() == 0);
        if (!off) {
            throw wrong(name, value, "nothing: Loupe does not know this feature");
        }
    }
}
