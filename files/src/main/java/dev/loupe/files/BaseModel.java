package dev.loupe.files;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The model that something belongs to, an adapter say: where it is, and how to know it again.
 *
 * @param path its file or folder, absolute
 * @param bytes how large its files are together
 * @param modified when the last of them was changed, in milliseconds since 1970
 * @param sha256 of the names and contents of its files, in hexadecimal
 */
public record BaseModel(Path path, long bytes, long modified, String sha256) {
    private static final String NAME = "base.json";

    /**
     * Reads all of a model once.
     *
     * @throws ModelFileException if it is not there, or cannot be read
     */
    public static BaseModel of(Path model) {
        Path path = model.toAbsolutePath().normalize();
        List<Path> files = files(path);
        return new BaseModel(path, bytes(path, files), modified(path, files), digest(path, files));
    }

    /** What a model is made of: the file, or those of a folder that numbers and tokens are in. */
    private static List<Path> files(Path model) {
        if (!Files.isDirectory(model)) {
            FileKind.requireRegular(model);
            return List.of(model);
        }
        try (Stream<Path> files = Files.list(model)) {
            return files.filter(BaseModel::counts).sorted().toList();
        } catch (IOException e) {
            throw unreadable(model, e);
        }
    }

    private static boolean counts(Path file) {
        String name = file.getFileName().toString();
        return name.equals("config.json")
                || name.equals("tokenizer.json")
                || name.endsWith(".safetensors");
    }

    private static long bytes(Path model, List<Path> files) {
        try {
            long bytes = 0;
            for (Path file : files) {
                bytes += Files.size(file);
            }
            return bytes;
        } catch (IOException e) {
            throw unreadable(model, e);
        }
    }

    private static long modified(Path model, List<Path> files) {
        try {
            long last = 0;
            for (Path file : files) {
                last = Math.max(last, Files.getLastModifiedTime(file).toMillis());
            }
            return last;
        } catch (IOException e) {
            throw unreadable(model, e);
        }
    }

    private static String digest(Path model, List<Path> files) {
        try {
            MessageDigest sum = MessageDigest.getInstance("SHA-256");
            byte[] piece = new byte[1 << 16];
            for (Path file : files) {
                sum.update((file.getFileName() + "\0").getBytes(StandardCharsets.UTF_8));
                try (InputStream in = Files.newInputStream(file)) {
                    for (int n = in.read(piece); n >= 0; n = in.read(piece)) {
                        sum.update(piece, 0, n);
                    }
                }
            }
            return HexFormat.of().formatHex(sum.digest());
        } catch (IOException e) {
            throw unreadable(model, e);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static ModelFileException unreadable(Path model, IOException e) {
        return new ModelFileException(model, "cannot be read: " + NewFile.reason(e));
    }

    /** Writes it down in the folder of what belongs to it. */
    public void write(Path folder) {
        ObjectNode json = new ObjectMapper().createObjectNode();
        json.put("path", path.toString())
                .put("bytes", bytes)
                .put("modified", modified)
                .put("sha256", sha256);
        Converter.write(folder.resolve(NAME), json);
    }

    /** The base that a folder names, if it names one. */
    public static Optional<BaseModel> read(Path folder) {
        Path file = folder.resolve(NAME);
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        JsonFields json = JsonFields.read(file);
        double bytes = json.number("bytes", -1);
        double modified = json.number("modified", -1);
        String path = json.string("path").orElseThrow(() -> json.unsupported("path", "a path"));
        String sum = json.string("sha256").orElseThrow(() -> json.unsupported("sha256", "a sum"));
        return Optional.of(new BaseModel(Path.of(path), (long) bytes, (long) modified, sum));
    }

    /**
     * Makes sure that the model is still the one that it was. Where size and time are what they
     * were, it is not read for it.
     *
     * @param owner the folder of what belongs to it; errors name it
     * @return its path
     * @throws ModelFileException if it is gone, or another
     */
    public Path check(Path owner) {
        if (Files.notExists(path)) {
            throw new ModelFileException(
                    owner,
                    "its base model is missing: no %s; put it back, or write where it is now into %s"
                            .formatted(path, owner.resolve(NAME)));
        }
        List<Path> files = files(path);
        boolean same = bytes(path, files) == bytes;
        if (same && modified(path, files) != modified) {
            same = digest(path, files).equals(sha256);
        }
        if (!same) {
            throw new ModelFileException(
                    owner,
                    "its base model has changed: %s is not the one that it was made for (sha256 %s...)"
                                    .formatted(
                                            path,
                                            sha256.substring(0, Math.min(12, sha256.length())))
                            + "; put that one back");
        }
        return path;
    }
}
