package dev.loupe.files.store;

import org.jspecify.annotations.Nullable;

import java.nio.file.Path;
import java.time.Instant;

/**
 * A model in the store.
 *
 * @param name what commands call it
 * @param path a GGUF file, or a folder with config.json
 * @param format {@code GGUF Q8_0}, {@code safetensors}
 * @param bytes what it takes on disk
 * @param pulled when it was fetched; null for one that never was
 */
public record StoredModel(
        String name, Path path, String format, long bytes, @Nullable Instant pulled) {}
