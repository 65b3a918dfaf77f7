package dev.loupe.explorer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;

import dev.loupe.files.LocalModel;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * What the page of meanings is told, computed again from the rows of the weights. The models have
 * no tokenizer: their tokens are named by ids.
 */
class MeaningCallsTest {
    private static final List<String> FAMILIES =
            List.of("gpt2", "gpt-neox", "llama-tied", "llama-3-rope", "qwen2", "gemma3");

    private static Asking pages;

    @BeforeAll
    static void start() throws IOException {
        pages =
                Asking.about(
                        FAMILIES.stream()
                                .map(family -> Outside.fixture("families/" + family))
                                .toArray(Path[]::new));
    }

    @AfterAll
    static void end() {
        pages.close();
    }

    /** Vectors of all tokens, read from the model's weights. */
    private static double[][] rows(String family, boolean unembedding) {
        try (LocalModel model = LocalModel.load(Outside.fixture("families/" + family), 1)) {
            var weight = unembedding ? model.gpt().unembedding().weight() : model.gpt().wte();
            double[][] rows = new double[weight.rows()][weight.cols()];
            float[] row = new float[weight.cols()];
            for (int id = 0; id < rows.length; id++) {
                weight.row(id, row, 0);
                for (int c = 0; c < row.length; c++) {
                    rows[id][c] = row[c];
                }
            }
            return rows;
        }
    }

    private static double dot(double[] a, double[] b) {
        return IntStream.range(0, a.length).mapToDouble(c -> a[c] * b[c]).sum();
    }

    private static double length(double[] a) {
        return Math.sqrt(dot(a, a));
    }

    private static double[] plus(double[] a, double[] b, double factor) {
        return IntStream.range(0, a.length).mapToDouble(c -> a[c] + factor * b[c]).toArray();
    }

    private static String about(String family, String rest) {
        return "{\"model\":\"" + family + "\"," + rest + "}";
    }

    @ParameterizedTest
    @CsvSource({
        "gpt2,embedding",
        "llama-tied,unembedding",
        "llama-3-rope,embedding",
        "llama-3-rope,unembedding",
        "gpt-neox,unembedding",
        "qwen2,embedding",
        "gemma3,embedding"
    })
    void neighboursAreThoseThatComparingEachGives(String family, String table)
            throws IOException, InterruptedException {
        double[][] rows = rows(family, table.equals("unembedding"));
        double[] sum = plus(plus(rows[5], rows[9], -1), rows[30], 1);
        Set<Integer> named = Set.of(5, 9, 30);
        List<Integer> expected =
                IntStream.range(0, rows.length)
                        .boxed()
                        .filter(id -> !named.contains(id))
                        .sorted(
                                Comparator.comparingDouble(
                                        (Integer id) -> -dot(sum, rows[id]) / length(rows[id])))
                        .limit(4)
                        .toList();
        JsonNode answer =
                pages.ask(
                        "sum",
                        about(
                                family,
                                "\"text\":\"#5 - #9 + #30\",\"n\":4,\"table\":\"" + table + "\""));
        assertThat(answer.get("length").doubleValue()).isCloseTo(length(sum), within(1e-5));
        List<Integer> found = new ArrayList<>();
        for (JsonNode near : answer.get("neighbours")) {
            int id = near.get("id").intValue();
            found.add(id);
            assertThat(near.get("cosine").doubleValue())
                    .isCloseTo(dot(sum, rows[id]) / length(sum) / length(rows[id]), within(1e-5));
            assertThat(near.get("length").doubleValue()).isCloseTo(length(rows[id]), within(1e-5));
        }
        assertThat(found).isEqualTo(expected);
    }

    @Test
    void tablesOfAnUntiedModelDiffer() throws IOException, InterruptedException {
        String text = "\"text\":\"#5\",\"table\":";
        JsonNode first = pages.ask("sum", about("llama-3-rope", text + "\"embedding\""));
        JsonNode last = pages.ask("sum", about("llama-3-rope", text + "\"unembedding\""));
        assertThat(first.get("neighbours")).isNotEqualTo(last.get("neighbours"));
    }

