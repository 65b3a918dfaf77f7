package dev.loupe.app;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.loupe.files.LocalModel;
import dev.loupe.files.Npz;
import dev.loupe.inside.Capture;
import dev.loupe.inside.Hook;
import dev.loupe.inside.HookException;
import dev.loupe.inside.Hooks;
import dev.loupe.inside.NamedArray;
import dev.loupe.inside.Reader;
import dev.loupe.model.Gpt;
import dev.loupe.model.Taps;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Option;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Activations to a file: part of {@code loupe explain}. */
final class CaptureOptions implements OptionList.Shared {
    @Option(
            names = "--capture",
            paramLabel = "HOOK,...",
            split = ",",
            description =
                    "Write what passes these hooks, named as TransformerLens names them; * stands"
                            + " for any characters: 'blocks.*.attn.hook_pattern'.")
    private List<String> globs = List.of();

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FILE.npz",
            description = "The file that --capture writes, for numpy.load.")
    private @Nullable Path output;

    @Option(
            names = {"-n", "--max-tokens"},
            paramLabel = "N",
            description =
                    "Of --capture: go on with the N most likely tokens, one after the other, and"
                            + " capture them too. Default: ${DEFAULT-VALUE}.")
    private int drawn;

    @Override
    public String heading() {
        return "Capture";
    }

    boolean wanted() {
        return !globs.isEmpty();
    }

    void check() {
        if (wanted() && output == null) {
            throw new WrongUsage("--capture writes a file; say which with -o FILE.npz");
        }
        if (!wanted() && (output != null || drawn != 0)) {
            throw new WrongUsage("-o and -n go with --capture HOOK,...");
        }
        if (drawn < 0) {
            throw new WrongUsage("--max-tokens: found " + drawn + ", expected 0 or more");
        }
    }

    /** Reads the prompt, captures, writes, and says what is in the file. */
    void run(LocalModel loaded, int[] prompt, Taps changes, boolean json) {
        Gpt gpt = loaded.gpt();
        int nCtx = gpt.config().nCtx();
        // the last token that is drawn is read by nobody
        int tokens = prompt.length + Math.max(0, drawn - 1);
        if (tokens > nCtx) {
            throw new UserException(
                    "%d tokens and %d more do not fit the model's context of %d"
                            .formatted(prompt.length, drawn, nCtx));
        }
        try {
            List<Hook> hooks = Hooks.of(gpt).matching(globs);
            Capture capture = new Capture(gpt, hooks, tokens, room());
            int[] ids = read(loaded, changes.then(capture), prompt);
            write(loaded, capture, ids, json);
        } catch (HookException e) {
            throw new UserException(String.valueOf(e.getMessage()), e);
        }
    }

    /**
     * Half of the memory that nobody uses: the file is written from it, and the model works too.
     */
    static long room() {
        Runtime runtime = Runtime.getRuntime();
        return (runtime.maxMemory() - runtime.totalMemory() + runtime.freeMemory()) / 2;
    }

    private int[] read(LocalModel loaded, Taps taps, int[] prompt) {
        Reader reader = new Reader(loaded.gpt(), loaded.processor(), taps);
        int[] ids = Arrays.copyOf(prompt, prompt.length + drawn);
        float[] logits = reader.read(prompt);
        for (int i = 0; i < drawn; i++) {
            int best = best(logits);
            ids[prompt.length + i] = best;
            if (i + 1 < drawn) {
                logits = reader.readDrawn(best);
            }
        }
        return ids;
    }

    private static int best(float[] logits) {
        int best = 0;
        for (int id = 1; id < logits.length; id++) {
            best = logits[id] > logits[best] ? id : best;
        }
        return best;
    }

    private void write(LocalModel loaded, Capture capture, int[] ids, boolean json) {
        Path file = output == null ? Path.of("") : output;
        List<Npz.Array> arrays = new ArrayList<>();
        arrays.add(new Npz.Ints("ids", new int[] {ids.length}, ids));
        for (Hook hook : capture.hooks()) {
            NamedArray array = capture.get(hook);
            arrays.add(new Npz.Floats(array.name(), array.shape(), array.values()));
        }
        Npz.write(file, arrays);
        if (json) {
            ObjectNode node = Json.object().put("model", loaded.path().toString());
            node.put("file", file.toString());
            node.set("ids", Json.of(ids));
            ArrayNode list = node.putArray("arrays");
            for (Npz.Array array : arrays) {
                list.addObject().put("name", array.name()).set("shape", Json.of(array.shape()));
            }
            Json.print(node);
            return;
        }
        for (Npz.Array array : arrays) {
            System.out.printf("%-36s %s%n", array.name(), Arrays.toString(array.shape()));
        }
    }
}
