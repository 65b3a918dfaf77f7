package dev.loupe.bench;

import com.fasterxml.jackson.databind.JsonNode;

import dev.loupe.bench.Question.Bound;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What is compared, in the order of the table.
 *
 * @param python one that has PyTorch
 * @param java runs a class of this module with Loupe's flags
 */
record Trials(
        Models models,
        Path loupe,
        LlamaCpp llama,
        Optional<Path> python,
        List<String> java,
        int threads) {
    private static final String SPEED = "tokens/s";
    private static final Bound UNBOUNDED = new Bound.None();
    private static final String PROMPT = "The capital of France is";

    /** 1,841 tokens and a start token: most of a context of 2,048. */
    private static final String LONG_PROMPT = (PROMPT + " Paris. ").repeat(230);

    private static final Pattern MILLIS = Pattern.compile("eval time =\\s+([0-9.]+) ms");

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

    private interface Maker {
        Trial make(List<Question> asked) throws ChildFailedException, InterruptedException;
    }

    private record Case(List<Question> names, Maker maker) {}

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
        cases.add(together());
        cases.add(products());
        cases.add(firstToken());
        cases.add(memory("short prompt", PROMPT));
        cases.add(memory("prompt of 1,841 tokens", LONG_PROMPT));
        cases.add(load());
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
        List<String> command = new ArrayList<>(List.of(loupe.toString(), "bench", "--json"));
        return figures(rows, ran(command, model, lengths).path("rows"), "tokens_per_second");
    }

    private double[] llamaBench(Path model, Lengths lengths, int rows)
            throws ChildFailedException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(llama.bench().toString(), "-o", "json"));
        return figures(rows, ran(command, model, lengths), "avg_ts");
    }

    /** Both programs know these options by the same names. */
    private JsonNode ran(List<String> command, Path model, Lengths lengths)
            throws ChildFailedException, InterruptedException {
        command.addAll(List.of("-m", model.toString(), "-r", "1"));
        command.addAll(List.of("-t", String.valueOf(threads)));
        command.addAll(List.of("-p", String.valueOf(lengths.prompt)));
        command.addAll(List.of("-n", String.valueOf(lengths.generated)));
        command.addAll(List.of("-d", String.valueOf(lengths.depth)));
        return Child.run(command).json();
    }

    private static double[] figures(int expected, JsonNode array, String field)
            throws ChildFailedException {
        double[] figures = new double[array.size()];
        for (int i = 0; i < figures.length; i++) {
            figures[i] =
                    field.isEmpty() ? array.get(i).asDouble() : array.get(i).path(field).asDouble();
        }
        if (figures.length != expected) {
            throw new ChildFailedException(
                    "found " + figures.length + " figures, expected " + expected);
        }
        return figures;
    }

    private Case together() {
        Question question =
                new Question(
                        "Others",
                        "SmolLM2 Q8_0: eight sequences together, against one",
                        SPEED,
                        new Target.AtLeast(3.5),
                        UNBOUNDED);
        return new Case(
                List.of(question),
                asked -> {
                    String model = models.smollm2("Q8_0").toString();
                    return new Trial(
                            asked, () -> sequences(model, 8), () -> sequences(model, 1), "", false);
                });
    }

    private double[] sequences(String model, int count)
            throws ChildFailedException, InterruptedException {
        List<String> command = own(ManySequences.class, model, "" + threads, "" + count, "128");
        return new double[] {Child.run(command).json().path("tokens_per_second").asDouble()};
    }

    private Case products() {
        List<Question> questions =
                FloatProducts.SIZES.stream()
                        .map(n ->
                                new Question(
                                        "Others",
                                        "f32 product of %d x %d, against PyTorch".formatted(n, n),
                                        "GFLOPS",
                                        new Target.AtLeast(1.1),
                                        new Bound.Operations(1e9)))
                        .toList();
        int all = questions.size();
        // all sizes run, whichever were asked for: they take a second each
        return new Case(
                questions,
                asked ->
                        new Trial(
                                questions,
                                () ->
                                        figures(
                                                all,
                                                Child.run(own(FloatProducts.class, "" + threads))
                                                        .json(),
                                                ""),
                                python.isEmpty() ? null : () -> pytorch(all),
                                "no PyTorch: --python names a Python that has it",
                                false));
    }

    private double[] pytorch(int sizes) throws ChildFailedException, InterruptedException {
        Child child =
                Child.run(
                        python.orElseThrow().toString(),
                        "-c",
                        FloatProducts.PYTORCH,
                        String.valueOf(threads));
        return figures(sizes, child.json(), "");
    }

    private Case firstToken() {
        Question question =
                new Question(
                        "Others",
                        "SmolLM2 Q4_1: shell to first token",
                        "s",
                        new Target.AtMost(2.0),
                        UNBOUNDED);
        return new Case(
                List.of(question),
                asked -> {
                    Path model = models.smollm2("Q4_1");
                    return new Trial(
                            asked,
                            () -> new double[] {Child.run(generate(model, PROMPT)).seconds()},
                            () -> new double[] {Child.run(complete(model, PROMPT)).seconds()},
                            "",
                            true);
                });
    }

    private Case memory(String name, String prompt) {
        Question question =
                new Question(
                        "Others",
                        "SmolLM2 Q4_1: peak resident memory, context of 2,048, " + name,
                        "MB",
                        new Target.AtMost(1.25),
                        UNBOUNDED);
        return new Case(
                List.of(question),
                asked -> {
                    Path model = models.smollm2("Q4_1");
                    List<String> peer = new ArrayList<>(complete(model, prompt));
                    peer.addAll(List.of("-c", "2048"));
                    return new Trial(
                            asked,
                            () -> new double[] {Child.peakMegabytes(generate(model, prompt))},
                            () -> new double[] {Child.peakMegabytes(peer)},
                            "",
                            false);
                });
    }

    private Case load() {
        Question question =
                new Question(
                        "Others",
                        "1B shape Q4_K_M: load, program start included",
                        "s",
                        new Target.Within(1.5, "s"),
                        UNBOUNDED);
        return new Case(
                List.of(question),
                asked -> {
                    Path model = models.llama1b("Q4_K_M");
                    List<String> ours = new ArrayList<>(generate(model, PROMPT));
                    ours.add("--json");
                    return new Trial(
                            asked,
                            () -> new double[] {loupeLoad(Child.run(ours))},
                            () -> new double[] {llamaLoad(Child.run(complete(model, PROMPT)))},
                            "",
                            true);
                });
    }

    /** All of a run but its prompt and its token. */
    private static double loupeLoad(Child child) throws ChildFailedException {
        JsonNode timings = child.json().path("timings");
        double computed =
                timings.path("prompt_ms").asDouble() + timings.path("predicted_ms").asDouble();
        return child.seconds() - computed / 1e3;
    }

    private static double llamaLoad(Child child) {
        Matcher line = MILLIS.matcher(child.stderr());
        double computed = 0;
        while (line.find()) {
            computed += Double.parseDouble(line.group(1));
        }
        return child.seconds() - computed / 1e3;
    }

    private List<String> generate(Path model, String prompt) {
        return List.of(
                loupe.toString(),
                "generate",
                prompt,
                "-m",
                model.toString(),
                "-n",
                "1",
                "-t",
                String.valueOf(threads));
    }

    private List<String> complete(Path model, String prompt) {
        return List.of(
                llama.completion().toString(),
                "-no-cnv",
                "-p",
                prompt,
                "-m",
                model.toString(),
                "-n",
                "1",
                "-t",
                String.valueOf(threads));
    }

    private List<String> own(Class<?> main, String... arguments) {
        return Stream.of(java.stream(), Stream.of(main.getName()), Stream.of(arguments))
                .flatMap(part -> part)
                .toList();
    }

    /** The machine's limits, measured by a program of its own: it needs memory for a moment. */
    JsonNode limits() throws ChildFailedException, InterruptedException {
        return Child.run(own(Limits.class, String.valueOf(threads))).json();
    }

    /** What Loupe says of itself: the vectors that its kernels use. */
    String kernels() throws ChildFailedException, InterruptedException {
        JsonNode json =
                ran(
                        new ArrayList<>(List.of(loupe.toString(), "bench", "--json")),
                        models.smollm2("Q4_1"),
                        new Lengths(1, 0, 0));
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