    /** The arrows of the picture add up to where the sum is drawn, for a projection is linear. */
    @ParameterizedTest
    @ValueSource(strings = {"#5 - #9 + #30", "#5 + #9", "- #5 + #9", "#5 + #5 - #9"})
    void arrowsAddUp(String sum) throws IOException, InterruptedException {
        JsonNode answer = pages.ask("sum", about("gpt2", "\"text\":\"" + sum + "\""));
        JsonNode plane = answer.get("plane");
        for (int axis = 0; axis < 2; axis++) {
            double zero = plane.get("zero").get(axis).doubleValue();
            double at = zero;
            for (JsonNode term : answer.get("terms")) {
                for (JsonNode word : plane.get("words")) {
                    if (word.get("id").equals(term.get("ids").get(0))) {
                        double step = word.get("at").get(axis).doubleValue() - zero;
                        at += term.get("minus").booleanValue() ? -step : step;
                    }
                }
            }
            assertThat(plane.get("sum").get(axis).doubleValue()).isCloseTo(at, within(1e-6));
        }
        double share = 0;
        for (JsonNode explained : plane.get("explained")) {
            share += explained.doubleValue();
        }
        assertThat(share).isBetween(0.3, 1 + 1e-9);
        assertThat(plane.get("among").booleanValue())
                .isEqualTo(!sum.equals("#5 + #9") && !sum.startsWith("-"));
    }

    @Test
    void aSumOfNothingHasNoNeighbours() throws IOException, InterruptedException {
        for (String sum : List.of("#5 - #5", "#5 + #9 - #5 - #9")) {
            JsonNode answer = pages.ask("sum", about("gpt2", "\"text\":\"" + sum + "\""));
            assertThat(answer.get("length").doubleValue()).isZero();
            assertThat(answer.get("neighbours")).isEmpty();
        }
    }

    @Test
    void alongAxesWordsLieWhereTheirProductsAre() throws IOException, InterruptedException {
        double[][] rows = rows("gpt2", false);
        String ids = "\"ids\":[1,2,3,4,5,6,7,8]";
        JsonNode answer =
                pages.ask(
                        "cloud",
                        about(
                                "gpt2",
                                ids
                                        + ",\"axes\":[{\"from\":\"#3 #4\",\"to\":\"#7"
                                        + " #8\"},{\"from\":\"#1\",\"to\":\"#6\"}]"));
        double[] first = plus(plus(plus(rows[7], rows[3], -1), rows[8], 1), rows[4], -1);
        double[] second = plus(rows[6], rows[1], -1);
        for (int i = 0; i < 8; i++) {
            JsonNode point = answer.get("points").get(i);
            assertThat(point.get(0).doubleValue())
                    .isCloseTo(dot(rows[i + 1], first) / length(first), within(1e-5));
            assertThat(point.get(1).doubleValue())
                    .isCloseTo(dot(rows[i + 1], second) / length(second), within(1e-5));
        }
        assertThat(answer.get("cosines").get(0).get(1).doubleValue())
                .isCloseTo(dot(first, second) / length(first) / length(second), within(1e-5));
        // the third axis shows what the two do not: at right angles to both, so less than all
        double three = answer.get("explained").get(2).doubleValue();
        JsonNode alone = pages.ask("cloud", about("gpt2", ids));
        assertThat(three).isBetween(0.01, alone.get("explained").get(0).doubleValue());
    }

    /** Distances in the picture are never longer than those between the vectors. */
    @ParameterizedTest
    @ValueSource(strings = {"gpt2", "llama-3-rope", "gemma3"})
    void aCloudOfAllTokensIsAProjection(String family) throws IOException, InterruptedException {
        double[][] rows = rows(family, false);
        int n = Math.min(250, rows.length);
        List<Integer> ids = IntStream.range(0, n).boxed().toList();
        JsonNode answer = pages.ask("cloud", about(family, "\"ids\":" + ids));
        assertThat(answer.get("points")).hasSize(n);
        for (int i = 1; i < n; i++) {
            double squares = 0;
            for (int axis = 0; axis < 3; axis++) {
                double apart =
                        answer.get("points").get(i).get(axis).doubleValue()
                                - answer.get("points").get(i - 1).get(axis).doubleValue();
                squares += apart * apart;
            }
            double all = length(plus(rows[i], rows[i - 1], -1));
            assertThat(Math.sqrt(squares)).isLessThanOrEqualTo(all + 1e-5);
        }
    }

