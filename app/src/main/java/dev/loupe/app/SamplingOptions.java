package dev.loupe.app;

import dev.loupe.generate.Sampling;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Option;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;

/** How tokens are drawn. The steps run in the order of these options. */
final class SamplingOptions {
    @Option(
            names = "--logit-bias",
            paramLabel = "ID=BIAS",
            split = ",",
            description = "Added to the logit of a token; -inf forbids it.")
    private Map<Integer, Float> logitBias = new LinkedHashMap<>();

    @Option(
            names = "--repetition-penalty",
            paramLabel = "X",
            description = "Makes tokens that are there already less likely; 1: off.")
    private double repetitionPenalty = 1;

    @Option(
            names = "--frequency-penalty",
            paramLabel = "X",
            description = "Taken off a logit for each time its token was drawn; 0: off.")
    private double frequencyPenalty;

    @Option(
            names = "--presence-penalty",
            paramLabel = "X",
            description = "Taken off a logit once its token was drawn; 0: off.")
    private double presencePenalty;

    @Option(
            names = {"--temperature", "--temp"},
            paramLabel = "T",
            description = "Below 1 sharpens, above 1 flattens; 0 takes the most likely token.")
    private @Nullable Double temperature;

    @Option(
            names = "--top-k",
            paramLabel = "K",
            description = "The K most likely tokens stay; 0: all.")
    private @Nullable Integer topK;

    @Option(
            names = "--top-p",
            paramLabel = "P",
            description = "The fewest tokens stay that have probability P together; 1: all.")
    private @Nullable Double topP;

    @Option(
            names = "--min-p",
            paramLabel = "P",
            description = "Tokens stay that have P times the best one's probability; 0: all.")
    private @Nullable Double minP;

    @Option(
            names = "--typical-p",
            paramLabel = "P",
            description = "The most typical tokens stay that have P together; 1: all.")
    private @Nullable Double typicalP;

    /** Whether the person asked for a draw, by naming an option that has no meaning without one. */
    boolean draws() {
        return Stream.of(topK, topP, minP, typicalP).anyMatch(option -> option != null);
    }

    /**
     * @param otherwise the temperature where none was given
     */
    Sampling sampling(double otherwise) {
        try {
            return new Sampling(
                    logitBias,
                    repetitionPenalty,
                    frequencyPenalty,
                    presencePenalty,
                    temperature == null ? otherwise : temperature,
                    topK == null ? 0 : topK,
                    topP == null ? 1 : topP,
                    minP == null ? 0 : minP,
                    typicalP == null ? 1 : typicalP);
        } catch (IllegalArgumentException e) {
            throw new WrongUsage(String.valueOf(e.getMessage()));
        }
    }
}
