package dev.loupe.explorer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;

import dev.loupe.files.AdapterFolder;
import dev.loupe.files.Converter;
import dev.loupe.files.LocalModel;
import dev.loupe.files.Mix;
import dev.loupe.files.ModelSummary;
import dev.loupe.kernels.Weight;
import dev.loupe.model.Adapters;
import dev.loupe.model.Gpt;
import dev.loupe.model.Lora;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What is said of weights adds up to the model, and their numbers are those that it computes with.
 */
class WeightCallsTest {
    @TempDir private Path folder;

    private static Path fixture(String family) {
        return Outside.fixture("families/" + family);
    }

    /** The result of a call that tells its progress before it. */
    private static JsonNode result(Asking pages, String call, String name)
            throws IOException, InterruptedException {
        HttpResponse<byte[]> response =
                pages.send(pages.asking(call, "{\"name\":\"" + name + "\"}"));
        List<String> lines =
                new String(response.body(), StandardCharsets.UTF_8).strip().lines().toList();
        assertThat(lines.size()).isGreaterThan(1);
        assertThat(Asking.MAPPER.readTree(lines.getFirst()).get("note").asText()).isNotEmpty();
        return Asking.MAPPER.readTree(lines.getLast()).get("result");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "gemma3",
                "gpt-neox",
                "gpt-neox-sequential",
                "gpt2",
                "llama-3-rope",
                "llama-mqa-bias",
                "llama-tied",
                "mistral-sliding",
                "qwen2",
                "qwen3"
            })
    void allTensorsOfEveryFamilyAreListedAndAddUp(String family)
            throws IOException, InterruptedException {
        ModelSummary summary = ModelSummary.of(fixture(family));
        try (Asking pages = Asking.about(fixture(family))) {
            JsonNode weights = pages.ask("weights", "{}");
            assertThat(weights.get("tensors")).hasSize(summary.tensors().size());
            assertThat(weights.get("total").asLong()).isEqualTo(summary.total());
            Map<String, Long> byKind = new HashMap<>();
            long parameters = 0;
            long bytes = 0;
            for (JsonNode tensor : weights.get("tensors")) {
                long own = tensor.get("parameters").asLong();
                parameters += own;
                bytes += tensor.get("bytes").asLong();
                if (tensor.has("parts")) {
                    long rows = 0;
                    for (JsonNode part : tensor.get("parts")) {
                        rows += part.get("rows").asLong();
                        byKind.merge(
                                part.get("kind").asText(),
                                part.get("rows").asLong() * tensor.get("cols").asLong(),
                                Long::sum);
                    }
                    assertThat(rows).isEqualTo(tensor.get("rows").asLong());
                } else {
                    byKind.merge(tensor.get("kind").asText(), own, Long::sum);
                }
            }
            assertThat(parameters).isEqualTo(summary.total());
            assertThat(bytes)
                    .isEqualTo(summary.types().values().stream().mapToLong(b -> b).sum())
                    .isEqualTo(weights.get("bytes").asLong());
            assertThat(weights.get("kinds")).hasSize(byKind.size());
            for (JsonNode kind : weights.get("kinds")) {
                assertThat(byKind)
                        .containsEntry(kind.get("kind").asText(), kind.get("parameters").asLong());
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "gpt2, 124439808",
        "gpt2-medium, 354823168",
        "gpt2-large, 774030080",
        "gpt2-xl, 1557611200",
        "gpt3, 174604259328",
    })
    void shapesAddUp(String preset, long total) throws IOException, InterruptedException {
        try (Asking pages = Asking.about(fixture("gpt2"))) {
            JsonNode weights = pages.ask("weights", "{\"preset\":\"" + preset + "\"}");
            long parameters = 0;
            for (JsonNode tensor : weights.get("tensors")) {
                parameters += tensor.get("parameters").asLong();
                assertThat(tensor.has("bytes")).isFalse();
            }
            assertThat(parameters).isEqualTo(total).isEqualTo(weights.get("total").asLong());
        }
    }

    @ParameterizedTest
    @CsvSource({
        "gpt2, ''",
        "gpt-neox, ''",
        "llama-3-rope, ''",
        "qwen3, Q4_0",
        "llama-tied, Q8_0",
        "gemma3, Q4_1"
    })
    void numbersAreThoseThatTheModelComputesWith(String family, String type)
            throws IOException, InterruptedException {
        Path path = fixture(family);
        if (!type.isEmpty()) {
            path = folder.resolve(family + ".gguf");
            Optional<Mix> mix = Optional.of(Mix.valueOf(type));
            Converter.toGguf(fixture(family), path, mix, 1, (index, count, tensor) -> {});
        }
        try (LocalModel model = LocalModel.load(path, 1);
                Asking pages = Asking.about(path)) {
            Weight wte = model.gpt().wte();
            same(pages, "token_embd.weight", wte, 0, wte.rows());
            Weight qkv = model.gpt().blocks().get(1).attn().qkv().weight();
            int queries = model.gpt().config().attention().queries();
            int keys = model.gpt().config().attention().keys();
            // the parts can be asked for although the file has them in one
            same(pages, "blk.1.attn_q.weight", qkv, 0, queries);
            same(pages, "blk.1.attn_v.weight", qkv, queries + keys, keys);
            Weight down = model.gpt().blocks().get(1).mlp().down().weight();
            same(pages, "blk.1.ffn_down.weight", down, 0, down.rows());
        }
    }

    private static void same(Asking pages, String name, Weight weight, int first, int rows)
            throws IOException, InterruptedException {
        int cols = weight.cols();
        FloatBuffer cells =
                pages.tensors("cells", "{\"name\":\"" + name + "\"}").numbers().asFloatBuffer();
        double squares = 0;
        float largest = Float.NEGATIVE_INFINITY;
        float[] row = new float[cols];
        for (int r = 0; r < rows; r++) {
            weight.row(first + r, row, 0);
            for (int c = 0; c < cols; c++) {
                assertThat(cells.get(r * cols + c)).isEqualTo(row[c]);
                squares += (double) row[c] * row[c];
                largest = Math.max(largest, row[c]);
            }
        }
        JsonNode statistics = result(pages, "matrix", name);
        assertThat(statistics.get("norm").asDouble())
                .isCloseTo(Math.sqrt(squares), within(1e-9 * Math.sqrt(squares)));
        assertThat(statistics.get("largest").get("value").floatValue()).isEqualTo(largest);
        long counted = 0;
        for (JsonNode bin : statistics.get("histogram")) {
            counted += bin.asLong();
        }
        assertThat(counted).isEqualTo((long) rows * cols);
        JsonNode singular = result(pages, "singular", name);
        double sum = 0;
        for (JsonNode value : singular.get("values")) {
            sum += value.asDouble() * value.asDouble();
        }
        assertThat(sum).isCloseTo(squares, within(1e-9 * squares));
        assertThat(singular.get("effective_rank").asDouble())
                .isBetween(1.0, (double) Math.min(rows, cols));
    }

    /** An adapter of one rank: b times a, twice. */
    @Test
    void adaptersAreAdded() throws IOException, InterruptedException {
        Path base = fixture("llama-tied");
        String name = "blk.1.ffn_down";
        Path adapter = folder.resolve("adapter");
        try (LocalModel model = LocalModel.load(base, 1)) {
            Weight down = model.gpt().blocks().get(1).mlp().down().weight();
            float[][] a = new float[1][Weight.PANEL * down.cols()];
            for (int c = 0; c < down.cols(); c++) {
                a[0][c * Weight.PANEL] = c % 5 - 2;
            }
            float[][] b = new float[down.panels()][Weight.PANEL];
            for (int r = 0; r < down.rows(); r++) {
                b[r / Weight.PANEL][r % Weight.PANEL] = r % 3 - 1;
            }
            Lora lora =
                    new Lora(
                            new Weight.Floats(1, down.cols(), a),
                            new Weight.Floats(down.rows(), 1, b),
                            2,
                            0);
            Gpt adapted = Adapters.with(model.gpt(), Map.of(name, lora));
            AdapterFolder.write(adapter, adapted, base.toAbsolutePath(), 2, 0);
            try (Asking pages = Asking.about(adapter)) {
                assertThat(pages.ask("weights", "{}").get("adapted").asBoolean()).isTrue();
                FloatBuffer cells =
                        pages.tensors("cells", "{\"name\":\"" + name + ".weight\"}")
                                .numbers()
                                .asFloatBuffer();
                float[] row = new float[down.cols()];
                for (int r = 0; r < down.rows(); r++) {
                    down.row(r, row, 0);
                    for (int c = 0; c < down.cols(); c++) {
                        assertThat(cells.get(r * down.cols() + c))
                                .isCloseTo(row[c] + 2 * (r % 3 - 1) * (c % 5 - 2), within(1e-6f));
                    }
                }
            }
        }
        try (Asking pages = Asking.about(base)) {
            assertThat(pages.ask("weights", "{}").get("adapted").asBoolean()).isFalse();
        }
    }

    @Test
    void aWindowIsCutOutAndPooled() throws IOException, InterruptedException {
        try (LocalModel model = LocalModel.load(fixture("gpt2"), 1);
                Asking pages = Asking.about(fixture("gpt2"))) {
            Asking.Tensors pooled =
                    pages.tensors(
                            "cells",
                            "{\"name\":\"token_embd.weight\",\"rows\":[10,15],\"cols\":[3,10],\"each\":[2,3]}");
            JsonNode shape = pooled.header().get("arrays").get(0).get("shape");
            assertThat(shape.toString()).isEqualTo("[3,3]");
            FloatBuffer numbers = pooled.numbers().asFloatBuffer();
            float[] row = new float[model.gpt().wte().cols()];
            for (int y = 0; y < 3; y++) {
                for (int x = 0; x < 3; x++) {
                    float largest = 0;
                    for (int r = 10 + 2 * y; r < Math.min(15, 12 + 2 * y); r++) {
                        model.gpt().wte().row(r, row, 0);
                        for (int c = 3 + 3 * x; c < Math.min(10, 6 + 3 * x); c++) {
                            largest = Math.abs(row[c]) > Math.abs(largest) ? row[c] : largest;
                        }
                    }
                    assertThat(numbers.get(y * 3 + x)).isEqualTo(largest);
                }
            }
            byte[] npz =
                    pages.send(
                                    pages.asking(
                                            "cells",
                                            "{\"name\":\"blk.0.attn_norm.weight\",\"format\":\"npz\"}"))
                            .body();
            assertThat(new String(npz, 0, 2, StandardCharsets.US_ASCII)).isEqualTo("PK");
            assertThat(new String(npz, StandardCharsets.ISO_8859_1))
                    .contains("blk.0.attn_norm.weight.npy", "(1, 96)");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "weights|{\"preset\":\"gpt9\"}|404|no shape is called gpt9",
                "weights|{\"preset\":3}|400|preset: expected a text",
                "matrix|{}|400|name: expected a text",
                "matrix|{\"name\":\"blk.9999.attn_q.weight\"}|404|no tensor blk.9999.attn_q.weight",
                "singular|{\"name\":\"../../etc/passwd\"}|404|no tensor",
                "cells|{\"name\":\"token_embd.weight\",\"rows\":[0,1000000]}|400|rows: expected"
                        + " from and to, within 0 and 317",
                "cells|{\"name\":\"token_embd.weight\",\"cols\":[5,5]}|400|cols: expected from",
                "cells|{\"name\":\"token_embd.weight\",\"rows\":[-1,5]}|400|rows: expected from",
                "cells|{\"name\":\"token_embd.weight\",\"rows\":[5]}|400|rows: expected from",
                "cells|{\"name\":\"token_embd.weight\",\"each\":[0,1]}|400|each: expected two",
                "cells|{\"name\":\"token_embd.weight\",\"each\":[2147483647,1]}|200|",
            })
    void whatIsWrongIsSaid(String call, String body, int status, String says)
            throws IOException, InterruptedException {
        try (Asking pages = Asking.about(fixture("gpt2"))) {
            if (status == 200) {
                assertThat(pages.send(pages.asking(call, body)).statusCode()).isEqualTo(200);
            } else {
                pages.refused(call, body, status, says);
            }
        }
    }
}
