package dev.loupe.app;

import dev.loupe.files.AdapterFolder;
import dev.loupe.files.Converter;
import dev.loupe.files.Exporter;
import dev.loupe.files.LocalModel;
import dev.loupe.files.Mix;
import dev.loupe.files.store.ModelStore;
import dev.loupe.kernels.TensorType;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** {@code loupe export}: what was fine-tuned, for the rest of the world. */
@Command(
        name = "export",
        description =
                "Writes what was fine-tuned as a model: a .gguf file or a Hugging Face folder, with"
                        + " adapters merged; or the adapter alone, as PEFT has it.",
        footer = {
            "",
            "Types of a .gguf file are those of `loupe quantize`, of a folder F32, F16 and BF16."
        })
final class Export implements Runnable {
    @Parameters(
            index = "0",
            paramLabel = "RUN",
            description = "The folder of a fine-tuning, or an adapter that PEFT wrote.")
    private Path run = Path.of("");

    @Parameters(
            index = "1",
            paramLabel = "OUT",
            description = "The .gguf file to write, or the folder.")
    private Path out = Path.of("");

    @Option(names = "--adapter", description = "Write the adapter alone, into the folder OUT.")
    private boolean adapter;

    @Option(names = "--type", paramLabel = "TYPE", description = "Default: F32.")
    private Mix type = Mix.F32;

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
        Path from = ModelStore.ofEnvironment().require(run.toString());
        boolean gguf = out.toString().endsWith(".gguf");
        TensorType floats =
                gguf || adapter
                        ? TensorType.F32
                        : ModelOutput.floats(type, "; name a .gguf file for others");
        check(from, gguf);
        boolean adapted = AdapterFolder.present(from);
        if (adapter) {
            if (!adapted) {
                throw new UserException(
                        from
                                + " has no adapter: it was not trained with --lora; leave out"
                                + " --adapter");
            }
            copyAdapter(from);
            return;
        }
        Path base = adapted ? AdapterFolder.base(from) : from;
        Converter.Progress progress =
                (index, count, tensor) -> Progress.show(tensor, index + 1, count);
        try (LocalModel model = LocalModel.load(from, threads)) {
            if (gguf) {
                Exporter.toGguf(base, model.gpt(), out, type, threads, progress);
            } else {
                Exporter.toFolder(base, model.gpt(), out, floats, threads, progress);
            }
        } finally {
            Progress.end();
        }
    }

    private void check(Path from, boolean gguf) {
        if (adapter && gguf) {
            throw new WrongUsage("--adapter writes a folder; name one");
        }
        try {
            ModelOutput.checkOther(from, out, "RUN");
            boolean directory = Files.isDirectory(out);
            if (gguf == directory && Files.exists(out)) {
                throw new UserException(
                        out + (gguf ? " is a folder" : " is a file; name the folder to write"));
            }
            if (!force) {
                ModelOutput.checkFree(out);
            }
        } catch (IOException e) {
            throw new UserException(out + " cannot be read: " + e.getMessage(), e);
        }
    }

    private void copyAdapter(Path from) {
        try {
            Files.createDirectories(out);
            for (String name : AdapterFolder.files()) {
                Files.copy(
                        from.resolve(name), out.resolve(name), StandardCopyOption.REPLACE_EXISTING);
            }
        } catch (IOException e) {
            throw new UserException(out + " cannot be written: " + e.getMessage(), e);
        }
    }
}
