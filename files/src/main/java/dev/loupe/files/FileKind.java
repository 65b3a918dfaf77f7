package dev.loupe.files;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** What a file is by its first bytes; what is no model file is refused with what to do instead. */
enum FileKind {
    GGUF,
    SAFETENSORS,
    JSON;

    private static final int FIRST = 64;

    private static final String CONVERT =
            "load it with transformers where you trust it and save it with"
                    + " save_pretrained(DIR, safe_serialization=True)";

    /**
     * Reads the first bytes of a regular file.
     *
     * @throws ModelFileException if it is missing, not a regular file, or not a model
     */
    static FileKind of(Path file) {
        requireRegular(file);
        byte[] bytes;
        try (InputStream in = Files.newInputStream(file)) {
            bytes = in.readNBytes(FIRST);
        } catch (IOException e) {
            throw new ModelFileException(file, "cannot be read: " + e.getMessage());
        }
        String first = new String(bytes, StandardCharsets.ISO_8859_1);
        if (first.isEmpty()) {
            throw new ModelFileException(file, "is empty; get it again");
        }
        if (first.startsWith("GGUF")) {
            return GGUF;
        }
        refuse(file, first);
        if (first.length() >= 9 && first.charAt(8) == '{') {
            return SAFETENSORS;
        }
        if (first.stripLeading().startsWith("{")) {
            return JSON;
        }
        throw new ModelFileException(
                file, "start of file", hex(bytes), "a GGUF or safetensors model");
    }

    /** A named pipe would block whoever opens it, so this comes first. */
    static void requireRegular(Path file) {
        if (Files.isDirectory(file)) {
            throw new ModelFileException(file, "is a directory, expected a file");
        }
        if (Files.notExists(file)) {
            throw new ModelFileException(file, "no such file");
        }
        if (!Files.isRegularFile(file)) {
            throw new ModelFileException(file, "is not a regular file");
        }
    }

    private static void refuse(Path file, String first) {
        if (first.startsWith("PK\3\4") || first.startsWith("\u0080")) {
            throw new ModelFileException(
                    file,
                    "is a pickled checkpoint, which runs code when it is loaded, so Loupe does not;"
                            + " to convert it, "
                            + CONVERT);
        }
        if (first.startsWith("FUGG")) {
            throw new ModelFileException(file, "magic", "FUGG (swapped bytes)", "GGUF");
        }
        if (first.startsWith("tjgg") || first.startsWith("lmgg") || first.startsWith("fmgg")) {
            throw new ModelFileException(
                    file, "is in a GGML format from before GGUF; get the model as GGUF");
        }
        if (first.startsWith("version https://git-lfs")) {
            throw new ModelFileException(
                    file, "is a Git LFS pointer, not the file itself; run git lfs pull");
        }
        if (first.stripLeading().startsWith("<")) {
            throw new ModelFileException(
                    file, "is a web page, not a model; get the file itself again");
        }
    }

    /** How to turn the pickled checkpoint of a folder into one that Loupe reads. */
    static String howToConvert() {
        return CONVERT;
    }

    private static String hex(byte[] bytes) {
        StringBuilder hex = new StringBuilder("bytes");
        for (int i = 0; i < Math.min(8, bytes.length); i++) {
            hex.append(String.format(" %02x", bytes[i]));
        }
        return hex.toString();
    }
}