    @Test
    void oneWordIsACloudToo() throws IOException, InterruptedException {
        JsonNode answer = pages.ask("cloud", about("gpt2", "\"ids\":[7]"));
        assertThat(answer.get("points").toString()).isEqualTo("[[0.0,0.0,0.0]]");
    }

    @Test
    void wordsLieOnALine() throws IOException, InterruptedException {
        double[][] rows = rows("gpt2", false);
        JsonNode answer =
                pages.ask(
                        "direction", about("gpt2", "\"text\":\"#8 - #3\",\"words\":\"#1, #2 #8\""));
        double[] direction = plus(rows[8], rows[3], -1);
        assertThat(answer.get("words")).hasSize(3);
        for (JsonNode word : answer.get("words")) {
            int id = word.get("ids").get(0).intValue();
            assertThat(word.get("at").doubleValue())
                    .isCloseTo(dot(rows[id], direction) / length(direction), within(1e-5));
        }
    }

    @Test
    void vectorsAreTheRows() throws IOException, InterruptedException {
        double[][] rows = rows("llama-3-rope", true);
        String body = about("llama-3-rope", "\"ids\":[4,2],\"table\":\"unembedding\"");
        Asking.Tensors answer = pages.tensors("vectors", body);
        for (int id : new int[] {4, 2}) {
            for (double x : rows[id]) {
                assertThat(answer.numbers().getFloat()).isEqualTo((float) x);
            }
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "sum|\"text\":\"\"|400|expected a sum of words",
                "sum|\"text\":\"#1 -#2\"|400|expected a sum of words",
                "sum|\"text\":\"king\"|400|has no tokenizer",
                "sum|\"text\":\"#99999\"|400|found 99999, expected 0 to",
                "sum|\"text\":\"#1\",\"table\":\"wpe\"|400|expected embedding or unembedding",
                "sum|\"text\":\"#1\",\"n\":1000|400|expected 1 to 200",
                "sum||400|text: expected a text",
                "cloud|\"ids\":[]|400|expected at least one",
                "cloud|\"ids\":[-1]|400|found -1",
                "cloud|\"ids\":[1],\"axes\":[{},{},{},{}]|400|at most 3",
                "cloud|\"ids\":[1],\"axes\":[{\"from\":\"#1\",\"to\":\"\"}]|400|axis 1: found 1"
                        + " words and 0",
                "cloud|\"ids\":[1],\"axes\":[{\"from\":\"#1\",\"to\":\"#1\"}]|400|has no direction",
                "cloud|\"ids\":[1],\"axes\":[7]|400|from: expected a text",
                "vectors|\"ids\":\"x\"|400|expected a list of integers",
                "words|\"text\":\"a 'b\"|400|found \"'b\", expected words between spaces"
            })
    void whatIsWrongIsSaid(String call, String body, int status, String says)
            throws IOException, InterruptedException {
        String asked = body == null ? "" : "," + body;
        pages.refused(call, "{\"model\":\"gpt2\"" + asked + "}", status, says);
    }

    @Test
    void tooMuchIsRefused() throws IOException, InterruptedException {
        pages.refused("sum", about("gpt2", "\"text\":\"" + "#1 + ".repeat(64) + "#1\""), 413, "65");
        pages.refused("sum", about("gpt2", "\"text\":\"" + "x".repeat(2001) + "\""), 413, "2001");
        pages.refused(
                "words",
                about("gpt2", "\"text\":\"" + "#1 ".repeat(2001) + "\""),
                413,
                "2001 words");
        pages.refused("cloud", about("gpt2", "\"ids\":[1" + ",1".repeat(2000) + "]"), 413, "2001");
    }
}
