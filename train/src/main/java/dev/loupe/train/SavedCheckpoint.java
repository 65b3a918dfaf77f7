package dev.loupe.train;

import dev.loupe.files.LocalModel;
import dev.loupe.files.Tokenizers;
import dev.loupe.kernels.Processor;
import dev.loupe.kernels.StoredRows;
import dev.loupe.kernels.TensorType;
import dev.loupe.model.Gpt;
import dev.loupe.model.GptConfig;
import dev.loupe.model.GptLoader;
import dev.loupe.model.Parameter;
import dev.loupe.model.Parameters;
import dev.loupe.model.TensorSource;
import dev.loupe.tokens.Tokenizer;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * A checkpoint that a run has kept, as a model to look into: what the run would have written as its
 * model at that step.
 *
 * @param run the run's folder
 * @param step how many steps were made
 */
public record SavedCheckpoint(Path run, long step) {
    /**
     * Those of a run, the earliest first. A folder that is no run has none; nor has a fine-tuning,
     * whose checkpoints are of an adapter.
     *
     * @throws DataException if the folder cannot be read
     */
    public static List<SavedCheckpoint> of(Path run) {
        if (!Settings.present(run)) {
            return List.of();
        }
        try {
            return Checkpoints.steps(folder(run)).stream()
                    .map(step -> new SavedCheckpoint(run, step))
                    .toList();
        } catch (IOException e) {
            throw new DataException(folder(run), "cannot be read: " + e.getMessage());
        }
    }

    private static Path folder(Path run) {
        return run.resolve(Run.CHECKPOINTS);
    }

    /** Its file, with the optimiser's memory. */
    public Path file() {
        return Checkpoints.file(folder(run), step);
    }

    /**
     * Loads the model; where the run averages its weights, the average.
     *
     * @param threads how many threads compute, the caller's among them
     * @param watcher told of bytes read; the file is read once for its sum first
     * @throws DataException if the run or the checkpoint is missing or damaged
     */
    public LocalModel load(int threads, LocalModel.Watcher watcher) {
        Settings settings = Settings.read(run);
        Tokenizer tokenizer = Tokenizers.open(run);
        GptConfig config = settings.architecture().config(tokenizer.vocabSize());
        Processor processor = Processor.of(threads);
        try {
            Gpt gpt = GptLoader.load(config, new Blank(config), processor.threads());
            read(Parameters.of(gpt), settings.recipe().average() > 0, watcher);
            return new LocalModel(
                    run, gpt, Optional.of(tokenizer), tokenizer.endOfGeneration(), processor);
        } catch (RuntimeException e) {
            processor.close();
            throw e;
        }
    }

    private void read(List<Parameter> parameters, boolean averaged, LocalModel.Watcher watcher) {
        List<float[]> weights =
                parameters.stream().flatMap(parameter -> Stream.of(parameter.data())).toList();
        try {
            long size = weights.stream().mapToLong(numbers -> numbers.length).sum();
            long total = Files.size(file()) + Float.BYTES * size;
            Checkpoint.readWeights(file(), weights, averaged, done -> watcher.at(done, total));
        } catch (IOException e) {
            throw new DataException(file(), String.valueOf(e.getMessage()));
        }
    }

    /** Tensors of the right shapes, for a checkpoint to be read into. */
    private static final class Blank implements TensorSource {
        private final TensorSource shapes;

        Blank(GptConfig config) {
            shapes = new Initialization(config, 0);
        }

        @Override
        public Set<String> names() {
            return shapes.names();
        }

        @Override
        public Optional<StoredRows> find(String name) {
            return shapes.find(name).map(Zeros::of);
        }
    }

    private record Zeros(String name, int rows, int cols, MemorySegment bytes)
            implements StoredRows {
        static StoredRows of(StoredRows shape) {
            byte[] bytes = new byte[Float.BYTES * shape.cols()];
            return new Zeros(
                    shape.name(), shape.rows(), shape.cols(), MemorySegment.ofArray(bytes));
        }

        @Override
        public TensorType type() {
            return TensorType.F32;
        }

        @Override
        public MemorySegment row(int row) {
            return bytes;
        }
    }
}
