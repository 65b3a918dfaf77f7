package dev.loupe.kernels;

import static dev.loupe.kernels.Numbers.AWKWARD;
import static dev.loupe.kernels.Numbers.assertSameBits;
import static dev.loupe.kernels.Weight.PANEL;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Each vector kernel gives the bits of its scalar twin, and writes where it should only. */
class ProvidersAgreeTest {
    private static final Kernels SCALAR = Kernels.scalar();
    private static final Kernels VECTOR = Kernels.vectors();
    private static final Threads ALONE = new Threads(1);

    private final Random random = new Random(7);

    @Test
    void theVectorProviderRunsWhereItsModuleIsThere() {
        assertThat(ModuleLayer.boot().findModule("jdk.incubator.vector")).isPresent();
        assertThat(VECTOR.name()).startsWith("vector ");
        assertThat(SCALAR.name()).isEqualTo("scalar");
    }

    @ParameterizedTest
    @ValueSource(strings = {"scalar", "vector"})
    void aSystemPropertyAsksForOneProvider(String wanted) {
        String before = System.getProperty("loupe.kernels", "");
        System.setProperty("loupe.kernels", wanted);
        try {
            assertThat(Kernels.best().name()).startsWith(wanted);
            assertThat(Kernels.best().settled()).isTrue();
        } finally {
            System.setProperty("loupe.kernels", before);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4, 5, 8, 11, 12, 13, 17, 24, 31})
    void promptProductsAgree(int tokens) {
        for (int outputs : AWKWARD) {
            for (int cols : new int[] {0, 1, 5, 16, 97}) {
                // panels of more steps than the sum has
                int length = cols + tokens % 2;
                float[] panels =
                        Numbers.random(random, (outputs + PANEL - 1) / PANEL * PANEL * length);
                Tensor x = Numbers.window(random, tokens, cols, true);
                Tensor expected = Numbers.window(random, tokens, outputs, false);
                Tensor found = Numbers.window(random, tokens, outputs, false);
                Numbers.fill(expected, 0.3f);
                Numbers.fill(found, 0.3f);
                for (boolean add : new boolean[] {true, false}) {
                    SCALAR.multiply(panels, 0, length, add, x, expected);
                    VECTOR.multiply(panels, 0, length, add, x, found);
                    String what = "[%d, %d] x %d".formatted(tokens, cols, outputs);
                    assertSameBits(found.data(), expected.data(), what);
                }
            }
        }
    }

    @Test
    void longPromptProductsAgree() {
        for (int cols : new int[] {16_383, 16_384, 16_385}) {
            float[] panels = Numbers.random(random, 2 * PANEL * cols);
            Tensor x = Numbers.window(random, 3, cols, true);
            Tensor expected = Numbers.window(random, 3, 27, false);
            Tensor found = Numbers.window(random, 3, 27, false);
            SCALAR.multiply(panels, 0, cols, false, x, expected);
            VECTOR.multiply(panels, 0, cols, false, x, found);
            assertSameBits(found.data(), expected.data(), cols + " columns");
        }
    }

    @Test
    void productsWithColumnsAgree() {
        for (int rows : new int[] {1, 3, 4, 11, 12, 13, 25, 29}) {
            for (int outputs : new int[] {1, 15, 16, 17, 32, 48, 50}) {
                int inputs = 1 + random.nextInt(70);
                int panels = (outputs + PANEL - 1) / PANEL;
                int length = inputs + rows % 2;
                float[] weights = Numbers.random(random, panels * PANEL * length);
                Tensor x = Numbers.window(random, inputs, rows, true);
                Tensor expected = Numbers.window(random, rows, outputs, false);
                Tensor found = Numbers.window(random, rows, outputs, false);
                Numbers.fill(expected, 0.3f);
                Numbers.fill(found, 0.3f);
                for (boolean add : new boolean[] {true, false}) {
                    SCALAR.multiplyTransposed(weights, 0, length, add, x, expected);
                    VECTOR.multiplyTransposed(weights, 0, length, add, x, found);
                    String what = "[%d, %d] x %d".formatted(inputs, rows, outputs);
                    assertSameBits(found.data(), expected.data(), what);
                }
            }
        }
    }

