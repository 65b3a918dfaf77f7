package dev.loupe.app;

import dev.loupe.files.AdapterFolder;
import dev.loupe.files.Converter;
import dev.loupe.files.Mix;
import dev.loupe.files.store.ModelStore;
import dev.loupe.kernels.TensorType;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** {@code loupe convert}: from the one format of models to the other. */
@Command(
        name = "convert",
        description = "Turns a Hugging Face folder into a GGUF file, or a GGUF file into a folder.",
        footer = {
            "",
            "To GGUF, types are those of `loupe quantize`; norms, biases and position tables are"
                    + " F32 in all of them. To a folder, F32, F16 or BF16 for all tensors, and"
                    + " quantised ones are decoded."
        })
final class Convert implements Runnable {
    @Parameters(
            index = "0",
            paramLabel = "IN",
            description = "A folder with config.json, a .gguf file, or a pulled model.")
    private String in = "";

    @Parameters(
            index = "1",
            paramLabel = "OUT",
            description = "The .gguf file to write, or the folder.")
    private Path out = Path.of("");

    @Option(
            names = "--type",
            paramLabel = "TYPE",
            description =
                    "Default: to GGUF what the folder has; to a folder F16 or BF16 where all"
                            + " matrices have it, else F32.")
    private @Nullable Mix type;

    @Option(
            names = "--force",
            description = "Replace a file, and files of the same names in a folder.")
    private boolean force;

    @Option(
            names = {"-t", "--threads"},
            paramLabel = "N",
            description = "Threads. Default: the processors of this machine.")
    private int threads = Runtime.getRuntime().availableProcessors();

    @Override
    public void run() {
        ModelOptions.checkThreads(threads);
        Path from = ModelStore.ofEnvironment().require(in);
        boolean folder = Files.isDirectory(from);
        if (AdapterFolder.present(from)) {
            throw new UserException(from + " is an adapter; write a model: loupe export " + in);
        }
        Optional<TensorType> floats =
                folder
                        ? Optional.empty()
                        : Optional.ofNullable(type).map(t -> ModelOutput.floats(t, ""));
        check(from, out, folder);
        Converter.Progress progress =
                (index, count, tensor) -> Progress.show(tensor, index + 1, count);
        try {
            if (folder) {
                Converter.toGguf(from, out, Optional.ofNullable(type), threads, progress);
            } else {
                Converter.toFolder(from, out, floats, threads, progress);
            }
        } finally {
            Progress.end();
        }
    }

    private void check(Path from, Path to, boolean folder) {
        try {
            ModelOutput.checkOther(from, to, "IN");
            boolean directory = Files.isDirectory(to);
            if (folder && directory) {
                throw new UserException(to + " is a folder; name the .gguf file to write");
            }
            if (!folder && Files.exists(to) && !directory) {
                throw new UserException(
                        to
                                + " is a file; name the folder to write, or take `loupe quantize`"
                                + " for another type of GGUF");
            }
            if (!force) {
                ModelOutput.checkFree(to);
            }
        } catch (IOException e) {
            throw new UserException(to + " cannot be read: " + e.getMessage(), e);
        }
    }
}
