package dev.loupe.app;

import dev.loupe.files.store.ModelStore;
import dev.loupe.train.LoraSettings;
import dev.loupe.train.Recipe;
import dev.loupe.train.Schedule;
import dev.loupe.train.TuneSettings;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/** What to fine-tune, on what, and how. */
final class TuneOptions {
    @Parameters(
            index = "0",
            arity = "0..1",
            paramLabel = "MODEL",
            description = "A .gguf file, a folder with config.json, or the name of a pulled model.")
    private @Nullable String model;

    @Parameters(
            index = "1..*",
            arity = "0..*",
            paramLabel = "DATA",
            description =
                    "Text, as `train` takes it, or .jsonl files of examples: {\"prompt\": TEXT,"
                        + " \"completion\": TEXT} or {\"messages\": [{\"role\", \"content\"}, ...]}"
                        + " a line.")
    private List<Path> data = new ArrayList<>();

    @Option(
            names = "--skip-bad",
            description = "Pass over lines of .jsonl files that cannot be used, and count them.")
    private boolean skipBad;

    @Option(
            names = "--lora",
            paramLabel = "SETTINGS",
            description =
                    "Train adapters in place of the weights: r=16,alpha=32, and dropout=0.05 and"
                            + " targets=q,v where wanted. Targets are q, k, v, o, gate, up and down"
                            + " (qkv where a family has them in one). Default: all.")
    private @Nullable String lora;

    @Option(
            names = "--epochs",
            paramLabel = "N",
            description = "Times through the data. Default: 3.")
    private @Nullable Double epochs;

    @Option(names = "--steps", paramLabel = "N", description = "Updates, in place of epochs.")
    private @Nullable Long steps;

    @Option(
            names = "--batch",
            paramLabel = "N",
            description = "Examples, or windows of text, of a step. Default: 8.")
    private @Nullable Integer batch;

    @Option(
            names = "--accumulate",
            paramLabel = "N",
            description = "So many batches make a step. Default: 1.")
    private @Nullable Integer accumulate;

    @Option(
            names = "--context",
            paramLabel = "N",
            description =
                    "Tokens of a window of text, or of an example at most. Default: 512 or 1024.")
    private @Nullable Integer context;

    @Option(
            names = "--pack",
            paramLabel = "N",
            description =
                    "Tokens of examples that go through the model at once: it changes memory and"
                            + " speed, not the result. Default: 1024.")
    private @Nullable Integer pack;

    @Option(
            names = "--lr",
            paramLabel = "R",
            description = "The highest learning rate. Default: 5e-5, of adapters 5e-4.")
    private @Nullable Double rate;

    @Option(
            names = "--min-lr",
            paramLabel = "R",
            description = "The learning rate at the end. Default: a tenth of the highest.")
    private @Nullable Double lowest;

    @Option(
            names = "--warmup",
            paramLabel = "N",
            description = "Steps until the highest rate. Default: a tenth of all, 100 at most.")
    private @Nullable Long warmUp;

    @Option(
            names = "--schedule",
            paramLabel = "KIND",
            description = "How the rate falls: cosine, wsd (at the end only) or constant.")
    private Schedule.@Nullable Kind schedule;

    @Option(
            names = "--weight-decay",
            paramLabel = "D",
            description = "Default: 0.01, of adapters 0.")
    private @Nullable Float decay;

    @Option(
            names = "--clip",
            paramLabel = "C",
            description = "The largest norm of the gradients. Default: 1.")
    private @Nullable Float clip;

    @Option(names = "--dropout", paramLabel = "P", description = "With full weights. Default: 0.")
    private @Nullable Float dropout;

    @Option(
            names = {"-s", "--seed"},
            paramLabel = "S",
            description = "Same seed and data, same weights. Default: 1.")
    private @Nullable Long seed;

    @Option(
            names = "--recompute",
            description = "Take less memory and a third more time: compute blocks twice.")
    private boolean recompute;

