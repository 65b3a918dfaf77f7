package dev.loupe.app;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.loupe.files.LocalModel;
import dev.loupe.generate.Generation;
import dev.loupe.generate.Generator;
import dev.loupe.generate.Request;
import dev.loupe.generate.Sampling;
import dev.loupe.generate.Token;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;

/** {@code loupe generate}: continues a prompt. */
@Command(
        name = "generate",
        description = "Continues a prompt, token after token.",
        footer = {
            "",
            "Without --temperature the most likely token is taken each time. With --top-k, --top-p,"
                + " --min-p, --typical-p, --seed or --samples tokens are drawn at temperature 1."
        })
final class Generate implements Callable<Integer> {
    private static final int INTERRUPTED = 130;

    /** A line between texts; programs that must not mistake a text's own take JSON. */
    private static final String BETWEEN = "----";

    @Mixin private PromptOptions prompt = new PromptOptions();
    @Mixin private SamplingOptions sampling = new SamplingOptions();
    @Mixin private ModelOptions model = new ModelOptions();

    @Option(
            names = {"-n", "--max-tokens"},
            paramLabel = "N",
            description = "Draw at most N tokens. Default: ${DEFAULT-VALUE}.")
    private int maxTokens = 128;

    @Option(
            names = {"-s", "--seed"},
            paramLabel = "S",
            description = "Same seed, same text; sample I has seed S + I. Default: any.")
    private @Nullable Long seed;

    @Option(
            names = "--stop",
            paramLabel = "TEXT",
            description = "End before this text. Can be given more than once.")
    private List<String> stop = new ArrayList<>();

    @Option(
            names = "--samples",
            paramLabel = "N",
            description = "Draw N continuations, side by side. Default: ${DEFAULT-VALUE}.")
    private int samples = 1;

    @Option(names = "--echo", description = "Print the prompt in front, too.")
    private boolean echo;

    @Option(names = "--ignore-eos", description = "Never draw an end-of-generation token.")
    private boolean ignoreEos;

    @Option(
            names = "--jsonl",
            description =
                    "Read one {\"prompt\": TEXT} or {\"ids\": [...]} a line from stdin, or from"
                            + " -f; print one JSON object a line.")
    private boolean jsonl;

    @Option(
            names = "--batch",
            paramLabel = "N",
            description = "How many texts grow side by side, at most. Default: ${DEFAULT-VALUE}.")
    private int batch = 8;

    @Option(names = "--json", description = "One JSON object.")
    private boolean json;

    @Override
    public Integer call() {
        check();
        prompt.check();
        String lines = jsonl ? jsonLines() : "";
        try (LocalModel loaded = model.load()) {
            sampling.check(loaded);
            if (!stop.isEmpty() || !(json || jsonl)) {
                ModelOptions.tokenizer(loaded);
            }
            List<Request> requests = jsonl ? requests(loaded, lines) : samples(loaded);
            Generator generator =
                    new Generator(
                            loaded.gpt(),
                            loaded.tokenizer().orElse(null),
                            loaded.endOfGeneration(),
                            loaded.processor(),
                            model.kvType());
            // not before: while the model loads or stdin is awaited, Ctrl-C ends the JVM at once
            Interrupts interrupts = new Interrupts(generator::cancel);
            try {
                List<Generation> done = run(loaded, generator, requests);
                System.out.flush();
                return done.stream().noneMatch(Generate::cancelled) ? 0 : INTERRUPTED;
            } finally {
                interrupts.close();
            }
        } catch (IllegalArgumentException e) {
            throw new UserException(String.valueOf(e.getMessage()), e);
        }
    }

    private static boolean cancelled(Generation generation) {
        return generation.reason() == Generation.FinishReason.CANCELLED;
    }

    private void check() {
        if (maxTokens < 0) {
            throw new WrongUsage("-n: found " + maxTokens + ", expected 0 or more");
        }
        if (samples < 1 || samples > 10_000) {
            throw new WrongUsage("--samples: found " + samples + ", expected 1 to 10000");
        }
        if (batch < 1 || batch > 1024) {
            throw new WrongUsage("--batch: found " + batch + ", expected 1 to 1024");
        }
        if (stop.stream().anyMatch(String::isEmpty)) {
            throw new WrongUsage("--stop: found an empty text, expected some");
        }
        if (jsonl && samples > 1) {
            throw new WrongUsage("--jsonl and --samples do not go together");
        }
        chosen();
    }

    private Sampling chosen() {
        boolean draws = seed != null || samples > 1 || sampling.draws();
        return sampling.sampling(draws ? 1 : 0);
    }

