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
    private static final Kernels VECTOR = Kernels.best();
    private static final Threads ALONE = new Threads(1);

    private final Random random = new Random(7);

    @Test
    void theVectorProviderRunsWhereItsModuleIsThere() {
        assertThat(ModuleLayer.boot().findModule("jdk.incubator.vector")).isPresent();
        assertThat(VECTOR.name()).startsWith("vector ");
        assertThat(SCALAR.name()).isEqualTo("scalar");
    }

    @Test
    void aSystemPropertyAsksForTheScalarProvider() {
        String before = System.getProperty("loupe.kernels", "");
        System.setProperty("loupe.kernels", "scalar");
        try {
            assertThat(Kernels.best().name()).isEqualTo("scalar");
        } finally {
            System.setProperty("loupe.kernels", before);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4, 5, 8, 11, 12, 13, 17, 24, 31})
    void promptProductsAgree(int tokens) {
        for (int outputs : AWKWARD) {
            for (int cols : new int[] {0, 1, 5, 16, 97}) {
                float[] panels =
                        Numbers.random(random, (outputs + PANEL - 1) / PANEL * PANEL * cols);
                Tensor x = Numbers.window(random, tokens, cols, true);
                Tensor expected = Numbers.window(random, tokens, outputs, false);
                Tensor found = Numbers.window(random, tokens, outputs, false);
                expected.fill(0.3f);
                found.fill(0.3f);
                SCALAR.multiply(panels, 0, x, expected);
                VECTOR.multiply(panels, 0, x, found);
                String what = "[%d, %d] x %d".formatted(tokens, cols, outputs);
                assertSameBits(found.data(), expected.data(), what);
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
            SCALAR.multiply(panels, 0, x, expected);
            VECTOR.multiply(panels, 0, x, found);
            assertSameBits(found.data(), expected.data(), cols + " columns");
        }
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

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 15, 16, 17, 24, 64, 80, 128})
    void attentionAgrees(int headDim) {
        int positions = 200;
        KeyValues keys = new KeyValues(2, headDim);
        Tensor k = Numbers.window(random, positions, 2 * headDim, true);
        Tensor v = Numbers.window(random, positions, 2 * headDim, true);
        keys.put(0, k, v);
        float[] query = Numbers.random(random, headDim);
        for (int[] range : RANGES) {
            for (int head = 0; head < 2; head++) {
                float[] expected = untouched(headDim + 9);
                float[] found = expected.clone();
                AttentionScratch scratch = new AttentionScratch(headDim);
                SCALAR.attend(query, keys, head, range[0], range[1], expected, 4, scratch);
                VECTOR.attend(query, keys, head, range[0], range[1], found, 4, scratch);
                assertSameBits(found, expected, headDim + " over " + Arrays.toString(range));
            }
        }
    }

    /** First visible position and one past the last, about the bounds of blocks of 64. */
    static final int[][] RANGES = {
        {0, 1},
        {0, 2},
        {0, 15},
        {0, 16},
        {0, 17},
        {0, 63},
        {0, 64},
        {0, 65},
        {1, 64},
        {1, 65},
        {63, 64},
        {63, 65},
        {64, 65},
        {64, 128},
        {60, 131},
        {127, 129},
        {128, 193},
        {0, 200},
        {17, 199}
    };

    @Test
    void attentionNeverSeesWhatIsOutsideOfItsRange() {
        KeyValues clean = new KeyValues(1, 24);
        KeyValues dirty = new KeyValues(1, 24);
        Tensor k = Numbers.window(random, 200, 24, true);
        Tensor v = Numbers.window(random, 200, 24, true);
        float[] query = Numbers.random(random, 24);
        for (int[] range : RANGES) {
            clean.put(0, k, v);
            dirty.put(0, nanOutside(k, range), nanOutside(v, range));
            for (Kernels kernels : List.of(SCALAR, VECTOR)) {
                float[] expected = new float[24];
                float[] found = new float[24];
                AttentionScratch scratch = new AttentionScratch(24);
                kernels.attend(query, clean, 0, range[0], range[1], expected, 0, scratch);
                kernels.attend(query, dirty, 0, range[0], range[1], found, 0, scratch);
                assertSameBits(found, expected, kernels.name() + Arrays.toString(range));
            }
        }
    }

    private static Tensor nanOutside(Tensor x, int[] range) {
        Tensor y = x.copy();
        Arrays.fill(y.data(), 0, y.row(range[0]), Float.NaN);
        if (range[1] < y.rows()) {
            Arrays.fill(y.data(), y.row(range[1]), y.data().length, Float.NaN);
        }
        return y;
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
