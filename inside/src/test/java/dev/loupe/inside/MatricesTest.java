package dev.loupe.inside;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;

import dev.loupe.files.LocalModel;
import dev.loupe.kernels.StoredRows;
import dev.loupe.kernels.TensorType;
import dev.loupe.kernels.Threads;
import dev.loupe.model.GptTensors;
import dev.loupe.model.StoredTensor;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.CancellationException;
import java.util.stream.Stream;

/** What is said of a matrix is so: NumPy says it too, or it is known. */
class MatricesTest {
    private static final JsonNode NUMPY = read();

    private static JsonNode read() {
        try (InputStream in = MatricesTest.class.getResourceAsStream("/oracle/matrices.json")) {
            return Oracle.JSON.readTree(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    record Case(String model, String tensor) {
        StoredRows rows() {
            LocalModel loaded = Oracle.model(model);
            return new GptTensors(loaded.gpt(), tensor.contains("qkv")).find(tensor).orElseThrow();
        }

        JsonNode expected() {
            return NUMPY.get(model).get(tensor);
        }
    }

    static Stream<Case> cases() {
        return NUMPY.properties().stream()
                .flatMap(model ->
                        model.getValue().properties().stream()
                                .map(tensor -> new Case(model.getKey(), tensor.getKey())));
    }

    private static StoredRows matrix(float[][] rows) {
        int cols = rows[0].length;
        float[] all = new float[rows.length * cols];
        for (int r = 0; r < rows.length; r++) {
            System.arraycopy(rows[r], 0, all, r * cols, cols);
        }
        MemorySegment bytes = MemorySegment.ofArray(new byte[4 * all.length]);
        ValueLayout.OfFloat little =
                ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
        MemorySegment.copy(all, 0, bytes, little, 0, all.length);
        return new StoredTensor("made here", TensorType.F32, rows.length, cols, bytes);
    }

    private static float[][] some(int rows, int cols, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        float[][] made = new float[rows][cols];
        for (float[] row : made) {
            for (int c = 0; c < cols; c++) {
                row[c] = (float) random.nextGaussian();
            }
        }
        return made;
    }

    private static double[] singular(float[][] rows) {
        try (Threads threads = new Threads(2)) {
            return SingularValues.of(matrix(rows), threads, share -> {}).values();
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void statisticsAreNumPys(Case one) {
        JsonNode expected = one.expected();
        LocalModel model = Oracle.model(one.model);
        MatrixStatistics found =
                MatrixStatistics.of(one.rows(), model.processor().threads(), share -> {});
        assertThat(found.mean()).isCloseTo(expected.get("mean").doubleValue(), within(1e-12));
        assertThat(found.deviation())
                .isCloseTo(expected.get("deviation").doubleValue(), within(1e-12));
        assertThat(found.norm()).isCloseTo(expected.get("norm").doubleValue(), within(1e-9));
        place(found.least(), expected.get("least"));
        place(found.largest(), expected.get("largest"));
        assertThat(found.histogram())
                .isEqualTo(Oracle.JSON.convertValue(expected.get("histogram"), long[].class));
    }

    private static void place(MatrixStatistics.At found, JsonNode expected) {
        assertThat(found.row()).isEqualTo(expected.get(0).intValue());
        assertThat(found.col()).isEqualTo(expected.get(1).intValue());
        assertThat(found.value()).isEqualTo(expected.get(2).floatValue());
    }

    @ParameterizedTest
    @MethodSource("cases")
    void singularValuesAreNumPys(Case one) {
        JsonNode expected = one.expected();
        LocalModel model = Oracle.model(one.model);
        SingularValues found =
                SingularValues.of(one.rows(), model.processor().threads(), share -> {});
        assertThat(found.values())
                .hasSize(Math.min(expected.get("rows").asInt(), expected.get("cols").asInt()));
        double first = found.values()[0];
        for (int i = 0; i < expected.get("places").size(); i++) {
            double wanted = expected.get("singular").get(i).doubleValue();
            assertThat(found.values()[expected.get("places").get(i).intValue()])
                    .isCloseTo(wanted, within(1e-14 * first * first / wanted));
        }
        assertThat(found.effectiveRank())
                .isCloseTo(expected.get("effective_rank").doubleValue(), within(1e-9));
        double norm = expected.get("norm").doubleValue();
        assertThat(found.squaredNorm()).isCloseTo(norm * norm, within(1e-11 * norm * norm));
    }

    @Test
    void knownSingularValuesComeOut() {
        assertThat(singular(new float[][] {{3, 0, 0}, {0, -5, 0}})).containsExactly(5, 3);
        assertThat(singular(new float[][] {{0, 0}, {0, 0}, {0, 0}})).containsExactly(0, 0);
        assertThat(singular(new float[][] {{3, 4}})).containsExactly(5);
        assertThat(singular(new float[][] {{-2}})).containsExactly(2);
        // one direction only: the outer product of (1, 2, 2) and (2, 3, 6)
        double[] one = singular(new float[][] {{2, 3, 6}, {4, 6, 12}, {4, 6, 12}});
        assertThat(one[0]).isCloseTo(21, within(1e-13));
        assertThat(one[1]).isLessThan(21 * 3e-8);
        // the golden ratio
        double phi = (1 + Math.sqrt(5)) / 2;
        double[] two = singular(new float[][] {{1, 1}, {1, 0}});
        assertThat(two[0]).isCloseTo(phi, within(1e-15));
        assertThat(two[1]).isCloseTo(phi - 1, within(1e-15));
    }

    /** H D H / 16 has the values of D, whatever H mixes, and every number of it is a float. */
    @Test
    void smallValuesLoseAsManyDigitsAsIsSaid() {
        int n = 16;
        float[][] mixed = new float[n][n];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                double sum = 0;
                for (int k = 0; k < n; k++) {
                    int sign = (Integer.bitCount(i & k) + Integer.bitCount(j & k)) % 2;
                    sum += (sign == 0 ? 1 : -1) * Math.scalb(1.0, -k);
                }
                mixed[i][j] = (float) (sum / n);
                assertThat((double) mixed[i][j]).isEqualTo(sum / n);
            }
        }
        double[] found = singular(mixed);
        for (int k = 0; k < n; k++) {
            double known = Math.scalb(1.0, -k);
            assertThat(found[k]).isCloseTo(known, within(1e-15 / known));
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 7", "7, 1", "5, 5", "70, 3", "3, 70", "131, 66", "66, 1100"})
    void aMatrixAndItsTransposeHaveTheSame(int rows, int cols) {
        float[][] made = some(rows, cols, 3);
        float[][] turned = new float[cols][rows];
        double squares = 0;
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < cols; c++) {
                turned[c][r] = made[r][c];
                squares += (double) made[r][c] * made[r][c];
            }
        }
        double[] found = singular(made);
        double[] other = singular(turned);
        assertThat(found)
                .hasSize(Math.min(rows, cols))
                .isSortedAccordingTo((a, b) -> b.compareTo(a));
        for (int i = 0; i < found.length; i++) {
            assertThat(found[i]).isCloseTo(other[i], within(1e-12 * found[0]));
        }
        assertThat(new SingularValues(found).squaredNorm())
                .isCloseTo(squares, within(1e-11 * squares));
    }

    @Test
    void threadsChangeNoBit() {
        float[][] made = some(300, 90, 8);
        try (Threads one = new Threads(1);
                Threads three = new Threads(3)) {
            StoredRows rows = matrix(made);
            assertThat(SingularValues.of(rows, three, share -> {}).values())
                    .isEqualTo(SingularValues.of(rows, one, share -> {}).values());
            assertThat(MatrixStatistics.of(rows, three, share -> {}).deviation())
                    .isEqualTo(MatrixStatistics.of(rows, one, share -> {}).deviation());
        }
    }

    @Test
    void theEffectiveRankCountsDirections() {
        assertThat(new SingularValues(new double[] {2, 2, 2, 2}).effectiveRank())
                .isCloseTo(4, within(1e-12));
        assertThat(new SingularValues(new double[] {7, 0, 0}).effectiveRank())
                .isCloseTo(1, within(1e-12));
        assertThat(new SingularValues(new double[] {0, 0}).effectiveRank()).isZero();
    }

    @Test
    void progressRisesAndMayEndIt() {
        StoredRows rows = matrix(some(700, 40, 1));
        double[] last = {0};
        try (Threads threads = new Threads(2)) {
            SingularValues.of(
                    rows,
                    threads,
                    share -> {
                        assertThat(share).isBetween(last[0], 1.0);
                        last[0] = share;
                    });
            assertThat(last[0]).isGreaterThan(0.9);
            assertThatThrownBy(() ->
                            SingularValues.of(
                                    rows,
                                    threads,
                                    share -> {
                                        if (share > 0.5) {
                                            throw new CancellationException("enough");
                                        }
                                    }))
                    .hasMessage("enough");
        }
    }

    @Test
    void whatTakesTooLongIsRefusedBeforeItBegins() {
        MemorySegment nothing = MemorySegment.NULL;
        StoredRows large =
                new StoredRows() {
                    @Override
                    public String name() {
                        return "large";
                    }

                    @Override
                    public TensorType type() {
                        return TensorType.F32;
                    }

                    @Override
                    public int rows() {
                        return 50_257;
                    }

                    @Override
                    public int cols() {
                        return 12_288;
                    }

                    @Override
                    public MemorySegment row(int row) {
                        return nothing;
                    }
                };
        try (Threads threads = new Threads(1)) {
            assertThatThrownBy(() -> SingularValues.of(large, threads, share -> {}))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("[50257, 12288]")
                    .hasMessageContaining("more than a minute");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "0, 13, 0, 9, 1, 1",
        "0, 13, 0, 9, 4, 2",
        "2, 11, 3, 8, 3, 3",
        "12, 13, 8, 9, 5, 5",
        "0, 13, 0, 9, 13, 9"
    })
    void aCellShowsTheLargestOfItsNumbers(
            int fromRow, int toRow, int fromCol, int toCol, int eachRow, int eachCol) {
        float[][] made = some(13, 9, 5);
        MatrixWindow window = new MatrixWindow(fromRow, toRow, fromCol, toCol);
        PooledMatrix found;
        NamedArray numbers;
        try (Threads threads = new Threads(2)) {
            numbers = window.numbers(matrix(made), threads, () -> {});
            found = PooledMatrix.of(matrix(made), window, eachRow, eachCol, threads, () -> {});
        }
        for (int r = fromRow; r < toRow; r++) {
            for (int c = fromCol; c < toCol; c++) {
                assertThat(numbers.at(r - fromRow, c - fromCol)).isEqualTo(made[r][c]);
            }
        }
        int wide = (toCol - fromCol + eachCol - 1) / eachCol;
        assertThat(found.cells().shape())
                .containsExactly((toRow - fromRow + eachRow - 1) / eachRow, wide);
        for (int y = 0; y < found.cells().shape()[0]; y++) {
            for (int x = 0; x < wide; x++) {
                int top = fromRow + y * eachRow;
                int left = fromCol + x * eachCol;
                float largest = 0;
                for (int r = top; r < Math.min(top + eachRow, toRow); r++) {
                    for (float v :
                            Arrays.copyOfRange(made[r], left, Math.min(left + eachCol, toCol))) {
                        largest = Math.abs(v) > Math.abs(largest) ? v : largest;
                    }
                }
                int place = (int) found.places().at(y, x);
                assertThat(found.cells().at(y, x)).isEqualTo(largest);
                assertThat(made[top + place / eachCol][left + place % eachCol]).isEqualTo(largest);
            }
        }
    }

    @Test
    void aWindowOutsideIsRefused() {
        StoredRows rows = matrix(some(4, 3, 1));
        try (Threads threads = new Threads(1)) {
            assertThatThrownBy(() ->
                            PooledMatrix.of(
                                    rows, new MatrixWindow(0, 5, 0, 3), 1, 1, threads, () -> {}))
                    .hasMessageContaining("rows to 5");
            assertThatThrownBy(() -> new MatrixWindow(2, 2, 0, 3))
                    .hasMessageContaining("at least one");
        }
    }
}
