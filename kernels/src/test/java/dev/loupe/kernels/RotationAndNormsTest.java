package dev.loupe.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.Random;

/** Rotation and norms. */
class RotationAndNormsTest {
    private final Random random = new Random(11);
    private final Processor processor = Processor.of(2);

    @Test
    void rotationTurnsPairsOfHalvesByPositionTimesFrequency() {
        float[] frequencies = {1f, 0.25f, 0.001f};
        Rotation rotation = new Rotation(frequencies, 8);
        int[] positions = {0, 1, 77, 5000, 12};
        Tensor x = Numbers.window(random, 5, 16, true);
        Tensor y = Numbers.window(random, 5, 16, false);
        rotation.rotate(processor, x, positions, y);
        for (int r = 0; r < 5; r++) {
            for (int head = 0; head < 16; head += 8) {
                for (int f = 0; f < 3; f++) {
                    double angle = (double) positions[r] * frequencies[f];
                    double a = x.at(r, head + f);
                    double b = x.at(r, head + f + 3);
                    double first = a * Math.cos(angle) - b * Math.sin(angle);
                    double second = a * Math.sin(angle) + b * Math.cos(angle);
                    assertThat((double) y.at(r, head + f)).isBetween(first - 1e-6, first + 1e-6);
                    assertThat((double) y.at(r, head + f + 3))
                            .isBetween(second - 1e-6, second + 1e-6);
                }
                // numbers that no frequency turns
                assertThat(y.at(r, head + 6)).isEqualTo(x.at(r, head + 6));
                assertThat(y.at(r, head + 7)).isEqualTo(x.at(r, head + 7));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 7, 16, 61, 16_385})
    void normsTakeOutMeanAndVariance(int size) {
        Tensor x = Numbers.window(random, 3, 2 * size, true);
        for (int i = 0; i < x.data().length; i++) {
            x.data()[i] += 3;
        }
        float[] weight = Numbers.random(random, size);
        float[] bias = Numbers.random(random, size);
        for (Normalization.Kind kind : Normalization.Kind.values()) {
            Tensor y = Numbers.window(random, 3, 2 * size, false);
            Normalization.normalize(processor, kind, x, weight, bias, 0.01f, y);
            for (int r = 0; r < 3; r++) {
                for (int group = 0; group < 2 * size; group += size) {
                    checkGroup(kind, x, y, r, group, weight, bias);
                }
            }
        }
    }

    private static void checkGroup(
            Normalization.Kind kind,
            Tensor x,
            Tensor y,
            int r,
            int group,
            float[] weight,
            float[] bias) {
        int n = weight.length;
        double mean = 0;
        for (int i = 0; i < n && kind == Normalization.Kind.LAYER; i++) {
            mean += (double) x.at(r, group + i) / n;
        }
        double variance = 0;
        for (int i = 0; i < n; i++) {
            double centred = x.at(r, group + i) - mean;
            variance += centred * centred / n;
        }
        double factor = 1 / Math.sqrt(variance + 0.01f);
        for (int i = 0; i < n; i++) {
            double expected = (x.at(r, group + i) - mean) * factor * weight[i] + bias[i];
            // two or three numbers that nearly are their mean: what is left of them is multiplied
            double bound = 2e-6 * (1 + Math.abs(mean) * factor + Math.abs(expected));
            assertThat(Math.abs(y.at(r, group + i) - expected))
                    .as("%s of %d", kind, n)
                    .isLessThan(bound);
        }
    }
}
