package dev.loupe.bench;

import com.fasterxml.jackson.databind.JsonNode;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Measures Loupe beside llama.cpp on this machine, and prints a table. */
@Command(
        name = "compare",
        description = "Measures Loupe beside llama.cpp, taking turns, and prints a table.",
        footer = {
            "",
            "Models that are missing are made in the cache, about 11 GB. All rows take an hour or"
                    + " more; Control-C prints what was measured so far. Nothing else should run."
        })
final class Compare implements Callable<Integer> {
    @Parameters(
            index = "0",
            paramLabel = "LLAMA_CPP",
            description = "A build of llama.cpp: llama-bench is there or in its bin/.")
    private Path llama = Path.of("");

    @Parameters(
            index = "1",
            paramLabel = "SMOLLM2",
            description =
                    "SmolLM2-135M: a GGUF file, a Hugging Face folder, or a folder of files such as"
                            + " Q4_1.gguf, F16.gguf.")
    private Path smollm2 = Path.of("");

    @Option(
            names = "-t",
            paramLabel = "N",
            description = "Threads of both. Default: ${DEFAULT-VALUE}.")
    private int threads = 2;

    @Option(
            names = "-r",
            paramLabel = "N",
            description = "Runs of each. Default: ${DEFAULT-VALUE}.")
    private int repetitions = 5;

    @Option(
            names = "--only",
            paramLabel = "REGEX",
            description = "Rows whose heading and name it finds, such as 'SmolLM2 tg128'.")
    private Pattern only = Pattern.compile("");

    @Option(
            names = "--cache",
            paramLabel = "DIR",
            description = "Where models are kept. Default: ~/.cache/loupe-bench.")
    private Path cache = Path.of(System.getProperty("user.home"), ".cache", "loupe-bench");

    @Option(
            names = "--python",
            paramLabel = "PROGRAM",
            description = "A Python that has PyTorch, for the f32 product.")
    private Optional<Path> python = Optional.empty();

    @Option(names = "--list", description = "Only name the rows.")
    private boolean list;

    private final AtomicBoolean printed = new AtomicBoolean();

    public static void main(String[] args) {
        System.exit(CommandStart.execute(new Compare(), args));
    }

    @Override
    public Integer call() throws InterruptedException {
        Path loupe = Path.of(System.getProperty("loupe.root", "."), "loupe").toAbsolutePath();
        if (threads < 1 || repetitions < 1) {
            System.err.println("compare: -t and -r take 1 or more");
            return CommandLine.ExitCode.USAGE;
        }
        try {
            LlamaCpp peer = LlamaCpp.in(llama);
            Models models = new Models(smollm2.toAbsolutePath(), cache, loupe, peer, threads);
            Trials trials = new Trials(models, new Commands(loupe, peer, python, java(), threads));
            if (list) {
                trials.names().filter(only.asPredicate()).forEach(System.out::println);
                return CommandLine.ExitCode.OK;
            }
            measure(trials, peer, models);
            return CommandLine.ExitCode.OK;
        } catch (IllegalArgumentException e) {
            System.err.println("compare: " + e.getMessage());
            return CommandLine.ExitCode.USAGE;
        } catch (ChildFailedException e) {
            System.err.println("compare: " + e.getMessage());
            return CommandLine.ExitCode.SOFTWARE;
        }
    }

    private void measure(Trials trials, LlamaCpp peer, Models models)
            throws ChildFailedException, InterruptedException {
        Report report = new Report(threads);
        Runtime.getRuntime()
                .addShutdownHook(
                        new Thread(() -> {
                            Child.stop();
                            print(report);
                        }));
        List<Trial> chosen = trials.matching(only);
        if (chosen.isEmpty()) {
            throw new IllegalArgumentException("no row matches --only; --list names them");
        }
        describe(report, trials, peer.build(models.smollm2("Q4_1")));
        limits(report, trials);
        for (int i = 0; i < chosen.size(); i++) {
            Trial.Figures figures = new Trial.Figures(chosen.get(i));
            report.add(figures);
            int number = i + 1;
            chosen.get(i)
                    .run(
                            repetitions,
                            figures,
                            (trial, repetition, ours, found) ->
                                    System.err.printf(
                                            "[%d/%d] %s, run %d: %s %s%n",
                                            number,
                                            chosen.size(),
                                            trial.questions().getFirst().fullName(),
                                            repetition + 1,
                                            ours ? "Loupe" : "other",
                                            numbers(found)));
            if (!figures.failure().isEmpty()) {
                System.err.println("compare: " + figures.failure());
            }
            limits(report, trials);
        }
        report.note("load average at the end: " + load());
        print(report);
    }

    /** Once, whether this ends by itself or is interrupted. */
    private void print(Report report) {
        if (!printed.getAndSet(true)) {
            System.out.print(report.markdown());
            System.out.flush();
        }
    }

    private void describe(Report report, Trials trials, String build)
            throws ChildFailedException, InterruptedException {
        report.note(
                LocalDate.now(ZoneId.systemDefault())
                        + ", "
                        + Trials.processorName()
                        + ", "
                        + processors());
        report.note("Loupe's kernels: " + trials.kernels() + "; JDK " + Runtime.version());
        report.note("llama.cpp: " + build);
        report.note(
                "threads: %d; medians of runs that took turns: %d".formatted(threads, repetitions));
        report.note("load average at the start: " + load());
    }

    private static String processors() {
        return Runtime.getRuntime().availableProcessors() + " processors";
    }

    private static String load() {
        return Report.number(ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage());
    }

    private static void limits(Report report, Trials trials)
            throws ChildFailedException, InterruptedException {
        JsonNode found = trials.limits();
        report.limits(
                found.path("fma").path(0).asDouble(),
                found.path("fma").path(1).asDouble(),
                found.path("read").path(0).asDouble(),
                found.path("read").path(1).asDouble());
        System.err.println("limits: " + found);
    }

    private static String numbers(double[] figures) {
        return Arrays.stream(figures).mapToObj(Report::number).collect(Collectors.joining(", "));
    }

    /** How this was started, for other classes of this module. */
    private static List<String> java() {
        return List.of(
                ProcessHandle.current().info().command().orElse("java"),
                "-XX:+UseSerialGC",
                // the limit of reading is the memory's, not that of looking up its pages
                "-XX:+UseTransparentHugePages",
                "-XX:MaxRAMPercentage=80",
                "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-Djdk.incubator.vector.VECTOR_ACCESS_OOB_CHECK=0",
                "-cp",
                System.getProperty("java.class.path"));
    }
}
