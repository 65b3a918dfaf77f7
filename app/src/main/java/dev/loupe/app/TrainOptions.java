package dev.loupe.app;

import dev.loupe.train.Preset;
import dev.loupe.train.Recipe;
import dev.loupe.train.Schedule;
import dev.loupe.train.Settings;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.stream.Stream;

/** What to train, and how; what is not said is the preset's. */
final class TrainOptions {
    @Parameters(
            arity = "0..*",
            paramLabel = "DATA",
            description =
                    "Files of UTF-8 text, .jsonl files with a {\"text\"} a line, or folders of"
                            + " .txt, .text, .md and .jsonl files.")
    private List<Path> data = new ArrayList<>();

    @Option(
            names = "--skip-bad",
            description = "Pass over lines of .jsonl files that cannot be read.")
    private boolean skipBad;

    @Option(
            names = "--preset",
            paramLabel = "NAME",
            description =
                    "A shape and a recipe: nanogpt-cpu, gpt2-nano, gpt2-small or llama-nano."
                            + " Default: llama-nano.")
    private @Nullable String preset;

    @Option(
            names = "--tokenizer",
            paramLabel = "KIND",
            description =
                    "bpe, characters, bytes, or a folder with a tokenizer.json. Default: the"
                            + " preset's.")
    private @Nullable String tokenizer;

    @Option(
            names = "--vocab-size",
            paramLabel = "N",
            description = "Tokens of a BPE that is learned from the text. Default: 4096.")
    private @Nullable Integer vocabSize;

    @Mixin private ShapeOptions shape = new ShapeOptions();

    @Option(names = "--steps", paramLabel = "N", description = "Updates of the weights.")
    private @Nullable Long steps;

    @Option(names = "--batch", paramLabel = "N", description = "Windows of text at a time.")
    private @Nullable Integer batch;

    @Option(
            names = "--accumulate",
            paramLabel = "N",
            description = "Batches that make a step. Default: 1.")
    private @Nullable Integer accumulate;

    @Option(names = "--lr", paramLabel = "R", description = "The highest learning rate.")
    private @Nullable Double rate;

    @Option(
            names = "--min-lr",
            paramLabel = "R",
            description = "The learning rate at the end. Default: a tenth of the highest.")
    private @Nullable Double lowest;

    @Option(names = "--warmup", paramLabel = "N", description = "Steps until the highest rate.")
    private @Nullable Long warmUp;

    @Option(
            names = "--schedule",
            paramLabel = "KIND",
            description = "How the rate falls: cosine, wsd (at the end only) or constant.")
    private Schedule.@Nullable Kind schedule;

    @Option(names = "--weight-decay", paramLabel = "D", description = "Default: 0.1.")
    private @Nullable Float decay;

    @Option(
            names = "--clip",
            paramLabel = "C",
            description = "The largest norm of the gradients. Default: 1.")
    private @Nullable Float clip;

