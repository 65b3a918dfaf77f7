package dev.loupe.kernels;

import static dev.loupe.kernels.Numbers.assertSameBits;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

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
        for (Kernels kernels : List.of(Kernels.best(), Kernels.scalar())) {
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
        Tensor vector = product(new Processor(Kernels.best(), threads), x, weight, new float[38]);
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
        Processor processor = new Processor(Kernels.best(), threads);
        Tensor without = product(processor, x, weight, new float[5]);
        float[] bias = {1, 2, 3, 4, 5};
        Tensor with = product(processor, x, weight, bias);
        for (int t = 0; t < 3; t++) {
            for (int c = 0; c < 5; c++) {
                assertThat(with.at(t, c)).isEqualTo(without.at(t, c) + bias[c]);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void aTokensBitsDependOnItAndItsRoleAlone(TensorType type) {
        int cols = columns(type);
        Weight weight = Packing.pack(threads, List.of(RandomRows.of(type, 150, cols, 9)));
        float[] bias = Numbers.random(random, 150);
        for (Kernels kernels : List.of(Kernels.best(), Kernels.scalar())) {
            for (int count : new int[] {1, 2, 5}) {
                try (Processor processor = new Processor(kernels, new Threads(count))) {
                    String what = "%s %s on %d".formatted(type, kernels.name(), count);
                    check(processor, weight, bias, what);
                }
            }
        }
    }

    private void check(Processor processor, Weight weight, float[] bias, String what) {
        int cols = weight.cols();
        Processor plain = new Processor(Kernels.best(), threads);
        float[] drawn = row(product(plain, tokens(cols, 1, 42), weight, bias), 0);
        float[] read = row(product(plain, tokens(cols, 0, 42), weight, bias), 0);
        Tensor one = product(processor, tokens(cols, 1, 42), weight, bias);
        assertSameBits(row(one, 0), drawn, what + ", drawn alone");
        Tensor five =
                product(processor, tokens(cols, 5, 1, 2, 3, 4, 42, 5, 6, 42, 7), weight, bias);
        assertSameBits(row(five, 4), drawn, what + ", drawn among eight others");
        assertSameBits(row(five, 7), read, what + ", read among eight others");
        Tensor all = product(processor, tokens(cols, 9, 1, 2, 3, 4, 5, 6, 42, 8, 9), weight, bias);
        assertSameBits(row(all, 6), drawn, what + ", drawn among drawn ones");
        Tensor none = product(processor, tokens(cols, 0, 1, 2, 42), weight, bias);
        assertSameBits(row(none, 2), read, what + ", last of three that are read");
    }

    @Test
    void shapesThatDoNotFitAreRefused() {
        Weight weight = Packing.pack(threads, List.of(RandomRows.of(TensorType.F32, 5, 7, 1)));
        Processor processor = new Processor(Kernels.best(), threads);
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
