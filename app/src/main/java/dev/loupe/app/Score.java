package dev.loupe.app;

import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.loupe.files.LocalModel;
import dev.loupe.kernels.Tensor;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** {@code loupe score}: how well a model expects a text. */
@Command(
        name = "score",
        description = "Says how probable a model finds a text: its mean surprise and perplexity.",
        footer = {
            "",
            "The first token is given, not scored. A text longer than the context is cut into"
                    + " pieces of that length, each scored by itself. Logarithms are natural."
        })
final class Score implements Runnable {
    @Mixin private Instead instead = new Instead();
    @Mixin private ModelOptions model = new ModelOptions();

    @Parameters(
            arity = "0..1",
            paramLabel = "FILE",
            description = "The file to read; - reads stdin.")
    private @Nullable Path file;

    @Option(
            names = {"-c", "--context"},
            paramLabel = "N",
            description = "Length of the pieces, in tokens. Default: the model's context.")
    private int context;

    @Option(names = "--json", description = "One JSON object.")
    private boolean json;

    /** What may stand instead of the argument, and how it is read. */
    static final class Instead implements OptionList.Shared {
        @Option(
                names = {"-f", "--file"},
                paramLabel = "FILE",
                description = "The same, as other commands have it.")
        private @Nullable Path file;

        @Option(names = "--text", paramLabel = "TEXT", description = "The text itself.")
        private @Nullable String text;

        @Option(
                names = "--ids",
                paramLabel = "ID,...",
                description = "Token ids instead of a text; nothing is added to them.")
        private @Nullable String ids;

        @Option(
                names = "--parse-special",
                description =
                        "Names of control tokens in the text, such as <|im_start|>, become them.")
        private boolean parseSpecial;

        @Override
        public String heading() {
            return "Text";
        }
    }

    @Override
    public void run() {
        if (Stream.of(file, instead.file, instead.text, instead.ids)
                        .filter(source -> source != null)
                        .count()
                != 1) {
            throw new WrongUsage(
                    "which text? give one of FILE, - for stdin, --text TEXT or --ids 1,2,3");
        }
        if (context < 0 || context == 1) {
            throw new WrongUsage("--context: found " + context + ", expected at least 2");
        }
        try (LocalModel loaded = model.load()) {
            int[] ids = ids(loaded);
            List<Double> logprobs = new ArrayList<>();
            int length = length(loaded);
            for (int from = 0; from < ids.length; from += length) {
                int[] piece = Arrays.copyOfRange(ids, from, Math.min(ids.length, from + length));
                score(loaded, piece, logprobs);
                Progress.show("score", from + piece.length, ids.length);
            }
            Progress.end();
            if (logprobs.isEmpty()) {
                throw new UserException(
                        "the text has " + ids.length + " token, and a score needs at least 2");
            }
            report(loaded, ids, logprobs);
        }
    }

    private int[] ids(LocalModel loaded) {
        if (instead.ids != null) {
            return PromptOptions.checked(loaded, PromptOptions.parse("--ids", instead.ids));
        }
        return PromptOptions.ids(loaded, text(), instead.parseSpecial);
    }

    private String text() {
        if (instead.text != null) {
            return instead.text;
        }
        Path path = file == null ? instead.file : file;
        return path == null || path.equals(Path.of("-"))
                ? PromptOptions.stdin()
                : PromptOptions.read(path);
    }

    private int length(LocalModel loaded) {
        int nCtx = loaded.gpt().config().nCtx();
        if (context > nCtx) {
            throw new UserException("--context: found " + context + ", expected 2 to " + nCtx);
        }
        return context == 0 ? nCtx : context;
    }

    private void score(LocalModel loaded, int[] ids, List<Double> logprobs) {
        Reading reading = new Reading(loaded, model.kvType(), ids);
        for (int position = 0; position + 1 < ids.length; position++) {
            logprobs.add(logprob(reading.at(position), ids[position + 1]));
        }
    }

    private static double logprob(Tensor logits, int id) {
        int from = logits.row(0);
        double max = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < logits.cols(); i++) {
            max = Math.max(max, logits.data()[from + i]);
        }
        double sum = 0;
        for (int i = 0; i < logits.cols(); i++) {
            sum += Math.exp(logits.data()[from + i] - max);
        }
        return logits.data()[from + id] - max - Math.log(sum);
    }

    private void report(LocalModel loaded, int[] ids, List<Double> logprobs) {
        double mean = -logprobs.stream().mapToDouble(d -> d).average().orElse(0);
        if (json) {
            ObjectNode node = Json.object().put("model", loaded.path().toString());
            node.put("tokens", ids.length).put("mean_nll", mean).put("perplexity", Math.exp(mean));
            node.set("logprobs", Json.of(logprobs));
            Json.print(node);
        } else {
            System.out.printf(
                    "%d tokens, mean surprise %.4f nats, perplexity %.4f%n",
                    ids.length, mean, Math.exp(mean));
        }
    }
}
