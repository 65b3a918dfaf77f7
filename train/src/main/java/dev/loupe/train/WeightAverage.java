package dev.loupe.train;

import dev.loupe.kernels.Processor;
import dev.loupe.model.Parameter;

import java.util.ArrayList;
import java.util.List;

/**
 * The running average of the weights: {@code average = keep * average + (1 - keep) * weights} after
 * each update. It lies in the middle of where the last updates jumped about, and is often the
 * better model (Polyak and Juditsky 1992). At first less stays, {@code (1 + n) / (10 + n)} after n
 * updates, so that the average forgets the weights before training.
 */
final class WeightAverage {
    private static final int PART = 1 << 15;

    private final double keep;
    private final List<float[]> weights = new ArrayList<>();
    private final List<float[]> averages = new ArrayList<>();

    /**
     * @param keep how much of the average stays at each update; 0: there is no average
     */
    WeightAverage(List<Parameter> parameters, double keep) {
        this.keep = keep;
        if (keep > 0) {
            for (Parameter parameter : parameters) {
                weights.addAll(List.of(parameter.data()));
            }
            weights.forEach(numbers -> averages.add(numbers.clone()));
        }
    }

    /** After update {@code n}, counted from 1. */
    void update(Processor processor, int n) {
        float stays = (float) Math.min(keep, (1.0 + n) / (10.0 + n));
        each(
                processor,
                (weight, average, i) -> average[i] = stays * average[i] + (1 - stays) * weight[i]);
    }

    /** The model becomes the average, and the average the model; a second time they are back. */
    void swap(Processor processor) {
        each(
                processor,
                (weight, average, i) -> {
                    float w = weight[i];
                    weight[i] = average[i];
                    average[i] = w;
                });
    }

    private interface Change {
        void at(float[] weight, float[] average, int i);
    }

    private void each(Processor processor, Change change) {
        for (int a = 0; a < averages.size(); a++) {
            float[] weight = weights.get(a);
            float[] average = averages.get(a);
            processor
                    .threads()
                    .each(
                            weight.length,
                            PART,
                            (worker, from, to) -> {
                                for (int i = from; i < to; i++) {
                                    change.at(weight, average, i);
                                }
                            });
        }
    }

    /** What a checkpoint keeps. */
    List<float[]> arrays() {
        return averages;
    }
}
