package dev.loupe.files;

import dev.loupe.model.Rope;

import java.util.Optional;
import java.util.stream.DoubleStream;

/**
 * A GGUF file holds what each rotary frequency is divided by, a {@code config.json} the rule of
 * Llama 3 that the numbers come from. This finds the rule again.
 */
final class RopeFactors {
    /** The same in all models: slow is less than one turn, fast more than four. */
    private static final double LOW = 1;

    private static final double HIGH = 4;

    /** Files round to 24 bits. */
    private static final double TOLERANCE = 1e-6;

    private RopeFactors() {}

    /** The scaling that gives these divisors, as a config.json can say it; empty if none does. */
    static Optional<Rope.Scaling> rule(double theta, int dims, float[] divisors) {
        Rope divided = new Rope(theta, dims, new Rope.Divided(divisors));
        double factor = DoubleStream.of(divided.divisors()).max().orElse(1);
        if (same(divided, new Rope(theta, dims, new Rope.Plain()))) {
            return Optional.of(new Rope.Plain());
        }
        return candidates(theta, dims, divisors, factor)
                .mapToObj(context -> new Rope.Llama3(factor, LOW, HIGH, context))
                .filter(rule -> same(divided, new Rope(theta, dims, rule)))
                .map(rule -> (Rope.Scaling) rule)
                .findFirst();
    }

    /**
     * Original contexts that may be meant: the one that a blended frequency gives away, and all
     * powers of two where none is blended.
     */
    private static DoubleStream candidates(
            double theta, int dims, float[] divisors, double factor) {
        float[] plain = new Rope(theta, dims, new Rope.Plain()).frequencies();
        DoubleStream.Builder contexts = DoubleStream.builder();
        for (int i = 0; i < divisors.length; i++) {
            if (divisors[i] > 1 && divisors[i] < factor * (1 - TOLERANCE)) {
                double kept = (1 / (double) divisors[i] - 1 / factor) / (1 - 1 / factor);
                double turns = LOW + kept * (HIGH - LOW);
                contexts.add(Math.max(1, Math.rint(turns * 2 * Math.PI / plain[i])));
            }
        }
        for (int power = 0; power < 31; power++) {
            contexts.add(1 << power);
        }
        return contexts.build();
    }

    private static boolean same(Rope a, Rope b) {
        double[] first = a.divisors();
        double[] second = b.divisors();
        for (int i = 0; i < first.length; i++) {
            if (!(Math.abs(first[i] - second[i]) <= TOLERANCE * Math.abs(second[i]))) {
                return false;
            }
        }
        return true;
    }
}