    @Test
    void gradientsOfWeightsAgree() {
        for (int inputs : new int[] {1, 3, 4, 11, 12, 13, 25, 29}) {
            for (int outputs : new int[] {1, 15, 16, 17, 32, 48, 50}) {
                int rows = 1 + random.nextInt(70);
                int panels = (outputs + PANEL - 1) / PANEL;
                Tensor dy = Numbers.window(random, rows, outputs, true);
                Panels expectedPanels = new Panels();
                Panels foundPanels = new Panels();
                expectedPanels.resize(panels + 1, rows + 2);
                foundPanels.resize(panels + 1, rows + 2);
                for (int p = 0; p < panels; p++) {
                    SCALAR.pack(dy, p * PANEL, expectedPanels, p + 1, 1);
                    VECTOR.pack(dy, p * PANEL, foundPanels, p + 1, 1);
                    String what = "panel %d of [%d, %d]".formatted(p, rows, outputs);
                    assertSameBits(
                            rows(foundPanels, p + 1, rows),
                            rows(expectedPanels, p + 1, rows),
                            what);
                }
                Tensor x = Numbers.window(random, rows, inputs, true);
                float[] room = untouched(Strips.size(rows, inputs) + 4);
                Strips strips = Strips.ofColumns(x, room, 3);
                strips.fill(SCALAR, x, 0, inputs);
                float[] same = untouched(room.length);
                Strips.ofColumns(x, same, 3).fill(VECTOR, x, 0, inputs);
                assertSameBits(same, room, "[%d, %d] in strips".formatted(rows, inputs));
                float[][] expected = new float[panels][];
                float[][] found = new float[panels][];
                for (int p = 0; p < panels; p++) {
                    expected[p] = Numbers.random(random, (inputs + 3) * PANEL);
                    found[p] = expected[p].clone();
                }
                SCALAR.accumulate(expectedPanels, 1, strips, expected, 2);
                VECTOR.accumulate(foundPanels, 1, strips, found, 2);
                for (int p = 0; p < panels; p++) {
                    String what = "[%d, %d] x %d, panel %d".formatted(rows, inputs, outputs, p);
                    assertSameBits(found[p], expected[p], what);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void slopesAgree(Activation f) {
        float[] x = Numbers.random(random, 1003);
        x[7] = 0;
        x[8] = 40;
        x[9] = -40;
        float[] expected = untouched(1010);
        float[] found = expected.clone();
        SCALAR.slope(f, x, 2, expected, 3, 1001);
        VECTOR.slope(f, x, 2, found, 3, 1001);
        assertSameBits(found, expected, f.name());
    }

    @Test
    void elementwiseOperationsAgree() {
        float[] a = Numbers.random(random, 1003);
        float[] b = Numbers.random(random, 1003);
        float[] expected = Numbers.random(random, 1010);
        float[] found = expected.clone();
        SCALAR.addScaled(0.3f, a, 2, expected, 3, 1001);
        VECTOR.addScaled(0.3f, a, 2, found, 3, 1001);
        assertSameBits(found, expected, "scaled");
        SCALAR.addProducts(a, 2, b, 1, expected, 3, 1001);
        VECTOR.addProducts(a, 2, b, 1, found, 3, 1001);
        assertSameBits(found, expected, "products");
        SCALAR.products(a, 2, b, 1, expected, 3, 1001);
        VECTOR.products(a, 2, b, 1, found, 3, 1001);
        assertSameBits(found, expected, "products alone");
        a[5] = -0f;
        SCALAR.quotients(a, 2, 0.7f, expected, 3, 1001);
        VECTOR.quotients(a, 2, 0.7f, found, 3, 1001);
        assertSameBits(found, expected, "quotients");
        SCALAR.expOfDifference(a, 2, b, 1, expected, 3, 1001);
        VECTOR.expOfDifference(a, 2, b, 1, found, 3, 1001);
        assertSameBits(found, expected, "exponential of a difference");
        SCALAR.softmaxBackward(a, 2, b, 1, expected, 3, 1001);
        VECTOR.softmaxBackward(a, 2, b, 1, found, 3, 1001);
        assertSameBits(found, expected, "backward of a softmax");
        float[] weight = Numbers.random(random, 1001);
        for (float[] bias : new float[][] {null, Numbers.random(random, 1001)}) {
            SCALAR.normalize(a, 2, 0.2f, 1.3f, weight, bias, expected, 3);
            VECTOR.normalize(a, 2, 0.2f, 1.3f, weight, bias, found, 3);
            assertSameBits(found, expected, "normalized");
        }
        float[] h = new float[1001];
        float[] same = new float[1001];
        SCALAR.standardize(a, 2, 0.2f, 1.3f, h);
        VECTOR.standardize(a, 2, 0.2f, 1.3f, same);
        assertSameBits(same, h, "standardized");
        SCALAR.standardizeBackward(h, b, 1.3f, 0.1f, 0.2f, a, 2, expected, 3);
        VECTOR.standardizeBackward(h, b, 1.3f, 0.1f, 0.2f, a, 2, found, 3);
        assertSameBits(found, expected, "backward of a norm");
    }

    @Test
    void sumsAgree() {
        for (int n : new int[] {0, 1, 15, 16, 17, 64, 1001}) {
            float[] a = Numbers.random(random, n + 3);
            float[] b = Numbers.random(random, n + 3);
            float[] c = Numbers.random(random, n + 3);
            float[] expected = {
                SCALAR.sum(a, 2, n),
                SCALAR.squares(a, 2, n, 0.2f),
                SCALAR.dot(a, 2, b, 1, n),
                SCALAR.dot(a, 2, b, c, n)
            };
            float[] found = {
                VECTOR.sum(a, 2, n),
                VECTOR.squares(a, 2, n, 0.2f),
                VECTOR.dot(a, 2, b, 1, n),
                VECTOR.dot(a, 2, b, c, n)
            };
            assertSameBits(found, expected, n + " numbers");
            Tensor x = Numbers.window(random, 5, n + 2, true);
            float[] sums = Numbers.random(random, n + 5);
            float[] same = sums.clone();
            SCALAR.addRows(x, 1, sums, 3, n);
            VECTOR.addRows(x, 1, same, 3, n);
            assertSameBits(same, sums, n + " columns");
        }
    }

    @Test
    void largeProductsAgree() {
        for (int rows : new int[] {1, 3, 4, 11, 12, 13, 25, 29}) {
            for (int outputs : new int[] {1, 15, 16, 17, 32, 48, 50}) {
                int steps = 1 + random.nextInt(70);
                boolean one = rows % 2 == 1;
                Panels panels = new Panels();
                panels.resize((outputs + PANEL - 1) / PANEL + 1, steps + 3);
                for (int p = 0; p <= (outputs + PANEL - 1) / PANEL; p++) {
                    panels.put(p, 0, Numbers.random(random, (steps + 3) * PANEL), 0, steps + 3);
                }
                Tensor x = Numbers.window(random, rows, steps - (one ? 1 : 0), true);
                Strips strips = Strips.ofRows(x, one, new float[Strips.size(steps, rows)]);
                Tensor expected = Numbers.window(random, rows, outputs, false);
                Tensor found = Numbers.window(random, rows, outputs, false);
                Numbers.fill(expected, 0.3f);
                Numbers.fill(found, 0.3f);
                for (boolean add : new boolean[] {true, false}) {
                    SCALAR.multiply(panels, 1, 2, add, strips, expected);
                    VECTOR.multiply(panels, 1, 2, add, strips, found);
                    String what = "[%d, %d] x %d".formatted(rows, steps, outputs);
                    assertSameBits(found.data(), expected.data(), what);
                }
            }
        }
    }

    private static float[] rows(Panels panels, int panel, int n) {
        float[] rows = new float[n * PANEL];
        panels.get(panel, 0, rows, 0, n);
        return rows;
    }

    private static int[] widths(TensorType type) {
        return type.quantised()
                ? new int[] {type.blockSize(), 2 * type.blockSize(), 5 * type.blockSize()}
                : new int[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 97, 16_383, 16_384, 16_385};
    }

    @ParameterizedTest
    @EnumSource
    void generatedProductsAgree(TensorType type) {
        for (int cols : widths(type)) {
            for (int rows : new int[] {1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 33, 61}) {
                Weight weight = Packing.pack(ALONE, List.of(RandomRows.of(type, rows, cols, cols)));
                Activations x = Activations.roomFor(weight);
                x.read(weight, Numbers.random(random, cols + 2), 2);
                for (int from = 0; from < weight.panels(); from += 2) {
                    String what = "%s [%d, %d] from %d".formatted(type, rows, cols, from);
                    float[] expected = untouched(rows + 9);
                    float[] found = expected.clone();
                    SCALAR.multiply(weight, from, weight.panels(), x, expected, 4);
                    VECTOR.multiply(weight, from, weight.panels(), x, found, 4);
                    assertSameBits(found, expected, what);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void panelsDecodeAlike(TensorType type) {
        for (int cols : widths(type)) {
            Weight weight = Packing.pack(ALONE, List.of(RandomRows.of(type, 19, cols, cols)));
            for (int panel = 0; panel < 2; panel++) {
                float[] expected = untouched(PANEL * cols + 5);
                float[] found = expected.clone();
                SCALAR.decode(weight, panel, expected, 3);
                VECTOR.decode(weight, panel, found, 3);
                assertSameBits(found, expected, type + " panel " + panel);
            }
        }
    }

    private static float[] untouched(int n) {
        float[] numbers = new float[n];
        Arrays.fill(numbers, Numbers.UNTOUCHED);
        return numbers;
    }

    /** First visible key of a block and one past the last. */
    private static final int[][] RANGES = {
        {0, 64}, {0, 1}, {0, 0}, {63, 64}, {64, 64}, {5, 61}, {0, 16}, {16, 48}, {0, 17}
    };

    @ParameterizedTest
    @ValueSource(ints = {0, 16, 32, 64, 80, 128})
    void stepsOfTheSoftmaxAgree(int cols) {
        for (float spread : new float[] {0, 1, 30, 1e30f}) {
            int rows = RANGES.length;
            RunningSoftmax expected = softmax(rows, cols);
            RunningSoftmax found = softmax(rows, cols);
            System.arraycopy(
                    expected.sum().data(), 0, found.sum().data(), 0, expected.sum().data().length);
            for (int step = 0; step < 3; step++) {
                Tensor scores = Numbers.window(random, rows, KeyValues.BLOCK, true);
                Elementwise.scale(new Processor(SCALAR, ALONE), scores, spread, scores);
                Tensor weights = window(scores);
                SCALAR.softmaxStep(scores, bounds(0), bounds(1), expected);
                VECTOR.softmaxStep(weights, bounds(0), bounds(1), found);
                String what = "step %d of %d, scores times %s".formatted(step, cols, spread);
                assertSameBits(weights.data(), scores.data(), what);
                assertSameBits(found.highest(), expected.highest(), what);
                assertSameBits(found.lanes(), expected.lanes(), what);
                assertSameBits(found.sum().data(), expected.sum().data(), what);
            }
        }
    }

    private RunningSoftmax softmax(int rows, int cols) {
        RunningSoftmax empty = RunningSoftmax.of(rows, cols);
        Tensor sum = Numbers.window(random, rows, cols, true);
        return new RunningSoftmax(empty.highest(), empty.lanes(), sum);
    }

    private static Tensor window(Tensor x) {
        return new Tensor(x.data().clone(), x.offset(), x.rows(), x.cols(), x.stride(), 0);
    }

    private static int[] bounds(int side) {
        return Arrays.stream(RANGES).mapToInt(range -> range[side]).toArray();
    }

    @Test
    void aStepThatShowsARowNothingChangesNothing() {
        for (Kernels kernels : List.of(SCALAR, VECTOR)) {
            RunningSoftmax softmax = RunningSoftmax.of(1, 16);
            for (int step = 0; step < 3; step++) {
                float[] highest = softmax.highest().clone();
                float[] lanes = softmax.lanes().clone();
                float[] sum = softmax.sum().data().clone();
                Tensor none = Numbers.window(random, 1, KeyValues.BLOCK, true);
                kernels.softmaxStep(none, new int[] {9}, new int[] {9}, softmax);
                for (int j = 0; j < KeyValues.BLOCK; j++) {
                    assertThat(none.at(0, j)).isZero();
                }
                assertSameBits(softmax.highest(), highest, kernels.name());
                assertSameBits(softmax.lanes(), lanes, kernels.name());
                assertSameBits(softmax.sum().data(), sum, kernels.name());
                Tensor some = Numbers.window(random, 1, KeyValues.BLOCK, true);
                kernels.softmaxStep(some, new int[] {0}, new int[] {64}, softmax);
                Arrays.fill(softmax.sum().data(), -1.5f);
            }
        }
    }

    private static final int[] LENGTHS = {
        0, 1, 2, 3, 4, 5, 7, 8, 9, 13, 15, 16, 17, 31, 32, 33, 16_383, 16_384, 16_385
    };

    /** Of every size and sign: where results overflow, vanish, and are not numbers. */
    private float[] hardNumbers(int n) {
        float[] special = {
            0f,
            -0f,
            1f,
            -1f,
            Float.MIN_VALUE,
            -Float.MIN_VALUE,
            Float.MIN_NORMAL,
            1e-20f,
            -1e-20f,
            -86.999f,
            -87f,
            -87.001f,
            87f,
            88f,
            88.5f,
            89f,
            100f,
            -100f,
            13.2f,
            -13.2f,
            1e4f,
            -1e4f,
            3e38f,
            -3e38f,
            Float.POSITIVE_INFINITY,
            Float.NEGATIVE_INFINITY,
            Float.NaN
        };
        float[] numbers = new float[n];
        for (int i = 0; i < n; i++) {
            numbers[i] =
                    random.nextInt(3) == 0
                            ? special[random.nextInt(special.length)]
                            : (float) (random.nextGaussian() * Math.exp(random.nextGaussian() * 2));
        }
        return numbers;
    }

    @ParameterizedTest
    @EnumSource
    void activationsAgree(Activation f) {
        for (int n : LENGTHS) {
            float[] x = hardNumbers(n + 8);
            float[] expected = untouched(n + 8);
            float[] found = expected.clone();
            SCALAR.activate(f, x, 5, expected, 3, n);
            VECTOR.activate(f, x, 5, found, 3, n);
            assertSameBits(found, expected, f + " of " + n);
        }
    }

    @Test
    void exponentialsAgree() {
        for (int n : LENGTHS) {
            float[] x = hardNumbers(n + 8);
            float[] expected = untouched(n + 8);
            float[] found = expected.clone();
            SCALAR.exp(x, 5, expected, 3, n);
            VECTOR.exp(x, 5, found, 3, n);
            assertSameBits(found, expected, "exp of " + n);
        }
    }
}
