package dev.loupe.files;

import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The key-value pairs of a GGUF header, read with the type that the reader expects. A value is a
 * {@link Boolean}, a {@link Long}, a {@link Double}, a {@link String}, or several of one of these
 * ({@code boolean[]}, {@code long[]}, {@code double[]}, {@code List<String>}).
 *
 * <p>A key that is missing gives an empty result; one of another type throws a {@link
 * ModelFileException} that names file, key, found and expected.
 */
public final class Metadata {
    private final Path file;
    private final Map<String, Object> values;

    Metadata(Path file, Map<String, Object> values) {
        this.file = file;
        this.values = values;
    }

    /** The file that they were read from, for errors. */
    public Path file() {
        return file;
    }

    /** All keys, in the order of the file. */
    public Set<String> keys() {
        return Collections.unmodifiableSet(values.keySet());
    }

    /** The value as it was read, of one of the types above. */
    public Optional<Object> raw(String key) {
        return Optional.ofNullable(values.get(key));
    }

    public Optional<String> string(String key) {
        return value(key, String.class, "a string");
    }

    public Optional<Boolean> flag(String key) {
        return value(key, Boolean.class, "a boolean");
    }

    public Optional<Long> integer(String key) {
        return value(key, Long.class, "an integer");
    }

    /** A float, or an integer read as one. */
    public Optional<Double> number(String key) {
        return value(key, Number.class, "a number").map(Number::doubleValue);
    }

    public Optional<List<String>> strings(String key) {
        return value(key, List.class, "an array of strings").map(Metadata::texts);
    }

    /** A list in a header has strings and nothing else. */
    @SuppressWarnings("unchecked")
    private static List<String> texts(List<?> list) {
        return (List<String>) list;
    }

    public Optional<long[]> integers(String key) {
        return value(key, long[].class, "an array of integers");
    }

    public Optional<double[]> numbers(String key) {
        return value(key, double[].class, "an array of floats");
    }

    public Optional<boolean[]> flags(String key) {
        return value(key, boolean[].class, "an array of booleans");
    }

    private <T> Optional<T> value(String key, Class<T> type, String expected) {
        Object value = values.get(key);
        if (value == null) {
            return Optional.empty();
        }
        if (!type.isInstance(value)) {
            String found = value instanceof List ? "String[]" : value.getClass().getSimpleName();
            throw new ModelFileException(file, key, found, expected);
        }
        return Optional.of(type.cast(value));
    }
}
