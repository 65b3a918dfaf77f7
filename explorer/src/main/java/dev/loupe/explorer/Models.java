package dev.loupe.explorer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.loupe.files.LocalModel;
import dev.loupe.files.ModelFileException;
import dev.loupe.files.ModelSummary;

import org.jspecify.annotations.Nullable;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/** The models that may be asked about, one of which is in memory. */
final class Models implements AutoCloseable {
    private final Map<String, Path> paths;
    private final int threads;
    private @Nullable String key;
    private @Nullable LocalModel loaded;

    Models(Map<String, Path> paths, int threads) {
        this.paths = new LinkedHashMap<>(paths);
        this.threads = threads;
    }

    private String first() {
        return paths.keySet().iterator().next();
    }

    private String key(Question question) {
        String wanted = question.text("model", first());
        if (!paths.containsKey(wanted)) {
            throw new Refused(400, "model: there is none of that key; /api/models lists them");
        }
        return wanted;
    }

    /** The model that is asked about; the one before it is given back. */
    LocalModel of(Question question) {
        String wanted = key(question);
        if (loaded != null && wanted.equals(key)) {
            return loaded;
        }
        close();
        Path path = paths.get(wanted);
        LocalModel model = LocalModel.load(Objects.requireNonNull(path), threads);
        loaded = model;
        key = wanted;
        return model;
    }

    ModelSummary summary(Question question) {
        return ModelSummary.of(Objects.requireNonNull(paths.get(key(question))));
    }

    JsonNode list() {
        ObjectNode node = Shapes.object();
        ArrayNode list = node.putArray("models");
        paths.forEach((name, path) -> {
            ObjectNode one = list.addObject().put("key", name).put("name", name);
            one.put("path", path.toString()).put("loaded", name.equals(key));
            try {
                ModelSummary summary = ModelSummary.of(path);
                one.put("parameters", summary.total());
                one.put(
                        "bytes",
                        summary.types().values().stream().mapToLong(Long::longValue).sum());
                one.set("types", Shapes.json(summary.types()));
            } catch (ModelFileException e) {
                one.put("error", e.getMessage());
            }
        });
        return node.put("default", first());
    }

    @Override
    public void close() {
        if (loaded != null) {
            loaded.close();
        }
        loaded = null;
        key = null;
    }
}
