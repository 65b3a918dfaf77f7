package dev.loupe.bench;

import com.fasterxml.jackson.databind.JsonNode;

import dev.loupe.bench.Question.Bound;
import dev.loupe.bench.Trials.Case;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What is compared besides the speed of each type. */
record OtherTrials(Models models, Commands commands) {
    private static final String PROMPT = "The capital of France is";

    /** 1,961 tokens of SmolLM2: most of a context of 2,048. */
    private static final String LONG_PROMPT = (PROMPT + " Paris. ").repeat(280);

    private static final Pattern MILLIS = Pattern.compile("eval time =\\s+([0-9.]+) ms");

    List<Case> cases() {
        return List.of(
                together(),
                products(),
                firstToken(),
                memory("short prompt", PROMPT),
                memory("prompt of 1,961 tokens", LONG_PROMPT),
                load());
    }

    private Case together() {
        Question question =
                new Question(
                        "Others",
                        "SmolLM2 Q8_0: eight sequences together, against one",
                        "tokens/s",
                        new Target.AtLeast(3.5),
                        new Bound.None());
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
        List<String> command =
                commands.own(
                        ManySequences.class, model, "" + commands.threads(), "" + count, "128");
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
                                        Child.figures(
                                                all,
                                                Child.run(
                                                                commands.own(
                                                                        FloatProducts.class,
                                                                        "" + commands.threads()))
                                                        .json(),
                                                ""),
                                commands.python().isEmpty() ? null : () -> pytorch(all),
                                "no PyTorch: --python names a Python that has it",
                                false));
    }

    private double[] pytorch(int sizes) throws ChildFailedException, InterruptedException {
        Child child =
                Child.run(
                        commands.python().orElseThrow().toString(),
                        "-c",
                        FloatProducts.PYTORCH,
                        String.valueOf(commands.threads()));
        return Child.figures(sizes, child.json(), "");
    }

    private Case firstToken() {
        Question question =
                new Question(
                        "Others",
                        "SmolLM2 Q4_1: shell to first token",
                        "s",
                        new Target.AtMost(2.0),
                        new Bound.None());
        return new Case(
                List.of(question),
                asked -> {
                    Path model = models.smollm2("Q4_1");
                    return new Trial(
                            asked,
                            () ->
                                    new double[] {
                                        Child.run(commands.generate(model, PROMPT)).seconds()
                                    },
                            () ->
                                    new double[] {
                                        Child.run(commands.complete(model, PROMPT)).seconds()
                                    },
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
                        new Bound.None());
        return new Case(
                List.of(question),
                asked -> {
                    Path model = models.smollm2("Q4_1");
                    List<String> peer = new ArrayList<>(commands.complete(model, prompt));
                    peer.addAll(List.of("-c", "2048"));
                    return new Trial(
                            asked,
                            () ->
                                    new double[] {
                                        Child.peakMegabytes(commands.generate(model, prompt))
                                    },
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
                        new Bound.None());
        return new Case(
                List.of(question),
                asked -> {
                    Path model = models.llama1b("Q4_K_M");
                    List<String> ours = new ArrayList<>(commands.generate(model, PROMPT));
                    ours.add("--json");
                    return new Trial(
                            asked,
                            () -> new double[] {loupeLoad(Child.run(ours))},
                            () ->
                                    new double[] {
                                        llamaLoad(Child.run(commands.complete(model, PROMPT)))
                                    },
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
}
