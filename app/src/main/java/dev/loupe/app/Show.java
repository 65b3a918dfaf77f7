package dev.loupe.app;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.loupe.files.ModelFileException;
import dev.loupe.files.ModelSummary;
import dev.loupe.files.TokenizerSummary;
import dev.loupe.files.store.Bytes;
import dev.loupe.files.store.ModelStore;
import dev.loupe.inside.KnownShape;
import dev.loupe.inside.Tally;
import dev.loupe.model.GptConfig;
import dev.loupe.tokens.Tokenizer;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Collectors;

/** {@code loupe show}: what a model is. */
@Command(
        name = "show",
        description =
                "Shows what a model is: its configuration, its tokenizer, and where its parameters"
                        + " are.")
final class Show implements Runnable {
    @Parameters(
            arity = "0..1",
            paramLabel = "MODEL",
            description =
                    "A .gguf file, a folder with config.json, the name of a pulled model, or one of"
                            + " gpt2, gpt2-medium, gpt2-large, gpt2-xl and gpt3 for their shapes"
                            + " without weights. Default: as for -m of other commands.")
    private @Nullable String model;

    @Option(names = "--tensors", description = "List every tensor.")
    private boolean tensors;

    @Option(names = "--json", description = "One JSON object.")
    private boolean json;

    @Override
    public void run() {
        Optional<KnownShape> shape =
                Optional.ofNullable(model).filter(Show::isNotHere).flatMap(KnownShape::named);
        if (shape.isPresent()) {
            show(shape.get());
            return;
        }
        ModelSummary summary = ModelSummary.of(ModelChoice.of(model));
        if (json) {
            Json.print(asJson(summary));
        } else {
            print(summary);
        }
    }

    private static boolean isNotHere(String model) {
        return ModelStore.ofEnvironment().resolve(model).isEmpty();
    }

    private void show(KnownShape shape) {
        GptConfig config = shape.config();
        Tally tally = Tally.of(config);
        if (json) {
            ObjectNode node = Json.object().put("model", shape.label());
            node.set("config", Json.of(fields(config)));
            ObjectNode byKind = node.putObject("tally");
            tally.rows().forEach(row -> byKind.put(row.kind().key(), row.parameters()));
            node.put("total", tally.total());
            TallyTable.json(tally, node.putArray("kinds"));
            Tally told = tally.matricesOnly();
            ObjectNode matrices = node.putObject("matrices_only");
            matrices.put("total", told.total()).put("matrices", told.matrices());
            TallyTable.json(told, matrices.putArray("kinds"));
            Json.print(node);
            return;
        }
        System.out.println(shape.label() + ", its shape without weights");
        fields(config).forEach((name, value) -> System.out.printf("  %-12s %s%n", name, value));
        System.out.println();
        TallyTable.print(tally);
        System.out.println();
        System.out.println("Of the matrices alone, as it is often told");
        TallyTable.printMatricesOnly(tally);
    }

    private static ObjectNode asJson(ModelSummary summary) {
        ObjectNode node = Json.object().put("model", summary.path().toString());
        node.set("config", Json.of(fields(summary.config())));
        node.set("tokenizer", tokenizerAsJson(summary));
        ObjectNode tally = node.putObject("tally");
        summary.tally().forEach((kind, n) -> tally.put(kind.key(), n));
        node.put("total", summary.total());
        TallyTable.json(Tally.of(summary.config()), node.putArray("kinds"));
        node.set("types", Json.of(summary.types()));
        var list = node.putArray("tensors");
        for (ModelSummary.Entry entry : summary.tensors()) {
            list.addObject()
                    .put("name", entry.name())
                    .put("type", entry.type().name())
                    .set("shape", Json.of(new int[] {entry.rows(), entry.cols()}));
        }
        return node;
    }

    private static JsonNode tokenizerAsJson(ModelSummary summary) {
        try {
            return TokenizerSummary.of(summary).map(Show::asJson).orElseGet(NullNode::getInstance);
        } catch (ModelFileException e) {
            return Json.object().put("error", e.getMessage());
        }
    }

