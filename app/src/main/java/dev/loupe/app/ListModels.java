package dev.loupe.app;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.loupe.files.store.Bytes;
import dev.loupe.files.store.ModelStore;
import dev.loupe.files.store.StoredModel;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

import java.time.ZoneId;
import java.util.ArrayList;
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
        List<StoredModel> models = ModelStore.ofEnvironment().list();
        if (json) {
            Json.print(asJson(models));
            return;
        }
        List<Line> lines = new ArrayList<>();
        for (StoredModel model : models) {
            String pulled = model.pulled().atZone(ZoneId.systemDefault()).toLocalDate().toString();
            lines.add(new Line(model, pulled));
        }
        if (!OwnModel.hiddenBy(models)) {
            OwnModel.asStored().ifPresent(own -> lines.add(new Line(own, "came with Loupe")));
        }
        int width = lines.stream().mapToInt(line -> line.model.name().length()).max().orElse(0);
        for (Line line : lines) {
            String name = line.model.name() + " ".repeat(width - line.model.name().length());
            String format = String.format("%-12s", line.model.format());
            String bytes = String.format("%8s", Bytes.text(line.model.bytes()));
            System.out.println(name + "  " + format + "  " + bytes + "  " + line.when);
        }
        if (models.isEmpty() && Terminal.stderrIsWatched()) {
            System.err.println("nothing pulled yet; `loupe pull smollm2` fetches a small model");
        }
    }

    private record Line(StoredModel model, String when) {}

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
        OwnModel.asStored()
                .filter(own -> !OwnModel.hiddenBy(models))
                .ifPresent(own ->
                        array.addObject()
                                .put("name", own.name())
                                .put("path", own.path().toString())
                                .put("format", own.format())
                                .put("bytes", own.bytes())
                                .putNull("pulled"));
        return root;
    }
}
