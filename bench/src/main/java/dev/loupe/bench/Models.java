package dev.loupe.bench;

import dev.loupe.files.ModelFileException;
import dev.loupe.kernels.TensorType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The models that are compared, {@code <cache>/smollm2/<type>.gguf} and {@code
 * <cache>/llama-1b/<type>.gguf}. One that is missing is made, and kept: SmolLM2 as F16 by Loupe
 * from what the user gave, the 1B shape as F16 from random numbers, and every other type from these
 * by llama-quantize.
 *
 * @param source a GGUF file or a Hugging Face folder of SmolLM2, or a folder of GGUF files named by
 *     their types
 */
record Models(Path source, Path cache, Path loupe, LlamaCpp llama, int threads) {
    Path smollm2(String type) throws ChildFailedException, InterruptedException {
        Path given = source.resolve(type + ".gguf");
        return Files.isRegularFile(given) ? given : made(cache.resolve("smollm2"), type);
    }

    Path llama1b(String type) throws ChildFailedException, InterruptedException {
        return made(cache.resolve("llama-1b"), type);
    }

    private Path made(Path folder, String type) throws ChildFailedException, InterruptedException {
        Path file = folder.resolve(type + ".gguf");
        if (Files.exists(file)) {
            return file;
        }
        System.err.println("making " + file);
        // whoever interrupts this must not find half a model the next time
        Path part = folder.resolve(type + ".part.gguf");
        try {
            Files.createDirectories(folder);
            Files.deleteIfExists(part);
            if (type.equals("F16")) {
                makeF16(folder, part);
            } else {
                Child.run(
                        llama.quantize().toString(),
                        made(folder, "F16").toString(),
                        part.toString(),
                        type,
                        String.valueOf(threads));
            }
            Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
            return file;
        } catch (IOException | ModelFileException e) {
            throw new ChildFailedException("cannot make " + file + ": " + e.getMessage());
        }
    }

    private void makeF16(Path folder, Path out) throws ChildFailedException, InterruptedException {
        if (folder.endsWith("llama-1b")) {
            RandomModel.write(out, ModelShape.LLAMA_1B, TensorType.F16);
            return;
        }
        List<String> command = new ArrayList<>(List.of(loupe.toString()));
        String in = source.toString();
        command.addAll(
                Files.isDirectory(source)
                        ? Arrays.asList("convert", in, out.toString(), "--type", "F16")
                        : Arrays.asList("quantize", in, out.toString(), "F16"));
        Child.run(command);
    }
}
