package dev.loupe.inside;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import dev.loupe.files.LocalModel;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** What transformers computed, and the same models here. */
final class Oracle {
    static final ObjectMapper JSON = new ObjectMapper();
    private static final Map<String, LocalModel> MODELS = new HashMap<>();
    private static final JsonNode ALL = read();

    private Oracle() {}

    private static JsonNode read() {
        try (InputStream in = Oracle.class.getResourceAsStream("/oracle/oracle.json")) {
            return JSON.readTree(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Every fixture, by the name of its folder, and SmolLM2 in four bits. */
    static Stream<String> models() {
        return Stream.concat(families(), Stream.of("smollm2"));
    }

    /** Every fixture. */
    static Stream<String> families() {
        return List.of(
                "gpt2",
                "gpt-neox",
                "gpt-neox-sequential",
                "llama-tied",
                "llama-3-rope",
                "llama-mqa-bias",
                "mistral-sliding",
                "qwen2",
                "qwen3",
                "gemma3")
                .stream();
    }

    static JsonNode of(String model) {
        return ALL.get(model);
    }

    static int[] ids(String model) {
        return JSON.convertValue(of(model).get("ids"), int[].class);
    }

    /** Loaded once, and kept until the tests end. */
    static LocalModel model(String name) {
        return MODELS.computeIfAbsent(
                name,
                n ->
                        LocalModel.load(
                                n.equals("smollm2")
                                        ? Outside.realModel()
                                        : Outside.fixture("families/" + n),
                                2));
    }

    /**
     * How far numbers are from those of transformers, beside the largest of these or 1.
     *
     * @param expected {@code [token][every stride-th number]}
     * @param found {@code [token, ...]}
     */
    static double difference(JsonNode expected, NamedArray found, int stride) {
        int tokens = found.shape()[0];
        int width = found.values().length / tokens;
        assertThat(expected).hasSize(tokens);
        double largest = 1;
        double worst = 0;
        for (int t = 0; t < tokens; t++) {
            assertThat(expected.get(t)).hasSize((width + stride - 1) / stride);
            for (int i = 0; i < expected.get(t).size(); i++) {
                double wanted = expected.get(t).get(i).doubleValue();
                largest = Math.max(largest, Math.abs(wanted));
                worst = Math.max(worst, Math.abs(wanted - found.values()[t * width + i * stride]));
            }
        }
        return worst / largest;
    }
}
