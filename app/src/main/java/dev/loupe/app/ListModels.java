package dev.loupe.app;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.loupe.files.store.Bytes;
import dev.loupe.files.store.ModelStore;
import dev.loupe.files.store.StoredModel;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

import java.time.ZoneId;
import java.util.List;

/** {@code loupe list}: which models are here. */
@Command(name = "list", description = "Lists the models in the local store.")
final class ListModels implements Runnable {
    @Option(names = "--json", description = "One JSON object.")
    private boolean json;

    @Override
    public void run() {
        List<StoredModel> models = ModelStore.ofEnvironment().list();
        if (json) {
            Json.print(asJson(models));
            return;
        }
        int width = models.stream().mapToInt(model -> model.name().length()).max().orElse(0);
        for (StoredModel model : models) {
            String name = model.name() + " ".repeat(width - model.name().length());
            String format = String.format("%-12s", model.format());
            String bytes = String.format("%8s", Bytes.text(model.bytes()));
            System.out.println(
                    name
                            + "  "
                            + format
                            + "  "
                            + bytes
                            + "  "
                            + model.pulled().atZone(ZoneId.systemDefault()).toLocalDate());
        }
        if (models.isEmpty() && Terminal.stderrIsWatched()) {
            String own = OwnModel.path().map(path -> " but " + OwnModel.NAME).orElse("");
            System.err.println(
                    "no models here yet" + own + "; `loupe pull smollm2` fetches a small one");
        }
    }

    private static ObjectNode asJson(List<StoredModel> models) {
        ObjectNode root = Json.object();
        ArrayNode array = root.putArray("models");
        for (StoredModel model : models) {
            array.addObject()
                    .put("name", model.name())
                    .put("path", model.path().toString())
                    .put("format", model.format())
                    .put("bytes", model.bytes())
                    .put("pulled", model.pulled().toString());
        }
        return root;
    }
}