    @Option(names = "--dropout", paramLabel = "P", description = "Default: 0.")
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
            names = "--average",
            paramLabel = "A",
            description =
                    "Keep a running average of the weights, of which a part A stays at each step,"
                            + " and make it the model. Default: 0, none.")
    private @Nullable Double average;

    @Option(
            names = "--val",
            paramLabel = "PART",
            description = "Which part of the text, at its end, is held back. Default: 0.1.")
    private @Nullable Double validation;

    @Option(
            names = "--eval-every",
            paramLabel = "N",
            description = "Steps between two validations. Default: a twentieth of all.")
    private @Nullable Long evaluateEvery;

    @Option(
            names = "--eval-windows",
            paramLabel = "N",
            description = "Windows of a validation, at most. Default: 200.")
    private @Nullable Integer evaluateWindows;

    @Option(
            names = "--sample-every",
            paramLabel = "N",
            description = "Steps between two samples. Default: a tenth of all.")
    private @Nullable Long sampleEvery;

    @Option(
            names = "--sample-prompt",
            paramLabel = "TEXT",
            description = "What samples begin with. Default: a line feed.")
    private @Nullable String samplePrompt;

    @Option(
            names = "--checkpoint-every",
            paramLabel = "N",
            description = "Steps between two checkpoints. Default: a twentieth of all.")
    private @Nullable Long checkpointEvery;

    @Option(
            names = "--keep-checkpoints",
            paramLabel = "N",
            description =
                    "How many checkpoints stay, the last ones: those that the explorer can show."
                            + " Default: 2.")
    private @Nullable Integer checkpointsKept;

    @Option(
            names = "--checkpoint-type",
            paramLabel = "TYPE",
            description =
                    "f32, or bf16 for smaller files: the model's, and the optimiser's memory in"
                            + " checkpoints. Only f32 goes on to the same bits. Default: f32.")
    private @Nullable CheckpointType type;

    private enum CheckpointType {
        F32,
        BF16
    }

    /** Whether anything was said. */
    boolean given() {
        return !data.isEmpty()
                || skipBad
                || recompute
                || shape.given()
                || Stream.of(
                                preset,
                                tokenizer,
                                vocabSize,
                                steps,
                                batch,
                                accumulate,
                                rate,
                                lowest,
                                warmUp,
                                schedule,
                                decay,
                                clip,
                                dropout,
                                seed,
                                average,
                                validation,
                                evaluateEvery,
                                evaluateWindows,
                                sampleEvery,
                                samplePrompt,
                                checkpointEvery,
                                checkpointsKept,
                                type)
                        .anyMatch(Objects::nonNull);
    }

    Settings settings() {
        if (data.isEmpty()) {
            throw new WrongUsage("what shall it learn from? name files or folders of text");
        }
        if (checkpointsKept != null && checkpointsKept < 2) {
            throw new WrongUsage(
                    "--keep-checkpoints: found "
                            + checkpointsKept
                            + ", expected 2 or more: one may turn out to be damaged");
        }
        Preset base = base();
        long count = or(steps, base.steps());
        return new Settings(
                data.stream().map(p -> p.toAbsolutePath().normalize().toString()).toList(),
                skipBad,
                tokenizer(base),
                or(vocabSize, 4096),
                shape.architecture(base),
                recipe(base, count),
                or(validation, 0.1),
                or(evaluateEvery, Math.max(1, count / 20)),
                or(evaluateWindows, 200),
                or(sampleEvery, Math.max(1, count / 10)),
                or(samplePrompt, "\n"),
                or(checkpointEvery, Math.max(1, count / 20)),
                or(checkpointsKept, 2),
                type == CheckpointType.BF16);
    }

    private Preset base() {
        String name = or(preset, "llama-nano");
        return Arrays.stream(Preset.values())
                .filter(p -> p.label().equals(name.toLowerCase(Locale.ROOT)))
                .findFirst()
                .orElseThrow(() ->
                        new WrongUsage(
                                "--preset: found "
                                        + name
                                        + ", expected one of "
                                        + Preset.labels()));
    }

    private String tokenizer(Preset base) {
        if (tokenizer == null) {
            return base.tokens().name().toLowerCase(Locale.ROOT);
        }
        if (List.of("bpe", "characters", "bytes").contains(tokenizer)) {
            return tokenizer;
        }
        Path folder = Path.of(tokenizer);
        if (!Files.isRegularFile(folder.resolve("tokenizer.json"))) {
            throw new WrongUsage(
                    "--tokenizer: found "
                            + tokenizer
                            + ", expected bpe, characters, bytes, or a folder with a"
                            + " tokenizer.json");
        }
        return folder.toAbsolutePath().normalize().toString();
    }

    private Recipe recipe(Preset base, long count) {
        double highest = or(rate, base.rate());
        Schedule rates =
                new Schedule(
                        or(schedule, Schedule.Kind.COSINE),
                        highest,
                        or(lowest, highest / 10),
                        or(warmUp, Math.min(base.warmUp(), count / 10)),
                        count);
        return new Recipe(
                rates,
                or(batch, base.batch()),
                or(accumulate, 1),
                0.9f,
                (float) base.beta2(),
                or(decay, 0.1f),
                or(clip, 1f),
                or(dropout, 0f),
                or(seed, 1L),
                recompute,
                or(average, 0.0));
    }

    private static <T> T or(@Nullable T given, T otherwise) {
        return given == null ? otherwise : given;
    }
}