    @Option(
            names = "--val",
            paramLabel = "PART",
            description =
                    "Which part is held back: of text its end, of examples every tenth, say."
                            + " Default: 0.1.")
    private @Nullable Double validation;

    @Option(
            names = "--eval-every",
            paramLabel = "N",
            description = "Steps between two validations. Default: a tenth of all.")
    private @Nullable Long evaluateEvery;

    @Option(
            names = "--eval-most",
            paramLabel = "N",
            description = "Windows or examples of a validation, at most. Default: 200.")
    private @Nullable Integer evaluateMost;

    @Option(
            names = "--sample-every",
            paramLabel = "N",
            description = "Steps between two samples. Default: a third of all.")
    private @Nullable Long sampleEvery;

    @Option(
            names = "--sample-prompt",
            paramLabel = "TEXT",
            description =
                    "What samples begin with, or a user says. Default: an example's, or a line"
                            + " feed.")
    private @Nullable String samplePrompt;

    @Option(
            names = "--checkpoint-every",
            paramLabel = "N",
            description = "Steps between two checkpoints. Default: a tenth of all.")
    private @Nullable Long checkpointEvery;

    /** Whether anything was said. */
    boolean given() {
        return !data.isEmpty()
                || skipBad
                || recompute
                || Stream.of(
                                model,
                                lora,
                                epochs,
                                steps,
                                batch,
                                accumulate,
                                context,
                                pack,
                                rate,
                                lowest,
                                warmUp,
                                schedule,
                                decay,
                                clip,
                                dropout,
                                seed,
                                validation,
                                evaluateEvery,
                                evaluateMost,
                                sampleEvery,
                                samplePrompt,
                                checkpointEvery)
                        .anyMatch(Objects::nonNull);
    }

    /** What follows from the model and the data is left open. */
    TuneSettings settings() {
        if (model == null || data.isEmpty()) {
            throw new WrongUsage(
                    "which model shall learn from what? loupe finetune MODEL DATA -o DIR");
        }
        if (epochs != null && steps != null) {
            throw new WrongUsage("--epochs and --steps say the same; leave one out");
        }
        if (epochs != null && !(epochs > 0)) {
            throw new WrongUsage("--epochs: found " + epochs + ", expected more than 0");
        }
        LoraSettings adapters = lora == null ? null : LoraText.parse(lora);
        if (adapters != null && dropout != null) {
            throw new WrongUsage("--dropout is for full weights; say --lora dropout=" + dropout);
        }
        Path base = ModelStore.ofEnvironment().require(model);
        return new TuneSettings(
                base.toAbsolutePath().normalize().toString(),
                data.stream().map(p -> p.toAbsolutePath().normalize().toString()).toList(),
                skipBad,
                adapters,
                or(context, 0),
                or(pack, 1024),
                recipe(adapters),
                steps == null ? or(epochs, 3.0) : 0,
                or(validation, 0.1),
                or(evaluateEvery, 0L),
                or(evaluateMost, 200),
                or(sampleEvery, 0L),
                samplePrompt,
                or(checkpointEvery, 0L));
    }

    private Recipe recipe(@Nullable LoraSettings adapters) {
        double highest = or(rate, adapters == null ? 5e-5 : 5e-4);
        Schedule rates =
                new Schedule(
                        or(schedule, Schedule.Kind.COSINE),
                        highest,
                        or(lowest, highest / 10),
                        or(warmUp, -1L),
                        or(steps, 1L));
        return new Recipe(
                rates,
                or(batch, 8),
                or(accumulate, 1),
                0.9f,
                0.999f,
                or(decay, adapters == null ? 0.01f : 0f),
                or(clip, 1f),
                adapters == null ? or(dropout, 0f) : adapters.dropout(),
                or(seed, 1L),
                recompute,
                0);
    }

    private static <T> T or(@Nullable T given, T otherwise) {
        return given == null ? otherwise : given;
    }
}
