package dev.loupe.app;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.loupe.files.store.Bytes;
import dev.loupe.files.store.ModelStore;
import dev.loupe.files.store.StoredModel;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

import java.time.Instant;
import java.time.ZoneId;
import java.util.List;

/** {@code loupe list}: which models are here. */
@Command(
        name = "list",
        description = "Lists the models that were pulled, and the one that came with Loupe.")
final class ListModels implements Runnable {
    @Option(names = "--json", description = "One JSON object.")
    private boolean json;

    @Override
    public void run() {
        List<StoredModel> pulled = ModelStore.ofEnvironment().list();
        List<StoredModel> models = OwnModel.after(pulled);
        if (json) {
            Json.print(asJson(models));
            return;
        }
        int width = models.stream().mapToInt(model -> model.name().length()).max().orElse(0);
        for (StoredModel model : models) {
            String name = model.name() + " ".repeat(width - model.name().length());
            String format = String.format("%-12s", model.format());
            String bytes = String.format("%8s", Bytes.text(model.bytes()));
            System.out.println(name + "  " + format + "  " + bytes + "  " + origin(model));
        }
        if (pulled.isEmpty() && Terminal.stderrIsWatched()) {
            System.err.println("nothing pulled yet; `loupe pull smollm2` fetches a small model");
        }
    }

    private static String origin(StoredModel model) {
        Instant pulled = model.pulled();
        return pulled == null
                ? "came with Loupe"
                : pulled.atZone(ZoneId.systemDefault()).toLocalDate().toString();
    }

    private static ObjectNode asJson(List<StoredModel> models) {
        ObjectNode root = Json.object();
        ArrayNode array = root.putArray("models");
        for (StoredModel model : models) {
            Instant pulled = model.pulled();
            array.addObject()
                    .put("name", model.name())
                    .put("path", model.path().toString())
                    .put("format", model.format())
                    .put("bytes", model.bytes())
                    .put("pulled", pulled == null ? null : pulled.toString());
        }
        return root;
    }
}
