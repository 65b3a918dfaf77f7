package dev.loupe.generate;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * How a token is drawn. The steps run in the order of the components here, which is that of
 * transformers; a step at its neutral value is left out.
 *
 * @param logitBias added to the logits of these ids; minus infinity forbids one
 * @param repetitionPenalty what logits of tokens seen before are divided by if positive and
 *     multiplied by if negative (Keskar et al. 2019, arXiv:1909.05858); neutral: 1
 * @param frequencyPenalty taken off a logit for each time its token was drawn; neutral: 0
 * @param presencePenalty taken off a logit once if its token was drawn; neutral: 0
 * @param temperature what logits are divided by; 0 takes the most likely token; neutral: 1
 * @param topK how many of the most likely tokens stay (Fan et al. 2018, arXiv:1805.04833); neutral:
 *     0
 * @param topP the fewest most likely tokens that have this probability together stay (Holtzman et
 *     al. 2019, arXiv:1904.09751); neutral: 1
 * @param minP tokens stay that have this share of the most likely one's probability (Nguyen et al.
 *     2024, arXiv:2407.01082); neutral: 0
 * @param typicalP the tokens stay whose surprise is closest to the expected one, until they have
 *     this probability together (Meister et al. 2022, arXiv:2202.00666); neutral: 1
 */
public record Sampling(
        Map<Integer, Float> logitBias,
        double repetitionPenalty,
        double frequencyPenalty,
        double presencePenalty,
        double temperature,
        int topK,
        double topP,
        double minP,
        double typicalP) {

    public Sampling {
        logitBias = Map.copyOf(logitBias);
        for (float bias : logitBias.values()) {
            check(!Float.isNaN(bias), "logit bias", bias, "a number");
        }
        check(
                repetitionPenalty > 0 && finite(repetitionPenalty),
                "repetition penalty",
                repetitionPenalty,
                "more than 0");
        check(finite(frequencyPenalty), "frequency penalty", frequencyPenalty, "a number");
        check(finite(presencePenalty), "presence penalty", presencePenalty, "a number");
        check(temperature >= 0 && finite(temperature), "temperature", temperature, "0 or more");
        check(topK >= 0, "top-k", topK, "0 (all) or more");
        check(topP > 0 && topP <= 1, "top-p", topP, "more than 0 and at most 1");
        check(minP >= 0 && minP <= 1, "min-p", minP, "0 to 1");
        check(typicalP > 0 && typicalP <= 1, "typical-p", typicalP, "more than 0 and at most 1");
    }

    private static boolean finite(double value) {
        return Double.isFinite(value);
    }

    private static void check(boolean right, String name, Object found, String expected) {
        if (!right) {
            throw new IllegalArgumentException(
                    name + ": found " + found + ", expected " + expected);
        }
    }

    /** The model's own distribution. */
    public static final Sampling PLAIN = new Sampling(Map.of(), 1, 0, 0, 1, 0, 1, 0, 1);

    /** The most likely token, always. */
    public static final Sampling GREEDY = PLAIN.withTemperature(0);

    public Sampling withTemperature(double t) {
        return new Sampling(
                logitBias,
                repetitionPenalty,
                frequencyPenalty,
                presencePenalty,
                t,
                topK,
                topP,
                minP,
                typicalP);
    }

    public Sampling withTopK(int k) {
        return new Sampling(
                logitBias,
                repetitionPenalty,
                frequencyPenalty,
                presencePenalty,
                temperature,
                k,
                topP,
                minP,
                typicalP);
    }

    public Sampling withTopP(double p) {
        return new Sampling(
                logitBias,
                repetitionPenalty,
                frequencyPenalty,
                presencePenalty,
                temperature,
                topK,
                p,
                minP,
                typicalP);
    }

    /** The steps in their order. */
    List<Step> steps() {
        List<Step> steps = new ArrayList<>();
        if (!logitBias.isEmpty()) {
            steps.add(new Step.LogitBias(logitBias));
        }
        if (repetitionPenalty != 1) {
            steps.add(new Step.RepetitionPenalty(repetitionPenalty));
        }
        if (frequencyPenalty != 0 || presencePenalty != 0) {
            steps.add(new Step.CountPenalty(frequencyPenalty, presencePenalty));
        }
        if (temperature == 0) {
            steps.add(new Step.TopK(1));
            return steps;
        }
        if (temperature != 1) {
            steps.add(new Step.Temperature(temperature));
        }
        if (topK > 0) {
            steps.add(new Step.TopK(topK));
        }
        if (topP < 1) {
            steps.add(new Step.TopP(topP));
        }
        if (minP > 0) {
            steps.add(new Step.MinP(minP));
        }
        if (typicalP < 1) {
            steps.add(new Step.TypicalP(typicalP));
        }
        return steps;
    }
}
