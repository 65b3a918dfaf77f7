package dev.loupe.kernels;

import static dev.loupe.kernels.Numbers.assertSameBits;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Products of every type: right, and with bits that depend on nothing but the token. */
class ProductTest {
    private static final int ROWS = 37;

    private final Random random = new Random(3);
    private final Threads threads = new Threads(2);

    private static int columns(TensorType type) {
        return type.quantised() ? 2 * Math.max(type.blockSize(), 64) : 131;
    }

    /** {@code [generated + prompt, cols]}; a row's numbers depend on its seed alone. */
    private static Tensor tokens(int cols, int generated, long... seeds) {
        Tensor x = Tensor.of(seeds.length, cols, generated);
        for (int t = 0; t < seeds.length; t++) {
            float[] row = Numbers.random(new Random(seeds[t]), cols);
            System.arraycopy(row, 0, x.data(), x.row(t), cols);
        }
        return x;
    }

    private static float[] row(Tensor x, int r) {
        return Arrays.copyOfRange(x.data(), x.row(r), x.row(r) + x.cols());
    }

    private static Tensor product(Processor processor, Tensor x, Weight w, float[] bias) {
        Tensor y = Tensor.of(x.rows(), w.rows(), x.generated());
        Product.multiply(processor, x, w, bias, y);
        return y;
    }

