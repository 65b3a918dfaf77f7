package dev.loupe.app;

import dev.loupe.files.Mix;
import dev.loupe.kernels.TensorType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** Where a command writes a model. */
final class ModelOutput {
    private ModelOutput() {}

    /**
     * Refuses to write a model over itself.
     *
     * @param name what the command calls the model that it reads
     */
    static void checkOther(Path from, Path out, String name) throws IOException {
        if (Files.exists(out) && Files.isSameFile(from, out)) {
            throw new UserException(name + " and OUT are the same: " + out);
        }
    }

    /** Refuses to replace what is there; an empty folder is nothing. */
    static void checkFree(Path out) throws IOException {
        if (Files.exists(out) && !(Files.isDirectory(out) && empty(out))) {
            throw new UserException(out + " exists; --force replaces what is there");
        }
    }

    private static boolean empty(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.findAny().isEmpty();
        }
    }

    /**
     * The type of tensors in a folder, which holds floats only.
     *
     * @param hint what to do about another, or nothing
     */
    static TensorType floats(Mix type, String hint) {
        return switch (type) {
            case F32 -> TensorType.F32;
            case F16 -> TensorType.F16;
            case BF16 -> TensorType.BF16;
            case Q8_0, Q6_K, Q5_K_M, Q5_K_S, Q5_1, Q5_0, Q4_K_M, Q4_K_S, Q4_1, Q4_0 ->
                    throw new WrongUsage(
                            "--type: found "
                                    + type
                                    + ", expected F32, F16 or BF16 for a folder"
                                    + hint);
        };
    }
}
