package dev.loupe.train;

import dev.loupe.files.AdapterFolder;
import dev.loupe.kernels.Weight;
import dev.loupe.model.Adapters;
import dev.loupe.model.Gpt;
import dev.loupe.model.Lora;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Adapters before training, as PEFT begins them: A uniform within {@code 1 / sqrt(inputs)}, B zero,
 * so that at first they add nothing. The numbers depend on the seed and the name of the place.
 */
final class NewAdapters {
    private NewAdapters() {}

    /**
     * The same model with adapters.
     *
     * @throws DataException if the model has not the matrices that are to have one
     */
    static Gpt added(Gpt gpt, LoraSettings settings, long seed) {
        List<Adapters.Place> places = AdapterFolder.places(gpt);
        List<String> kinds = places.stream().map(Adapters.Place::kind).distinct().toList();
        for (String target : settings.targets()) {
            if (!kinds.contains(target)) {
                throw new DataException(
                        "lora: found target '%s', and the matrices of a %s are %s"
                                .formatted(
                                        target, gpt.config().family(), String.join(", ", kinds)));
            }
        }
        Map<String, Lora> adapters = new LinkedHashMap<>();
        for (Adapters.Place place : places) {
            if (settings.targets().isEmpty() || settings.targets().contains(place.kind())) {
                Weight.Floats a = floats(settings.rank(), place.inputs());
                fill(a, new Random(seed * 31 + place.name().hashCode()));
                Weight.Floats b = floats(place.outputs(), settings.rank());
                adapters.put(place.name(), new Lora(a, b, settings.scale(), place.first()));
            }
        }
        return Adapters.with(gpt, adapters);
    }

    private static Weight.Floats floats(int rows, int cols) {
        int panels = (rows + Weight.PANEL - 1) / Weight.PANEL;
        return new Weight.Floats(rows, cols, new float[panels][Weight.PANEL * cols]);
    }

    private static void fill(Weight.Floats weight, Random random) {
        float most = (float) (1 / Math.sqrt(weight.cols()));
        for (int r = 0; r < weight.rows(); r++) {
            float[] panel = weight.data()[r / Weight.PANEL];
            for (int k = 0; k < weight.cols(); k++) {
                panel[k * Weight.PANEL + r % Weight.PANEL] = most * (2 * random.nextFloat() - 1);
            }
        }
    }
}