    /**
     * Each product is a sum of {@code cols} rounded terms, so it may be off by {@code cols} times
     * 2^-24 of the sum of their sizes, and by a little more for the rounding of scales and bias.
     */
    private static void assertCloseToDouble(Tensor y, Tensor x, RandomRows w, int above) {
        for (int r = 0; r < w.rows(); r++) {
            float[] numbers = w.decoded(r);
            double[] parts = w.parts(r);
            for (int t = 0; t < x.rows(); t++) {
                double expected = 0;
                double size = 0;
                for (int k = 0; k < w.cols(); k++) {
                    expected += (double) x.at(t, k) * numbers[k];
                    size += Math.abs(x.at(t, k)) * parts[k];
                }
                assertThat(Math.abs(y.at(t, above + r) - expected))
                        .as("%s row %d, token %d: %s", w.type(), r, t, expected)
                        .isLessThanOrEqualTo(size * (w.cols() + 4) * 0x1p-24);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void promptAndGeneratedProductsAreCloseToDoublePrecision(TensorType type) {
        RandomRows stored = RandomRows.of(type, ROWS, columns(type), 1);
        Weight weight = Packing.pack(threads, List.of(stored));
        Tensor x = tokens(columns(type), 3, 1, 2, 3, 4, 5, 6, 7, 8);
        for (Kernels kernels : List.of(Kernels.vectors(), Kernels.scalar())) {
            Tensor y = product(new Processor(kernels, threads), x, weight, new float[ROWS]);
            assertCloseToDouble(y, x, stored, 0);
        }
    }

    @ParameterizedTest
    @EnumSource
    void matricesOfTwoTypesLieOneAboveTheOther(TensorType type) {
        TensorType other = type == TensorType.F16 ? TensorType.F32 : TensorType.F16;
        int cols = columns(type);
        RandomRows first = RandomRows.of(type, 21, cols, 1);
        RandomRows second = RandomRows.of(type, 12, cols, 2);
        RandomRows third = RandomRows.of(other, 5, cols, 3);
        Weight weight = Packing.pack(threads, List.of(first, second, third));
        assertThat(weight).isInstanceOf(Weight.Stack.class);
        assertThat(weight.rows()).isEqualTo(38);
        Tensor x = tokens(cols, 2, 1, 2, 3, 4, 5);
        Tensor scalar = product(new Processor(Kernels.scalar(), threads), x, weight, new float[38]);
        Tensor vector =
                product(new Processor(Kernels.vectors(), threads), x, weight, new float[38]);
        assertSameBits(vector.data(), scalar.data(), type + " above " + other);
        assertCloseToDouble(vector, x, first, 0);
        assertCloseToDouble(vector, x, second, 21);
        assertCloseToDouble(vector, x, third, 33);
    }

    @ParameterizedTest
    @EnumSource
    void aPackedRowDecodesToTheFloatsOfTheFile(TensorType type) {
        RandomRows stored = RandomRows.of(type, ROWS, columns(type), 5);
        Weight weight = Packing.pack(threads, List.of(stored));
        for (int r = 0; r < ROWS; r++) {
            float[] row = new float[weight.cols()];
            weight.row(r, row, 0);
            assertSameBits(row, stored.decoded(r), type + " row " + r);
        }
    }

    @Test
    void theBiasIsAddedToEveryToken() {
        Weight weight = Packing.pack(threads, List.of(RandomRows.of(TensorType.F32, 5, 7, 1)));
        Tensor x = tokens(7, 1, 1, 2, 3);
        Processor processor = new Processor(Kernels.vectors(), threads);
        Tensor without = product(processor, x, weight, new float[5]);
        float[] bias = {1, 2, 3, 4, 5};
        Tensor with = product(processor, x, weight, bias);
        for (int t = 0; t < 3; t++) {
            for (int c = 0; c < 5; c++) {
                assertThat(with.at(t, c)).isEqualTo(without.at(t, c) + bias[c]);
            }
        }
    }

    /** How many tokens are drawn and how many are read in one product. */
    private static final int[][] COMPANIES = {
        {1, 0}, {0, 1}, {2, 0}, {0, 2}, {5, 0}, {0, 5}, {17, 0}, {0, 17}, {1, 1}, {1, 17}, {17, 1},
        {2, 5}, {5, 2}, {3, 3}, {17, 17}
    };

    @ParameterizedTest
    @EnumSource
    void aTokensBitsDependOnItAndItsRoleAlone(TensorType type) {
        int cols = columns(type);
        TensorType other = type == TensorType.F16 ? TensorType.Q8_0 : TensorType.F16;
        int wide = 9 * 256;
        List<Weight> weights = new ArrayList<>();
        weights.add(Packing.pack(threads, List.of(RandomRows.of(type, 150, cols, 9))));
        weights.add(
                Packing.pack(
                        threads,
                        List.of(
                                RandomRows.of(type, 19, wide, 1),
                                RandomRows.of(type, 2, wide, 2),
                                RandomRows.of(other, 3, wide, 3))));
        for (Weight weight : weights) {
            Bits bits = Bits.of(weight, random);
            for (Kernels kernels : List.of(Kernels.vectors(), Kernels.scalar())) {
                for (int count = 1; count <= 3; count++) {
                    try (Processor processor = new Processor(kernels, new Threads(count))) {
                        bits.check(processor, "%s %s on %d".formatted(type, kernels.name(), count));
                    }
                }
            }
        }
    }

    /** A weight, and what its products with token 42 are when that is alone. */
    private record Bits(Weight weight, float[] bias, float[] drawn, float[] read) {
        static Bits of(Weight weight, Random random) {
            float[] bias = Numbers.random(random, weight.rows());
            try (Processor alone = Processor.of(1)) {
                float[] drawn = row(product(alone, tokens(weight.cols(), 1, 42), weight, bias), 0);
                float[] read = row(product(alone, tokens(weight.cols(), 0, 42), weight, bias), 0);
                return new Bits(weight, bias, drawn, read);
            }
        }

        /** Token 42 among others: first, in the middle and last of each role. */
        void check(Processor processor, String what) {
            boolean scalar = processor.kernels().name().equals("scalar");
            for (int[] company : COMPANIES) {
                int generated = company[0];
                int all = generated + company[1];
                if (scalar && all > 5) {
                    continue; // slow, and its tokens never meet
                }
                long[] seeds = new long[all];
                Arrays.setAll(seeds, t -> t);
                int[] places = {0, generated / 2, generated - 1, generated, all - 1};
                for (int at : places) {
                    seeds[Math.clamp(at, 0, all - 1)] = 42;
                }
                Tensor x = tokens(weight.cols(), generated, seeds);
                Tensor y = product(processor, x, weight, bias);
                for (int at = 0; at < all; at++) {
                    if (seeds[at] == 42) {
                        assertSameBits(
                                row(y, at),
                                at < generated ? drawn : read,
                                "%s, token %d of %s".formatted(what, at, Arrays.toString(company)));
                    }
                }
            }
        }
    }

    @Test
    void shapesThatDoNotFitAreRefused() {
        Weight weight = Packing.pack(threads, List.of(RandomRows.of(TensorType.F32, 5, 7, 1)));
        Processor processor = new Processor(Kernels.vectors(), threads);
        assertThatThrownBy(() ->
                        Product.multiply(processor, Tensor.of(2, 6), weight, null, Tensor.of(2, 5)))
                .hasMessage("[2, 6] times [5, 7] does not give [2, 5]");
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "F16", "BF16", "Q8_0", "Q4_1"})
    void aNumberThatIsNotFiniteIsNamed(TensorType type) {
        RandomRows stored = RandomRows.of(type, ROWS, columns(type), 5);
        stored.spoil(18, type == TensorType.F32 ? 0x7FC00000 : 0x7FC07E00);
        assertThatThrownBy(() -> Packing.pack(threads, List.of(stored)))
                .isInstanceOf(NonFiniteException.class)
                .hasMessageContaining(type + ".weight: row 18 holds NaN");
    }
}
