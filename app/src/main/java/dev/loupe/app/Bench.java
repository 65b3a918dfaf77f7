package dev.loupe.app;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.loupe.files.LocalModel;
import dev.loupe.kernels.WarmUp;
import dev.loupe.model.Batch;
import dev.loupe.model.Gpt;
import dev.loupe.model.Inference;
import dev.loupe.model.KvCache;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;

/** {@code loupe bench}: how fast a model runs here. */
@Command(
        name = "bench",
        description = "Measures how fast a model reads prompts and generates, in tokens a second.",
        footer = {
            "",
            "Tests are named as llama-bench names them: pp512 reads 512 tokens, tg128 generates 128"
                + " one by one, @ d4096 after 4096 others. Each runs unmeasured first, until its"
                + " code is compiled and runs get no faster."
        })
final class Bench implements Runnable {
    private static final int PIECE = 512;

    @Mixin private ModelOptions model = new ModelOptions();

    @Option(
            names = "-p",
            paramLabel = "N",
            description = "Read so many prompt tokens; 0: none. Default: ${DEFAULT-VALUE}.")
    private int prompt = 512;

    @Option(
            names = "-n",
            paramLabel = "N",
            description = "Generate so many tokens; 0: none. Default: ${DEFAULT-VALUE}.")
    private int generated = 128;

    @Option(
            names = "-r",
            paramLabel = "N",
            description = "Repeat each test so often. Default: ${DEFAULT-VALUE}.")
    private int repetitions = 5;

    @Option(
            names = {"-d", "--depth"},
            paramLabel = "N",
            description = "Tokens that were read before, not timed. Default: ${DEFAULT-VALUE}.")
    private int depth;

    @Option(names = "--json", description = "One JSON object.")
    private boolean json;

    private record Row(String test, double mean, double deviation) {}

    @Override
    public void run() {
        if (prompt < 0 || generated < 0 || depth < 0 || repetitions < 1) {
            throw new WrongUsage("bench takes lengths of 0 or more, and at least 1 repetition");
        }
        try (LocalModel loaded = model.load()) {
            int nCtx = loaded.gpt().config().nCtx();
            long most = (long) depth + Math.max(prompt, generated);
            if (most > nCtx) {
                throw new UserException(most + " tokens do not fit the model's context of " + nCtx);
            }
            List<Row> rows = new ArrayList<>();
            if (prompt > 0) {
                rows.add(measure(loaded, "pp" + prompt, false, prompt));
            }
            if (generated > 0) {
                rows.add(measure(loaded, "tg" + generated, true, generated));
            }
            report(loaded, rows);
        }
    }

    private Row measure(LocalModel loaded, String test, boolean drawn, int tokens) {
        double[] rates = new double[repetitions];
        Progress.show(test, 0, repetitions);
        // its room for activations is made once, as in a generator
        Inference ops = new Inference(loaded.processor());
        WarmUp.untilSteady(loaded.processor().kernels(), () -> once(loaded, ops, drawn, tokens));
        for (int i = 0; i < repetitions; i++) {
            rates[i] = once(loaded, ops, drawn, tokens);
            Progress.show(test, i + 1, repetitions);
        }
        Progress.end();
        double mean = Arrays.stream(rates).average().orElse(0);
        double squares = Arrays.stream(rates).map(r -> (r - mean) * (r - mean)).sum();
        double deviation = repetitions > 1 ? Math.sqrt(squares / (repetitions - 1)) : 0;
        return new Row(depth > 0 ? test + " @ d" + depth : test, mean, deviation);
    }

    /** Tokens a second. */
    private double once(LocalModel loaded, Inference ops, boolean drawn, int tokens) {
        Gpt gpt = loaded.gpt();
        KvCache cache = new KvCache(gpt.config(), model.kvType());
        SplittableRandom random = new SplittableRandom(1);
        read(gpt, ops, cache, depth, random);
        long start = System.nanoTime();
        if (drawn) {
            for (int i = 0; i < tokens; i++) {
                int id = random.nextInt(gpt.config().vocabSize());
                Batch batch = new Batch(new Batch.Part(cache, true, id));
                gpt.logits(ops, batch, batch.lastRows());
            }
        } else {
            read(gpt, ops, cache, tokens, random);
        }
        return tokens / ((System.nanoTime() - start) / 1e9);
    }

    private static void read(
            Gpt gpt, Inference ops, KvCache cache, int tokens, SplittableRandom random) {
        for (int from = 0; from < tokens; from += PIECE) {
            int[] ids = new int[Math.min(PIECE, tokens - from)];
            Arrays.setAll(ids, i -> random.nextInt(gpt.config().vocabSize()));
            Batch batch = new Batch(new Batch.Part(cache, false, ids));
            gpt.logits(ops, batch, batch.lastRows());
        }
    }

    private void report(LocalModel loaded, List<Row> rows) {
        if (!json) {
            System.out.printf("%-16s %14s %10s%n", "test", "tokens/s", "stddev");
            for (Row row : rows) {
                System.out.printf("%-16s %14.2f %10.2f%n", row.test, row.mean, row.deviation);
            }
            return;
        }
        ObjectNode node = Json.object().put("model", loaded.path().toString());
        node.put("threads", model.threads()).put("kernels", loaded.processor().kernels().name());
        node.put("kv_type", model.kvType().name().toLowerCase(Locale.ROOT));
        ArrayNode array = node.putArray("rows");
        for (Row row : rows) {
            array.addObject()
                    .put("test", row.test)
                    .put("tokens_per_second", row.mean)
                    .put("stddev", row.deviation);
        }
        Json.print(node);
    }
}
