package dev.loupe.train;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;

/**
 * How the loss fell. The loss of one batch jumps about, so a place of the curve is the mean of the
 * batches near it; a validation is a place of its own.
 *
 * @param train the loss on what is trained on
 * @param validation the loss on what is held back; may be empty
 */
public record LossCurve(List<Place> train, List<Place> validation) {
    /** More places than this cannot be told apart. */
    private static final int MOST = 240;

    /** A point of a curve. */
    public record Place(double step, double loss) {}

    public LossCurve {
        train = List.copyOf(train);
        validation = List.copyOf(validation);
    }

    /** The curve of what a run has measured; losses that are no numbers are left out. */
    public static LossCurve of(List<Metrics.Point> points) {
        List<Place> train = new ArrayList<>();
        int each = (points.size() + MOST - 1) / MOST;
        for (int from = 0; from < points.size(); from += each) {
            List<Metrics.Point> near =
                    points.subList(from, Math.min(points.size(), from + each)).stream()
                            .filter(p -> Double.isFinite(p.loss()))
                            .toList();
            if (!near.isEmpty()) {
                train.add(
                        new Place(
                                near.stream().mapToLong(Metrics.Point::step).average().orElse(0),
                                near.stream()
                                        .mapToDouble(Metrics.Point::loss)
                                        .average()
                                        .orElse(0)));
            }
        }
        List<Place> validation =
                points.stream()
                        .filter(p -> Double.isFinite(p.validation()))
                        .map(p -> new Place(p.step(), p.validation()))
                        .toList();
        return new LossCurve(train, validation);
    }

    /** Whether there is nothing to draw. */
    public boolean isEmpty() {
        return train.isEmpty() && validation.isEmpty();
    }

    private Stream<Place> all() {
        return Stream.concat(train.stream(), validation.stream());
    }

    /** From the start to the last step. */
    Axis steps() {
        return Axis.over(0, all().mapToDouble(Place::step).max().orElse(1), 5);
    }

    /** From the lowest loss to the highest. */
    Axis losses() {
        double[] losses = all().mapToDouble(Place::loss).toArray();
        double low = DoubleStream.of(losses).min().orElse(0);
        double high = DoubleStream.of(losses).max().orElse(1);
        double least = Math.max(1e-3, 0.02 * high);
        return Axis.rounded(low, Math.max(high, low + least), 5);
    }

    /** A picture for browsers and documents, in light and dark. */
    public String svg() {
        return CurveSvg.of(this);
    }

    /**
     * A picture of characters.
     *
     * @param columns how wide it is, with its labels
     * @param rows how high it is, without the labels below
     */
    public String text(int columns, int rows) {
        return CurveText.of(this, columns, rows);
    }

    /**
     * An axis and where its labels are.
     *
     * @param each from one label to the next: 1, 2 or 5 and zeros
     */
    record Axis(double low, double high, double each) {
        /** An axis that ends where its numbers do. */
        static Axis over(double low, double high, int labels) {
            double end = high > low ? high : low + 1;
            return new Axis(low, end, round((end - low) / labels));
        }

        /** An axis that ends at labels. */
        static Axis rounded(double low, double high, int labels) {
            double each = round((high - low) / labels);
            return new Axis(Math.floor(low / each) * each, Math.ceil(high / each) * each, each);
        }

        private static double round(double distance) {
            double ten = Math.pow(10, Math.floor(Math.log10(distance)));
            double digit = distance / ten;
            return ten * (digit <= 1 ? 1 : digit <= 2 ? 2 : digit <= 5 ? 5 : 10);
        }

        /** Where a value is, from 0 to 1. */
        double part(double value) {
            return (value - low) / (high - low);
        }

        List<Double> labels() {
            List<Double> labels = new ArrayList<>();
            for (long i = Math.round(Math.ceil(low / each - 1e-9)); i * each <= high + 1e-9; i++) {
                labels.add(i * each);
            }
            return labels;
        }

        /** A label with as many digits as tell it from the next. */
        String text(double value) {
            int digits = (int) Math.max(0, -Math.floor(Math.log10(each) + 1e-9));
            return String.format(Locale.ROOT, "%,." + digits + "f", value);
        }
    }
}
