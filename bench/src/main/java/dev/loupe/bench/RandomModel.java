package dev.loupe.bench;

import dev.loupe.files.GgufWriter;
import dev.loupe.files.ModelFileException;
import dev.loupe.files.NewTensor;
import dev.loupe.kernels.TensorType;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;

/**
 * Writes a model of a given shape with random weights. How fast a model runs depends on its shape
 * and its types, not on what it learnt, so such a file measures like the real one; what it says is
 * noise. Weights are drawn tensor by tensor while the file is written, always the same ones.
 */
@Command(
        name = "random-model",
        description = "Writes a GGUF file with the shape of a known model and random weights.")
final class RandomModel implements Callable<Integer> {
    @Parameters(paramLabel = "OUT.gguf", description = "The file to write.")
    private Path out = Path.of("");

    @Option(names = "--type", description = "F16 or BF16. Default: ${DEFAULT-VALUE}.")
    private TensorType type = TensorType.F16;

    @Option(
            names = "--shape",
            description =
                    "llama-1b (Llama 3.2 1B) or tiny (for a quick try)."
                            + " Default: ${DEFAULT-VALUE}.")
    private String shape = "llama-1b";

    public static void main(String[] args) {
        System.exit(CommandStart.execute(new RandomModel(), args));
    }

    @Override
    public Integer call() {
        try {
            write(out, ModelShape.named(shape), type);
            return CommandLine.ExitCode.OK;
        } catch (IllegalArgumentException e) {
            System.err.println("random-model: " + e.getMessage());
            return CommandLine.ExitCode.USAGE;
        } catch (ModelFileException e) {
            System.err.println("random-model: " + e.getMessage());
            return CommandLine.ExitCode.SOFTWARE;
        }
    }

    /**
     * Writes a model, whole or not at all.
     *
     * @param type of the matrices, F16 or BF16; norms are F32
     * @throws IllegalArgumentException if the type is another
     * @throws ModelFileException if the file cannot be written
     */
    static void write(Path out, ModelShape shape, TensorType type) {
        RandomWeights weights = new RandomWeights(type);
        GgufWriter writer = new GgufWriter();
        metadata(writer, shape, type);
        new RandomVocabulary(shape.vocabSize()).putInto(writer);
        long width = shape.nEmbd();
        long keys = (long) shape.nKvHead() * shape.headDim();
        long queries = (long) shape.nHead() * shape.headDim();
        writer.tensor(weights.matrix("token_embd.weight", shape.vocabSize(), width));
        for (int layer = 0; layer < shape.nLayer(); layer++) {
            String block = "blk." + layer + ".";
            for (NewTensor tensor :
                    List.of(
                            weights.norm(block + "attn_norm.weight", width),
                            weights.matrix(block + "attn_q.weight", queries, width),
                            weights.matrix(block + "attn_k.weight", keys, width),
                            weights.matrix(block + "attn_v.weight", keys, width),
                            weights.matrix(block + "attn_output.weight", width, queries),
                            weights.norm(block + "ffn_norm.weight", width),
                            weights.matrix(block + "ffn_gate.weight", shape.nMlp(), width),
                            weights.matrix(block + "ffn_up.weight", shape.nMlp(), width),
                            weights.matrix(block + "ffn_down.weight", width, shape.nMlp()))) {
                writer.tensor(tensor);
            }
        }
        writer.tensor(weights.norm("output_norm.weight", width));
        writer.write(out);
    }

    private static void metadata(GgufWriter writer, ModelShape shape, TensorType type) {
        writer.string("general.architecture", "llama")
                .string("general.name", "random weights, shape " + shape.name())
                .integer("general.file_type", type == TensorType.F16 ? 1 : 32)
                .integer("llama.block_count", shape.nLayer())
                .integer("llama.context_length", shape.nCtx())
                .integer("llama.embedding_length", shape.nEmbd())
                .integer("llama.feed_forward_length", shape.nMlp())
                .integer("llama.attention.head_count", shape.nHead())
                .integer("llama.attention.head_count_kv", shape.nKvHead())
                .integer("llama.attention.key_length", shape.headDim())
                .integer("llama.attention.value_length", shape.headDim())
                .number("llama.attention.layer_norm_rms_epsilon", 1e-5)
                .integer("llama.rope.dimension_count", shape.headDim())
                .number("llama.rope.freq_base", 500_000)
                .integer("llama.vocab_size", shape.vocabSize());
    }
}