    private String jsonLines() {
        String text = prompt.given() ? prompt.text() : PromptOptions.stdin();
        if (text == null) {
            throw new WrongUsage("--jsonl and --ids do not go together");
        }
        return text;
    }

    private Request request(int[] ids, int number, long firstSeed) {
        return new Request(ids, chosen(), maxTokens, stop, ignoreEos, firstSeed + number);
    }

    private long firstSeed() {
        return seed != null ? seed : new SplittableRandom().nextLong(1L << 32);
    }

    /** The prompt, as often as it is to be continued. */
    private List<Request> samples(LocalModel loaded) {
        int[] ids = prompt.ids(loaded);
        long first = firstSeed();
        List<Request> requests = new ArrayList<>();
        for (int i = 0; i < samples; i++) {
            requests.add(request(ids, i, first));
        }
        return requests;
    }

    /** Generates and prints, token by token where there is one text. */
    private List<Generation> run(LocalModel loaded, Generator generator, List<Request> requests) {
        if (!json && !jsonl && samples == 1) {
            printEcho(loaded, requests.getFirst().prompt());
            List<Generation> done = generator.generate(requests, 1, Generate::print);
            System.out.println();
            return done;
        }
        List<Generation> done = generator.generate(requests, batch, token -> {});
        if (jsonl) {
            for (int i = 0; i < done.size(); i++) {
                Json.print(asJson(loaded, requests.get(i), done.get(i)));
            }
        } else if (json) {
            Json.print(asJson(loaded, requests, done));
        } else {
            printAll(loaded, done);
        }
        return done;
    }

    private void printAll(LocalModel loaded, List<Generation> done) {
        for (int i = 0; i < done.size(); i++) {
            if (i > 0) {
                System.out.println(BETWEEN);
            }
            printEcho(loaded, done.get(i).prompt());
            System.out.println(done.get(i).text());
        }
    }

    private void printEcho(LocalModel loaded, int[] ids) {
        if (echo) {
            System.out.print(ModelOptions.tokenizer(loaded).decode(ids));
        }
    }

    private static void print(Token token) {
        System.out.print(token.text());
        System.out.flush();
    }

    private ObjectNode asJson(LocalModel loaded, List<Request> requests, List<Generation> done) {
        if (done.size() == 1) {
            return asJson(loaded, requests.getFirst(), done.getFirst());
        }
        ObjectNode all = Json.object().put("model", loaded.path().toString());
        all.set("prompt_ids", Json.of(done.getFirst().prompt()));
        ArrayNode array = all.putArray("samples");
        for (int i = 0; i < done.size(); i++) {
            ObjectNode sample = asJson(loaded, requests.get(i), done.get(i));
            sample.remove(List.of("model", "prompt_ids"));
            array.add(sample);
        }
        return all;
    }

    private static ObjectNode asJson(LocalModel loaded, Request request, Generation done) {
        ObjectNode node = Json.object().put("model", loaded.path().toString());
        node.set("prompt_ids", Json.of(done.prompt()));
        node.set("ids", Json.of(done.ids()));
        node.put("text", loaded.tokenizer().isPresent() ? done.text() : null)
                .put("finish_reason", done.reason().name().toLowerCase(Locale.ROOT))
                .put("seed", request.seed());
        node.putObject("timings")
                .put("prompt_tokens", done.timings().promptTokens())
                .put("prompt_ms", done.timings().promptMillis())
                .put("predicted_tokens", done.timings().predictedTokens())
                .put("predicted_ms", done.timings().predictedMillis());
        return node;
    }

    /** A request for each line that is not blank. */
    private List<Request> requests(LocalModel loaded, String lines) {
        List<Request> requests = new ArrayList<>();
        long first = firstSeed();
        int number = 0;
        for (String line : lines.lines().toList()) {
            number++;
            if (!line.isBlank()) {
                requests.add(request(ids(loaded, line, number), requests.size(), first));
            }
        }
        return requests;
    }

    private int[] ids(LocalModel loaded, String line, int number) {
        JsonNode node = Json.line(line, number);
        JsonNode text = node.path("prompt");
        JsonNode ids = node.path("ids");
        if (text.isTextual()) {
            return PromptOptions.ids(loaded, text.textValue(), prompt.parseSpecial());
        }
        if (ids.isArray() && !ids.isEmpty()) {
            return PromptOptions.checked(loaded, Json.ids(ids, number));
        }
        throw new UserException(
                "line "
                        + number
                        + ": found no prompt, expected {\"prompt\": TEXT} or"
                        + " {\"ids\": [1, 2]}");
    }
}
