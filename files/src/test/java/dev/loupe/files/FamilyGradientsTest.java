package dev.loupe.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import dev.loupe.kernels.Targets;
import dev.loupe.kernels.Tensor;
import dev.loupe.kernels.Weight;
import dev.loupe.model.Batch;
import dev.loupe.model.Gradients;
import dev.loupe.model.KvCache;
import dev.loupe.model.Parameter;
import dev.loupe.model.Parameters;
import dev.loupe.model.Tape;

import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** Loss and gradients of a tiny model of each family against those of PyTorch. */
class FamilyGradientsTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int DIRECTIONS = 4;

    /** Apart by more than what signs can add up to. */
    private static final int EACH = 1000;

    @TempDir private Path temporary;

    static Stream<String> families() {
        return FamiliesTest.families();
    }

    private static JsonNode expected(String family) throws IOException {
        try (InputStream in =
                FamilyGradientsTest.class.getResourceAsStream("/gradients/gradients.json")) {
            return JSON.readTree(in).get(family);
        }
    }

    /** What the script does: each token is the target of the one before it. */
    private record Lesson(Batch batch, Targets targets) {
        static Lesson of(Path folder) throws IOException {
            JsonNode cases = JSON.readTree(folder.resolve("expected.json").toFile()).get("cases");
            List<Batch.Part> parts = new ArrayList<>();
            int[] targets = new int[0];
            for (int i = 1; i < cases.size(); i++) {
                int[] ids = JSON.convertValue(cases.get(i).get("ids"), int[].class);
                int n = ids.length - 1;
                parts.add(new Batch.Part(KvCache.none(), false, Arrays.copyOf(ids, n)));
                int had = targets.length;
                targets = Arrays.copyOf(targets, had + n);
                System.arraycopy(ids, 1, targets, had, n);
            }
            return new Lesson(new Batch(parts), Targets.mean(targets));
        }
    }

    @ParameterizedTest
    @MethodSource("families")
    void lossAndEveryGradientAreThoseOfPyTorch(String family) throws IOException {
        Path folder = Outside.fixture("families/" + family);
        JsonNode expected = expected(family);
        List<String> names = new ArrayList<>();
        expected.get("tensors").fieldNames().forEachRemaining(names::add);
        Path coded = codedCopy(folder, names);
        Lesson lesson = Lesson.of(folder);
        try (LocalModel model = LocalModel.load(folder, 2);
                LocalModel codes = LocalModel.load(coded, 1)) {
            List<Parameter> parameters = Parameters.of(model.gpt());
            Gradients gradients = new Gradients(parameters);
            Tape tape = new Tape(model.processor(), gradients);
            Tensor losses = model.gpt().loss(tape, lesson.batch, lesson.targets);
            tape.backward(losses);

            double loss = 0;
            for (int t = 0; t < losses.rows(); t++) {
                loss += losses.at(t, 0);
            }
            assertThat(loss).isCloseTo(expected.get("loss").asDouble(), within(1e-5));
            Found[] found = new Found[names.size()];
            Arrays.setAll(found, i -> new Found());
            List<Parameter> coding = Parameters.of(codes.gpt());
            for (int p = 0; p < parameters.size(); p++) {
                add(parameters.get(p), gradients.of(parameters.get(p)), coding.get(p), found);
            }
            check(names, expected.get("tensors"), found);
        }
    }

    private static final class Found {
        private final double[] products = new double[DIRECTIONS];
        private double squares;
    }

    private static void check(List<String> names, JsonNode expected, Found[] found) {
        double longest = 0;
        for (String name : names) {
            longest = Math.max(longest, expected.get(name).get("length").asDouble());
        }
        for (int i = 0; i < found.length; i++) {
            JsonNode tensor = expected.get(names.get(i));
            double length = tensor.get("length").asDouble();
            double squares = 0;
            for (int d = 0; d < DIRECTIONS; d++) {
                double error = found[i].products[d] - tensor.get("products").get(d).asDouble();
                squares += error * error / DIRECTIONS;
            }
            // the gradient of GPT-2's key bias is zero but for rounding
            double size = Math.max(length, 1e-3 * longest);
            assertThat(Math.sqrt(squares) / size).as(names.get(i)).isLessThan(1e-5);
            assertThat(Math.sqrt(found[i].squares))
                    .as("length of %s", names.get(i))
                    .isCloseTo(length, within(1e-5 * size));
        }
    }

    /** Adds the numbers of a parameter to what is known of the tensors that they belong to. */
    private static void add(Parameter p, float[][] gradient, Parameter codes, Found[] found) {
        assertThat(codes.name()).isEqualTo(p.name());
        for (int row = 0; row < p.rows(); row++) {
            for (int col = 0; col < p.cols(); col++) {
                int code = (int) number(codes, codes.data(), row, col);
                // Gemma's norms gain their 1 when they are loaded; codes are odd
                code -= code % 2 == 0 ? 1 : 0;
                int tensor = (code + EACH / 2) / EACH - 1;
                int signs = code - EACH * (tensor + 1);
                double g = number(p, gradient, row, col);
                found[tensor].squares += g * g;
                for (int d = DIRECTIONS - 1; d >= 0; d--) {
                    int sign = signs > 0 ? 1 : -1;
                    signs -= sign << (2 * d);
                    found[tensor].products[d] += sign * g;
                }
                assertThat(signs).isEqualTo(0);
            }
        }
    }

    private static float number(Parameter p, float[][] data, int row, int col) {
        return p.isVector()
                ? data[0][col]
                : data[row / Weight.PANEL][col * Weight.PANEL + row % Weight.PANEL];
    }

    /**
     * The same model, but each number says which tensor it belongs to and which signs it has in the
     * directions: {@code EACH * (tensor + 1) + sum of sign * 4^direction}. Loaded, it tells where
     * loading puts each number.
     */
    private Path codedCopy(Path folder, List<String> names) throws IOException {
        Files.copy(folder.resolve("config.json"), temporary.resolve("config.json"));
        byte[] file = Files.readAllBytes(folder.resolve("model.safetensors"));
        ByteBuffer bytes = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        int headerSize = (int) bytes.getLong(0);
        JsonNode header = JSON.readTree(new String(file, 8, headerSize, StandardCharsets.UTF_8));
        for (var entry : header.properties()) {
            if (entry.getKey().equals("__metadata__")) {
                continue;
            }
            assertThat(names).contains(entry.getKey());
            assertThat(entry.getValue().get("dtype").asText()).isEqualTo("F32");
            int from = entry.getValue().get("data_offsets").get(0).asInt();
            int to = entry.getValue().get("data_offsets").get(1).asInt();
            int base = EACH * (names.indexOf(entry.getKey()) + 1);
            for (int i = 0; i < (to - from) / 4; i++) {
                bytes.putFloat(8 + headerSize + from + 4 * i, base + signs(i));
            }
        }
        Files.write(temporary.resolve("model.safetensors"), file);
        return temporary;
    }

    private static int signs(int i) {
        int sum = 0;
        for (int d = 0; d < DIRECTIONS; d++) {
            long z = (4L * i + d) * 0x9E3779B97F4A7C15L;
            z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
            z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
            z ^= z >>> 31;
            sum += (z < 0 ? -1 : 1) << (2 * d);
        }
        return sum;
    }
}
