package dev.loupe.bench;

import com.fasterxml.jackson.databind.JsonNode;

import dev.loupe.bench.Question.Bound;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** What is compared, in the order of the table. */
record Trials(Models models, Commands commands) {
    private static final String SPEED = "tokens/s";
    private static final Bound UNBOUNDED = new Bound.None();

    /** The full names of all rows. */
    Stream<String> names() {
        return cases().stream().flatMap(each -> each.names.stream()).map(Question::fullName);
    }

    /** Those with a row whose name the pattern finds. Models that they need are made now. */
    List<Trial> matching(Pattern only) throws ChildFailedException, InterruptedException {
        List<Trial> trials = new ArrayList<>();
        for (Case each : cases()) {
            List<Question> asked =
                    each.names.stream().filter(q -> only.matcher(q.fullName()).find()).toList();
            if (!asked.isEmpty()) {
                trials.add(each.maker.make(asked));
            }
        }
        return trials;
    }

    /** Makes the models that some rows need, and says how to measure them. */
    interface Maker {
        Trial make(List<Question> asked) throws ChildFailedException, InterruptedException;
    }

    /** Rows that one trial measures, or some of them. */
    record Case(List<Question> names, Maker maker) {}

    private List<Case> cases() {
        List<Case> cases = new ArrayList<>();
        for (String type : List.of("Q4_1", "Q5_1", "Q8_0", "Q4_0", "Q4_K_M", "F16", "BF16")) {
            cases.add(small(type));
        }
        for (String type : List.of("Q8_0", "Q4_1")) {
            cases.add(
                    speed(
                            "SmolLM2 after 4,096 tokens",
                            type,
                            () -> models.smollm2(type),
                            new Lengths(512, 128, 4096),
                            new Target.AtLeast(1.4),
                            new Target.AtLeast(1.8)));
        }
        for (String type :
                List.of("F16", "Q8_0", "Q4_1", "Q5_1", "Q4_0", "Q4_K_M", "Q5_K_M", "Q6_K")) {
            cases.add(large(type));
        }
        cases.addAll(new OtherTrials(models, commands).cases());
        return cases;
    }

    private Case small(String type) {
        boolean offset = type.equals("Q4_1") || type.equals("Q5_1");
        Target decode =
                switch (type) {
                    case "Q8_0" -> new Target.AtLeast(1.2);
                    case "F16", "BF16" ->
                            new Target.Either(new Target.AtLeast(1.05), new Target.Share(0.9));
                    default -> new Target.AtLeast(1.4);
                };
        return speed(
                "SmolLM2",
                type,
                () -> models.smollm2(type),
                new Lengths(512, 128, 0),
                new Target.AtLeast(offset ? 2.0 : 1.1),
                decode);
    }

    private Case large(String type) {
        boolean offset = type.equals("Q4_1") || type.equals("Q5_1");
        Target prefill =
                switch (type) {
                    case "F16" -> new Target.AtLeast(1.0);
                    case "Q8_0" -> new Target.AtLeast(0.9);
                    default -> offset ? new Target.AtLeast(2.0) : new Target.Share(0.85);
                };
        return speed(
                "1B shape",
                type,
                () -> models.llama1b(type),
                new Lengths(256, 32, 0),
                prefill,
                offset
                        ? new Target.AtLeast(1.3)
                        : new Target.Either(new Target.AtLeast(1.0), new Target.Share(0.9)));
    }

    private interface Model {
        Path get() throws ChildFailedException, InterruptedException;
    }

    private record Lengths(int prompt, int generated, int depth) {}

    /** Prefill and decode of one model, in one process a run. */
    private Case speed(
            String group,
            String type,
            Model model,
            Lengths lengths,
            Target prefillTarget,
            Target decodeTarget) {
        String prefill = "pp" + lengths.prompt + " " + type;
        String decode = "tg" + lengths.generated + " " + type;
        return new Case(
                List.of(
                        new Question(group, prefill, SPEED, prefillTarget, UNBOUNDED),
                        new Question(group, decode, SPEED, decodeTarget, UNBOUNDED)),
                asked -> {
                    Path file = model.get();
                    WeightTally tally = WeightTally.of(file);
                    List<Question> bounded =
                            asked.stream()
                                    .map(q -> bounded(q, q.name().equals(prefill), tally))
                                    .toList();
                    Lengths some =
                            new Lengths(
                                    contains(asked, prefill) ? lengths.prompt : 0,
                                    contains(asked, decode) ? lengths.generated : 0,
                                    lengths.depth);
                    return new Trial(
                            bounded,
                            () -> loupeBench(file, some, asked.size()),
                            () -> llamaBench(file, some, asked.size()),
                            "",
                            false);
                });
    }

    private static boolean contains(List<Question> asked, String name) {
        return asked.stream().anyMatch(q -> q.name().equals(name));
    }

    private static Question bounded(Question q, boolean prefill, WeightTally tally) {
        Bound bound =
                prefill
                        ? new Bound.Operations(2.0 * tally.blockWeights())
                        : new Bound.BytesRead(tally.bytes());
        return new Question(q.group(), q.name(), q.unit(), q.target(), bound);
    }

    private double[] loupeBench(Path model, Lengths lengths, int rows)
            throws ChildFailedException, InterruptedException {
        JsonNode json = ran(commands.loupeBench(), model, lengths);
        return Child.figures(rows, json.path("rows"), "tokens_per_second");
    }

    private double[] llamaBench(Path model, Lengths lengths, int rows)
            throws ChildFailedException, InterruptedException {
        return Child.figures(rows, ran(commands.llamaBench(), model, lengths), "avg_ts");
    }

    /** Both programs know these options by the same names. */
    private JsonNode ran(List<String> program, Path model, Lengths lengths)
            throws ChildFailedException, InterruptedException {
        List<String> command = new ArrayList<>(program);
        command.addAll(List.of("-m", model.toString(), "-r", "1"));
        command.addAll(List.of("-t", String.valueOf(commands.threads())));
        command.addAll(List.of("-p", String.valueOf(lengths.prompt)));
        command.addAll(List.of("-n", String.valueOf(lengths.generated)));
        command.addAll(List.of("-d", String.valueOf(lengths.depth)));
        return Child.run(command).json();
    }

    /** The machine's limits, measured by a program of its own: it needs memory for a moment. */
    JsonNode limits() throws ChildFailedException, InterruptedException {
        return Child.run(commands.own(Limits.class, String.valueOf(commands.threads()))).json();
    }

    /** What Loupe says of itself: the vectors that its kernels use. */
    String kernels() throws ChildFailedException, InterruptedException {
        JsonNode json = ran(commands.loupeBench(), models.smollm2("Q4_1"), new Lengths(1, 0, 0));
        return json.path("kernels").asText();
    }

    /** The processor's name, where the system says it. */
    static String processorName() {
        try {
            return Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
                    .filter(line -> line.startsWith("model name"))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst()
                    .orElse("unknown processor");
        } catch (IOException e) {
            return System.getProperty("os.arch", "unknown processor");
        }
    }
}
