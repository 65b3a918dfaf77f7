package dev.loupe.app;

import dev.loupe.files.LocalModel;
import dev.loupe.generate.Sampling;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;

/** How tokens are drawn. The steps run in the order of these options. */
final class SamplingOptions implements OptionList.Shared {
    @Option(
            names = "--logit-bias",
            paramLabel = "ID=BIAS",
            split = ",",
            converter = {TokenId.class, Bias.class},
            description = "Added to the logit of a token; -inf forbids it. Repeatable.")
    private Map<Integer, Float> logitBias = new LinkedHashMap<>();

    @Option(
            names = "--repetition-penalty",
            paramLabel = "X",
            description =
                    "Makes tokens that are there already, in the prompt too, less likely. Default:"
                            + " 1, off.")
    private double repetitionPenalty = 1;

    @Option(
            names = "--frequency-penalty",
            paramLabel = "X",
            description = "Taken off a logit for each time its token was drawn. Default: 0, off.")
    private double frequencyPenalty;

    @Option(
            names = "--presence-penalty",
            paramLabel = "X",
            description = "Taken off a logit once its token was drawn. Default: 0, off.")
    private double presencePenalty;

    @Option(
            names = {"--temperature", "--temp"},
            paramLabel = "T",
            description =
                    "Below 1 sharpens, above 1 flattens; 0 takes the most likely token and leaves"
                            + " the steps below out.")
    private @Nullable Double temperature;

    @Option(
            names = "--top-k",
            paramLabel = "K",
            description = "The K most likely tokens stay. Default: 0, all.")
    private @Nullable Integer topK;

    @Option(
            names = "--top-p",
            paramLabel = "P",
            description =
                    "The fewest tokens stay that have probability P together. Default: 1, all.")
    private @Nullable Double topP;

    @Option(
            names = "--min-p",
            paramLabel = "P",
            description =
                    "Tokens stay that have P times the best one's probability. Default: 0, all.")
    private @Nullable Double minP;

    @Option(
            names = "--typical-p",
            paramLabel = "P",
            description =
                    "The most typical tokens stay that have probability P together. Default: 1,"
                            + " all.")
    private @Nullable Double typicalP;

    @Override
    public String heading() {
        return "Sampling, in the order in which the steps run";
    }

    /** A token id in {@code ID=BIAS}. */
    static final class TokenId implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String value) {
            try {
                return Integer.valueOf(value);
            } catch (NumberFormatException e) {
                throw new TypeConversionException("'" + value + "' is not a token id");
            }
        }
    }

    /** A number; infinity may be written as in Python. */
    static final class Bias implements ITypeConverter<Float> {
        @Override
        public Float convert(String value) {
            try {
                return value.equals("-inf") ? Float.NEGATIVE_INFINITY : Float.valueOf(value);
            } catch (NumberFormatException e) {
                throw new TypeConversionException("'" + value + "' is not a number");
            }
        }
    }

    /** Whether the person asked for a draw, by naming an option that has no meaning without one. */
    boolean draws() {
        return Stream.of(topK, topP, minP, typicalP).anyMatch(option -> option != null);
    }

    /**
     * Refuses biases of tokens that the model does not have.
     *
     * @throws UserException if there is one
     */
    void check(LocalModel model) {
        PromptOptions.checked(model, logitBias.keySet().stream().mapToInt(id -> id).toArray());
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
