package dev.loupe.train;

import dev.loupe.kernels.AdamW;
import dev.loupe.kernels.Processor;
import dev.loupe.model.Gradients;
import dev.loupe.model.Parameter;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * The optimiser's memory: for each number of each parameter the running mean of its gradients, and
 * of their squares.
 */
final class Moments {
    /** One array of a parameter with what belongs to it. */
    private record Slice(
            boolean decays, float[] numbers, float[] gradient, float[] mean, float[] square) {}

    private final List<Slice> slices = new ArrayList<>();

    Moments(Gradients gradients) {
        for (Parameter parameter : gradients.parameters()) {
            float[][] gradient = gradients.of(parameter);
            for (int i = 0; i < gradient.length; i++) {
                float[] numbers = parameter.data()[i];
                slices.add(
                        new Slice(
                                !parameter.isVector(),
                                numbers,
                                gradient[i],
                                new float[numbers.length],
                                new float[numbers.length]));
            }
        }
    }

    /** The Euclidean norm of all gradients together. */
    double gradientNorm(Processor processor) {
        double[] squares = new double[slices.size()];
        processor
                .threads()
                .each(
                        slices.size(),
                        4,
                        (worker, from, to) -> {
                            for (int i = from; i < to; i++) {
                                squares[i] = square(slices.get(i).gradient);
                            }
                        });
        double sum = 0;
        for (double square : squares) {
            sum += square;
        }
        return Math.sqrt(sum);
    }

    private static double square(float[] x) {
        // eight sums, so that one need not wait for the other
        double[] sums = new double[8];
        int whole = x.length / 8 * 8;
        for (int i = 0; i < whole; i += 8) {
            for (int lane = 0; lane < 8; lane++) {
                sums[lane] += (double) x[i + lane] * x[i + lane];
            }
        }
        double sum = 0;
        for (int i = whole; i < x.length; i++) {
            sum += (double) x[i] * x[i];
        }
        for (double lane : sums) {
            sum += lane;
        }
        return sum;
    }

    /**
     * One step of the optimiser. Vectors do not decay.
     *
     * @param step 1 at first
     * @param scale what gradients are multiplied by
     */
    void step(Processor processor, AdamW adam, int step, float scale) {
        AdamW still = new AdamW(adam.rate(), adam.beta1(), adam.beta2(), adam.eps(), 0);
        processor
                .threads()
                .each(
                        slices.size(),
                        4,
                        (worker, from, to) -> {
                            for (int i = from; i < to; i++) {
                                Slice s = slices.get(i);
                                (s.decays ? adam : still)
                                        .step(
                                                processor,
                                                step,
                                                scale,
                                                s.numbers,
                                                s.gradient,
                                                s.mean,
                                                s.square);
                            }
                        });
    }

    /** The parameters. */
    List<float[]> numbers() {
        return slices.stream().map(Slice::numbers).toList();
    }

    /** Means, then squares. */
    List<float[]> arrays() {
        return Stream.concat(slices.stream().map(Slice::mean), slices.stream().map(Slice::square))
                .toList();
    }
}
