package dev.loupe.explorer;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.loupe.files.ModelSummary;
import dev.loupe.inside.KnownShape;
import dev.loupe.inside.SingularValues;
import dev.loupe.inside.Tally;
import dev.loupe.kernels.TensorType;
import dev.loupe.model.Adapters;
import dev.loupe.model.Gpt;
import dev.loupe.model.GptConfig;
import dev.loupe.model.GptTensors;

import org.jspecify.annotations.Nullable;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** All tensors of a model in the order in which data passes through them, and their sums. */
final class WeightList {
    private static final Pattern BLOCK = Pattern.compile("blk\\.(\\d+)\\..*");

    /** What stands for queries, keys and values together. */
    private static final String JOINED = "query_key_value";

    private final GptConfig config;
    private final ObjectNode root = Answer.MAPPER.createObjectNode();
    private final ArrayNode tensors;

    private WeightList(GptConfig config) {
        this.config = config;
        tensors = root.putArray("tensors");
    }

    /** Those of a file, with the types and bytes that they have in it. */
    static ObjectNode of(Gpt gpt, ModelSummary summary) {
        WeightList list = new WeightList(gpt.config());
        Map<String, ModelSummary.Entry> entries = new HashMap<>();
        summary.tensors().forEach(entry -> entries.put(entry.name(), entry));
        boolean joined = entries.keySet().stream().anyMatch(name -> name.contains(".attn_qkv."));
        Set<String> names = new GptTensors(gpt, joined).names();
        long bytes = 0;
        for (String name : names) {
            ModelSummary.Entry entry = entries.get(name);
            if (entry == null) {
                throw new ApiException(500, "the file has no tensor " + name);
            }
            list.add(name, entry.rows(), entry.cols(), entry.type());
            bytes += entry.rows() * entry.type().bytes(entry.cols());
        }
        list.root.put("bytes", bytes);
        list.root.put("adapted", adapted(gpt));
        return list.whole();
    }

    private static boolean adapted(Gpt gpt) {
        return Adapters.places(gpt, true).stream()
                .anyMatch(place -> !place.linear().adapters().isEmpty());
    }

    /** Those of a shape; a GPT-2 has its norms and biases where all of them have them. */
    static ObjectNode of(KnownShape shape) {
        GptConfig config = shape.config();
        WeightList list = new WeightList(config);
        list.root.put("preset", shape.label());
        int n = config.nEmbd();
        int inner = config.mlp().nInner();
        list.add("token_embd.weight", config.vocabSize(), n, null);
        list.add("position_embd.weight", config.nCtx(), n, null);
        for (int layer = 0; layer < config.nLayer(); layer++) {
            String block = "blk." + layer + ".";
            list.norm(block + "attn_norm", n);
            for (String part : List.of("attn_q", "attn_k", "attn_v", "attn_output")) {
                list.linear(block + part, n, n);
            }
            list.norm(block + "ffn_norm", n);
            list.linear(block + "ffn_up", inner, n);
            list.linear(block + "ffn_down", n, inner);
        }
        list.norm("output_norm", n);
        return list.whole();
    }

    private void norm(String name, int n) {
        add(name + ".weight", 1, n, null);
        add(name + ".bias", 1, n, null);
    }

    private void linear(String name, int rows, int cols) {
        add(name + ".weight", rows, cols, null);
        add(name + ".bias", 1, rows, null);
    }

    private void add(String name, int rows, int cols, @Nullable TensorType type) {
        Matcher block = BLOCK.matcher(name);
        String kind = kind(name);
        ObjectNode node =
                tensors.addObject()
                        .put("name", name)
                        .put("kind", kind)
                        .put("layer", block.matches() ? Integer.parseInt(block.group(1)) : -1)
                        .put("rows", rows)
                        .put("cols", cols)
                        .put("parameters", (long) rows * cols);
        if (type != null) {
            node.put("type", type.name()).put("bytes", rows * type.bytes(cols));
            node.put("singular_work", SingularValues.work(rows, cols));
        }
        if (kind.equals(JOINED)) {
            ArrayNode parts = node.putArray("parts");
            GptConfig.Heads heads = config.attention();
            part(parts, Tally.Kind.QUERY, heads.queries());
            part(parts, Tally.Kind.KEY, heads.keys());
            part(parts, Tally.Kind.VALUE, heads.keys());
        }
    }

    private static void part(ArrayNode parts, Tally.Kind kind, int rows) {
        parts.addObject().put("kind", kind.key()).put("rows", rows);
    }

    /** What a tensor is for, by the name that GGUF gives it. */
    private static String kind(String name) {
        if (name.contains("norm")) {
            return Tally.Kind.NORMS.key();
        }
        if (name.endsWith(".bias")) {
            return Tally.Kind.BIASES.key();
        }
        String stem = name.substring(0, name.lastIndexOf('.'));
        return switch (stem.substring(stem.lastIndexOf('.') + 1)) {
            case "token_embd" -> Tally.Kind.EMBEDDING.key();
            case "position_embd" -> Tally.Kind.POSITIONS.key();
            case "attn_q" -> Tally.Kind.QUERY.key();
            case "attn_k" -> Tally.Kind.KEY.key();
            case "attn_v" -> Tally.Kind.VALUE.key();
            case "attn_qkv" -> JOINED;
            case "attn_output" -> Tally.Kind.OUTPUT.key();
            case "ffn_gate" -> Tally.Kind.GATE.key();
            case "ffn_up" -> Tally.Kind.UP.key();
            case "ffn_down" -> Tally.Kind.DOWN.key();
            case "output" -> Tally.Kind.UNEMBEDDING.key();
            default -> throw new ApiException(500, "nobody knows what tensor " + name + " is for");
        };
    }

    private ObjectNode whole() {
        Tally tally = Tally.of(config);
        root.put("total", tally.total()).put("tied", config.embedding().tied());
        root.put("most_singular_work", SingularValues.MOST_WORK);
        kinds(root.putArray("kinds"), tally);
        Tally told = tally.matricesOnly();
        ObjectNode matrices = root.putObject("matrices_only");
        matrices.put("total", told.total()).put("matrices", told.matrices());
        kinds(matrices.putArray("kinds"), told);
        return root;
    }

    private static void kinds(ArrayNode list, Tally tally) {
        for (Tally.Row row : tally.rows()) {
            list.addObject()
                    .put("kind", row.kind().key())
                    .put("title", row.kind().title())
                    .put("matrices", row.matrices())
                    .put("rows", row.rows())
                    .put("cols", row.cols())
                    .put("parameters", row.parameters());
        }
    }
}
