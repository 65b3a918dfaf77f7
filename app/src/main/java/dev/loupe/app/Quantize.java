package dev.loupe.app;

import dev.loupe.files.Mix;
import dev.loupe.files.Quantizer;
import dev.loupe.files.store.ModelStore;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** {@code loupe quantize}: the same model in fewer bits. */
@Command(
        name = "quantize",
        description =
                "Writes a GGUF model with its matrices in another type, most often a smaller one.",
        footer = {
            "",
            "Types: F32, F16, BF16, Q8_0, Q6_K, Q5_K_M, Q5_K_S, Q5_1, Q5_0, Q4_K_M, Q4_K_S, Q4_1,"
                    + " Q4_0. From a Hugging Face folder: `loupe convert` first."
        })
final class Quantize implements Runnable {
    @Parameters(index = "0", paramLabel = "IN", description = "A .gguf file or a pulled model.")
    private String in = "";

    @Parameters(index = "1", paramLabel = "OUT", description = "The .gguf file to write.")
    private Path out = Path.of("");

    @Parameters(
            index = "2",
            paramLabel = "TYPE",
            description = "One of those below, such as Q4_K_M.")
    private Mix type = Mix.Q8_0;

    @Option(
            names = {"-t", "--threads"},
            paramLabel = "N",
            description = "Threads that compute. Default: the processors of this machine.")
    private int threads = Runtime.getRuntime().availableProcessors();

    @Override
    public void run() {
        ModelOptions.checkThreads(threads);
        Path from = ModelStore.ofEnvironment().require(in);
        if (Files.isDirectory(from)) {
            throw new UserException(
                    from + " is a folder; make a .gguf of it first: loupe convert " + in + " OUT");
        }
        try {
            if (Files.exists(out) && Files.isSameFile(from, out)) {
                throw new UserException("IN and OUT are the same file: " + out);
            }
        } catch (IOException e) {
            throw new UserException(out + " cannot be read: " + e.getMessage(), e);
        }
        Quantizer.quantize(
                from,
                out,
                type,
                threads,
                (index, count, tensor, was, now) -> Progress.show(tensor, index + 1, count));
        Progress.end();
    }
}
