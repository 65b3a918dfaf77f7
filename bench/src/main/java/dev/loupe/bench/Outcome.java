package dev.loupe.bench;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What the repetitions of one row gave.
 *
 * @param loupe the median
 * @param other the median, or NaN where there is nothing to compare with
 * @param least the smallest ratio of two runs that were neighbours in time
 * @param most the largest
 * @param share of the machine's limit; NaN where none applies
 */
record Outcome(double loupe, double other, double least, double most, double share) {
    /** The outcome of pairs of runs; {@code others} is empty where nothing was compared. */
    static Outcome of(List<Double> ours, List<Double> others, double limit) {
        double[] ratios =
                IntStream.range(0, Math.min(ours.size(), others.size()))
                        .mapToDouble(i -> ours.get(i) / others.get(i))
                        .toArray();
        double loupe = median(ours);
        return new Outcome(
                loupe,
                median(others),
                Arrays.stream(ratios).min().orElse(Double.NaN),
                Arrays.stream(ratios).max().orElse(Double.NaN),
                loupe / limit);
    }

    /** How many times the other's figure Loupe's is. */
    double ratio() {
        return loupe / other;
    }

    /** The middle one, or the mean of the middle two; NaN of none. */
    static double median(List<Double> numbers) {
        double[] sorted = numbers.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        int n = sorted.length;
        return n == 0 ? Double.NaN : (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
    }
}