    private static JsonNode asJson(TokenizerSummary summary) {
        Tokenizer tokenizer = summary.tokenizer();
        ObjectNode node = Json.object().put("kind", summary.kind());
        node.put("pre_tokenizer", summary.preTokenizer()).put("vocab_size", tokenizer.vocabSize());
        node.set("bos_id", id(tokenizer.bos()));
        node.set("eos_id", id(tokenizer.eos()));
        node.put("adds_bos", tokenizer.addsBos()).put("adds_eos", tokenizer.addsEos());
        node.set("end_of_generation_ids", Json.of(summary.endOfGeneration()));
        return node;
    }

    private static JsonNode id(OptionalInt id) {
        return id.isPresent() ? Json.of(id.getAsInt()) : NullNode.getInstance();
    }

    private static Map<String, Object> fields(GptConfig c) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("family", c.family());
        fields.put("nLayer", c.nLayer());
        fields.put("nEmbd", c.nEmbd());
        fields.put("nHead", c.attention().nHead());
        fields.put("nKvHead", c.attention().nKvHead());
        fields.put("headDim", c.attention().headDim());
        fields.put("nInner", c.mlp().nInner());
        fields.put("vocabSize", c.vocabSize());
        fields.put("nCtx", c.nCtx());
        fields.put("activation", c.mlp().activation().name().toLowerCase(Locale.ROOT));
        fields.put("gated", c.mlp().gated());
        fields.put("norm", c.norm().kind().name().toLowerCase(Locale.ROOT));
        fields.put("tied", c.embedding().tied());
        return fields;
    }

    private void print(ModelSummary summary) {
        System.out.println(summary.path());
        fields(summary.config())
                .forEach((name, value) -> System.out.printf("  %-12s %s%n", name, value));
        System.out.println();
        printTokenizer(summary);
        System.out.println();
        TallyTable.print(Tally.of(summary.config()));
        System.out.println();
        summary.types()
                .forEach((type, bytes) ->
                        System.out.printf("  %-8s %10s%n", type, Bytes.text(bytes)));
        if (tensors) {
            System.out.println();
            for (ModelSummary.Entry entry : summary.tensors()) {
                System.out.printf(
                        "  %-32s %-8s [%d, %d]%n",
                        entry.name(), entry.type(), entry.rows(), entry.cols());
            }
        }
    }

    private static void printTokenizer(ModelSummary summary) {
        try {
            TokenizerSummary.of(summary)
                    .ifPresentOrElse(Show::print, () -> print("tokenizer", "none"));
        } catch (ModelFileException e) {
            print("tokenizer", "not usable: " + e.getMessage());
        }
    }

    private static void print(TokenizerSummary summary) {
        Tokenizer tokenizer = summary.tokenizer();
        print("tokenizer", summary.kind());
        print("pre-tokenizer", summary.preTokenizer());
        print("tokens", String.valueOf(tokenizer.vocabSize()));
        print("BOS", special(tokenizer, tokenizer.bos(), tokenizer.addsBos()));
        print("EOS", special(tokenizer, tokenizer.eos(), tokenizer.addsEos()));
        print(
                "ends generation",
                summary.endOfGeneration().stream()
                        .sorted()
                        .map(id -> named(tokenizer, id))
                        .collect(Collectors.joining(", ")));
    }

    private static void print(String name, String value) {
        System.out.printf("  %-16s %s%n", name, value);
    }

    private static String special(Tokenizer tokenizer, OptionalInt id, boolean added) {
        if (id.isEmpty()) {
            return "none";
        }
        return named(tokenizer, id.getAsInt())
                + (added ? ", added to texts" : ", not added to texts");
    }

    private static String named(Tokenizer tokenizer, int id) {
        return id < tokenizer.vocabSize() ? id + " " + Quoted.text(tokenizer.text(id)) : "" + id;
    }
}
