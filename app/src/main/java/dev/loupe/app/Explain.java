package dev.loupe.app;

import dev.loupe.files.LocalModel;
import dev.loupe.inside.Hook;
import dev.loupe.inside.Hooks;
import dev.loupe.model.Taps;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code loupe explain}: what happens inside between a prompt and the next token. */
@Command(name = "explain", description = "Shows what happens inside of a model.")
final class Explain implements Runnable {
    @Mixin private PromptOptions prompt = new PromptOptions();
    @Mixin private CaptureOptions capture = new CaptureOptions();
    @Mixin private ModelOptions model = new ModelOptions();

    @Option(names = "--hooks", description = "List the hooks that --capture can choose from.")
    private boolean hooks;

    @Option(names = "--json", description = "One JSON object.")
    private boolean json;

    @Override
    public void run() {
        prompt.check();
        capture.check();
        try (LocalModel loaded = model.load()) {
            if (hooks) {
                list(loaded);
                return;
            }
            int[] ids = prompt.ids(loaded);
            if (capture.wanted()) {
                capture.run(loaded, ids, Taps.NONE, json);
            }
        }
    }

    private void list(LocalModel loaded) {
        var all = Hooks.of(loaded.gpt()).all();
        if (json) {
            Json.print(Json.object().set("hooks", Json.of(all.stream().map(Hook::name).toList())));
            return;
        }
        all.forEach(hook -> System.out.println(hook.name()));
    }
}
